"""Samples of all tasks as chunks of tokens, made by processes beside the training.

    python samples.py --tokenizer FILE --folder DIR --processes 2 --chunks 600"""

import argparse
import multiprocessing
import os
import pathlib
import random
import time

import numpy

from dialogues import dialogue

CHUNK = 4000  # samples


def make_chunk(tokenizer, seed: int, count: int = CHUNK) -> dict:
    """tokens: u16, all samples after each other. starts: i64 [count + 1]. prompts: i32 [count], tokens of the prompt."""
    rng = random.Random(f"train {seed}")
    pairs = [dialogue(rng) for _ in range(count)]
    prompts = tokenizer.encode_batch_fast([prompt for prompt, _ in pairs], add_special_tokens=False)
    answers = tokenizer.encode_batch_fast([answer for _, answer in pairs], add_special_tokens=False)
    prompt_sizes = numpy.fromiter((len(p.ids) for p in prompts), numpy.int32, count)
    sizes = prompt_sizes + numpy.fromiter((len(a.ids) for a in answers), numpy.int32, count)
    starts = numpy.zeros(count + 1, numpy.int64)
    numpy.cumsum(sizes, out=starts[1:])
    tokens = numpy.concatenate([numpy.asarray(ids, numpy.uint16)
                                for prompt, answer in zip(prompts, answers) for ids in (prompt.ids, answer.ids)])
    return {"tokens": tokens, "starts": starts, "prompts": prompt_sizes}


def write_chunks(tokenizer_file: str, folder: str, first: int, step: int, end: int) -> None:
    """Chunks first, first + step, ... below end, as files, in their order."""
    os.environ["RAYON_NUM_THREADS"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(tokenizer_file)
    parent = os.getppid()
    for index in range(first, end, step):
        if os.getppid() != parent:  # it was ended
            return
        path = pathlib.Path(folder) / f"{index:05}.npz"
        if path.exists():
            continue
        part = path.with_suffix(f".{os.getpid()}")
        with open(part, "wb") as file:
            numpy.savez(file, **make_chunk(tokenizer, index))
        part.rename(path)


def wait_for_chunk(folder: pathlib.Path, index: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (folder / f"{index:05}.npz").exists():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", required=True, help="file")
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--chunks", type=int, default=2000, help=f"of {CHUNK} samples")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    makers = [multiprocessing.Process(target=write_chunks, daemon=True, args=(
        args.tokenizer, str(args.folder), index, args.processes, args.chunks)) for index in range(args.processes)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()


if __name__ == "__main__":
    main()
