"""Trains one model of the zoo; see MODEL_CARD.md for the settings of those that ship.

    python train.py --model moe --work DIR --steps 8000

Stopped and started again with the same --work, it goes on from its last state."""

import argparse
import pathlib
import subprocess
import sys
import time

import torch
from tokenizers import Tokenizer

import checkpoint
from architectures import CONFIGS, EOS, MASK
from measure import measure, table_text
from network import Network, initial
from objective import doubled_mask, mask_blocks, mask_canvas
from optimizer import Optimizer
from pool import Pool
from samples import CHUNK, wait_for_chunk
from shape import shape_of

BLOCK = 32  # of block-causal attention
AVERAGED = 200  # steps, about, over which the weights of the checkpoint are averaged
# Canvas lengths and how many of 20 steps have them.
LENGTHS = ((64, 12), (192, 7), (512, 1))
CYCLE = tuple(n for i in range(20) for n, share in LENGTHS if i * share // 20 != (i + 1) * share // 20)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=CONFIGS, default="moe")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder of samples, state and log")
    parser.add_argument("--out", type=pathlib.Path, help="folder for the checkpoint (default: WORK/MODEL)")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--seconds", type=float, help="end the schedule by time instead")
    parser.add_argument("--tokens", type=int, default=73728, help="of one step")
    parser.add_argument("--chunks", type=int, default=2000, help=f"of {CHUNK} samples, to make at most")
    parser.add_argument("--first-chunks", type=int, default=16, help="to wait for before the first step")
    parser.add_argument("--generators", type=int, default=2, help="processes that make samples; 0: others do")
    parser.add_argument("--tokenizer", type=pathlib.Path, help="folder (default: OUT)")
    parser.add_argument("--save-every", type=float, default=45, help="seconds")
    parser.add_argument("--measure", type=int, default=20, help="prompts of each task in the end")
    parser.add_argument("--starts", type=float, default=0, help="unix time to wait for after compiling")
    parser.add_argument("--ends", type=float, help="unix time to be done by, whatever --seconds says")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=torch.cuda.is_available())
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def rate_factor(progress: float) -> float:
    """Up within 2 % of the training, constant, then to nothing in the last 45 %."""
    return min(1.0, progress / 0.02 + 0.02, max(0.0, (1 - progress) / 0.45))


class Training:
    def __init__(self, args):
        self.args = args
        self.config = CONFIGS[args.model]
        self.shape = shape_of(self.config)
        self.network = Network(self.shape, args.compile)
        self.plain = Network(self.shape)
        self.out = args.out or args.work / args.model
        self.tokenizer_folder = args.tokenizer or self.out
        self.tokenizer = Tokenizer.from_file(str(self.tokenizer_folder / "tokenizer.json"))
        assert self.tokenizer.token_to_id("<|endoftext|>") == EOS and self.tokenizer.token_to_id("<|mask|>") == MASK
        self.weights = {name: w.to(args.device).requires_grad_(name != "bias")
                        for name, w in initial(self.shape, args.seed).items()}
        self.average = {name: w.detach().clone() for name, w in self.weights.items()}
        self.optimizer = Optimizer({n: w for n, w in self.weights.items() if n != "bias"})
        self.generator = torch.Generator(args.device).manual_seed(args.seed)
        self.pool = Pool(args.work / "samples", args.device, EOS)
        self.masks = {}
        self.step = self.tokens = 0
        self.elapsed = 0.0
        self.state_file = args.work / f"{args.model}.state"
        args.work.mkdir(parents=True, exist_ok=True)
        self.out.mkdir(parents=True, exist_ok=True)
        self.log_file = open(self.out.parent / f"{args.model}.log", "a")

    def log(self, text: str) -> None:
        line = f"{time.strftime('%H:%M:%S')} {self.args.model}: {text}"
        print(line, flush=True)
        print(line, file=self.log_file, flush=True)

    def narrow(self, weights: dict) -> dict:
        """What the network computes with: bf16 on a GPU, but the routing bias in f32."""
        if self.args.device == "cpu":
            return weights
        return {name: w if name == "bias" else w.bfloat16() for name, w in weights.items()}

    def losses(self, n: int):
        rows = max(1, self.args.tokens // n)
        tokens, prompts, lengths = self.pool.batch(rows, n, self.generator)
        if self.shape.architecture == "block":
            batch = mask_blocks(tokens, prompts, lengths, MASK, self.generator, BLOCK)
            tokens = torch.cat((tokens, tokens), 1)
            positions = torch.arange(n, device=tokens.device).repeat(2)
            if n not in self.masks:
                self.masks[n] = doubled_mask(n, BLOCK, tokens.device)
            mask = self.masks[n]
        else:
            batch = mask_canvas(tokens, prompts, lengths, MASK, self.generator)
            positions, mask = torch.arange(n, device=tokens.device), None
        weights = self.narrow(self.weights)
        hidden, balance, shares = self.network.hidden(weights, batch.inputs, positions, mask, batch.importance)
        return self.network.loss(weights, hidden, tokens, batch.weights), balance, shares

    def take_step(self, progress: float):
        n = CYCLE[self.step % len(CYCLE)]
        loss, balance, shares = self.losses(n)
        (loss + 0.01 * balance).backward()
        self.optimizer.step(rate_factor(progress))
        with torch.no_grad():
            if "bias" in self.weights:
                share = torch.stack(shares)
                self.weights["bias"].add_(torch.sign(1 / self.shape.experts - share), alpha=1e-3)
            torch._foreach_lerp_(list(self.average.values()), list(self.weights.values()), 1 / AVERAGED)
        self.step += 1
        self.tokens += self.args.tokens
        return loss.detach(), balance.detach()

    def compile(self) -> None:
        for n, _ in LENGTHS:
            started = time.monotonic()
            self.try_out(n)
            compiled = time.monotonic()
            for _ in range(3):
                self.try_out(n)
            seconds = (time.monotonic() - compiled) / 3
            self.log(f"length {n}: compiled in {compiled - started:.1f} s, {1e3 * seconds:.1f} ms a step "
                     f"({self.args.tokens / seconds / 1e3:.0f} k/s), {torch.cuda.max_memory_allocated() >> 20} MiB")

    def try_out(self, n: int) -> None:
        """Computes gradients and drops them."""
        loss, balance, _ = self.losses(n)
        (loss + 0.01 * balance).backward()
        for weight in self.weights.values():
            weight.grad = None
        if self.args.device == "cuda":
            torch.cuda.synchronize()

    def save(self) -> None:
        if not all(w.isfinite().all() for w in self.average.values()):
            sys.exit("the weights are no longer finite; the last checkpoint stays")
        checkpoint.save(self.out, self.config, self.average)
        state = {"weights": self.weights, "average": self.average, "optimizer": self.optimizer.state(), "step": self.step,
                 "tokens": self.tokens, "elapsed": self.elapsed, "generator": self.generator.get_state(),
                 "chunks": self.pool.chunks}
        part = self.state_file.with_suffix(".part")
        torch.save(state, part)
        part.rename(self.state_file)

    def restore(self) -> int:
        """How many chunks the pool had."""
        if not self.state_file.exists():
            return self.args.first_chunks
        state = torch.load(self.state_file, map_location=self.args.device)
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(state["weights"][name])
                self.average[name].copy_(state["average"][name])
        self.optimizer.restore(state["optimizer"])
        self.step, self.tokens, self.elapsed = state["step"], state["tokens"], state["elapsed"]
        self.generator.set_state(state["generator"].cpu())
        self.log(f"goes on after step {self.step}")
        return state["chunks"]

    def measure(self, per_task: int) -> None:
        started = time.monotonic()
        table = measure(self.plain, self.narrow(self.average), self.tokenizer, per_task)
        self.log(f"measured in {time.monotonic() - started:.1f} s after step {self.step}\n{table_text(table)}")

    def run(self) -> None:
        args = self.args
        chunks = self.restore()
        for index in range(chunks):
            if not wait_for_chunk(args.work / "samples", index, 900):
                sys.exit("no samples")
            self.pool.take_next()
        self.log(f"{self.pool.samples} samples; {sum(w.numel() for w in self.weights.values())} weights")
        if args.compile:
            self.compile()
        while self.pool.take_next() or time.time() < args.starts:
            time.sleep(0.01)
        self.train()

    def train(self) -> None:
        args = self.args
        started = time.monotonic() - self.elapsed
        seconds = args.seconds
        if args.ends:
            seconds = max(1e-3, min(seconds or 1e9, self.elapsed + args.ends - time.time()))
        saved = shown = time.monotonic()
        shown_step, losses = self.step, []
        while True:
            self.elapsed = time.monotonic() - started
            progress = self.elapsed / seconds if seconds else self.step / args.steps
            if progress >= 1:
                break
            losses.append(torch.stack(self.take_step(progress)))
            if self.step % 10 == 0:
                self.pool.take_next()
                if args.device == "cuda":
                    torch.cuda.synchronize()
            now = time.monotonic()
            if now - shown >= 5 and self.step > shown_step:
                loss, balance = torch.stack(losses).mean(0).tolist()
                speed = (self.step - shown_step) * args.tokens / (now - shown)
                left = (now - started) * (1 - progress) / max(progress, 1e-9)
                self.log(f"step {self.step} {100 * progress:.1f} %, loss {loss:.4f}, balance {balance:.3f}, "
                         f"{self.tokens / 1e6:.1f} M tokens, {speed / 1e3:.0f} k/s, {self.pool.samples} samples, "
                         f"{left:.0f} s left")
                shown, shown_step, losses = now, self.step, []
            if now - saved >= args.save_every:
                self.save()
                saved = time.monotonic()
        self.save()
        self.log(f"done: {self.step} steps, {self.tokens} tokens, {self.elapsed:.0f} s")
        if args.measure:
            self.measure(args.measure)


def main() -> None:
    args = arguments()
    torch.set_float32_matmul_precision("high")
    tokenizer = (args.tokenizer or args.out or args.work / args.model) / "tokenizer.json"
    makers = None
    if args.generators > 0:
        makers = subprocess.Popen([
            sys.executable, str(pathlib.Path(__file__).with_name("samples.py")), "--tokenizer", str(tokenizer),
            "--folder", str(args.work / "samples"), "--processes", str(args.generators), "--chunks", str(args.chunks)])
    try:
        Training(args).run()
    finally:
        if makers:
            makers.terminate()


if __name__ == "__main__":
    main()
