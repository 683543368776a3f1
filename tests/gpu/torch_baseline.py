#!/usr/bin/env python3
"""What PyTorch makes of the same work: one layer and the LM head of LLaDA-MoE-7B, as CUDA graphs.

usage: torch_baseline.py [--rows 8,64] [--keys 512]

The shapes and the row counts are those of tests/bench. Weights, activations and keys are bf16 with
random values. Experts are tried as a grouped product over sorted choices and as one batched product
of every row with every expert; the faster one counts. Prints one line of JSON; milliseconds are the
least of the replays.
"""

import argparse
import json

import torch
import torch.nn.functional as F

HIDDEN, WIDTH, EXPERTS, TOP_K, HEADS, DIM, VOCAB = 2048, 1024, 64, 8, 16, 128, 157184
REPLAYS = 30


def random(*shape, deviation=0.02):
    return torch.randn(*shape, device="cuda", dtype=torch.bfloat16) * deviation


def least_ms(work):
    """Of one replay of what work() enqueues."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(2):
            work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    times = []
    for _ in range(REPLAYS):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(4):
            graph.replay()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) / 4)
    return min(times)


class Layer:
    def __init__(self, max_rows, num_keys):
        self.norm = torch.ones(HIDDEN, device="cuda", dtype=torch.bfloat16)
        self.head_norm = torch.ones(DIM, device="cuda", dtype=torch.bfloat16)
        self.qkv = random(3 * HIDDEN, HIDDEN)
        self.out = random(HIDDEN, HIDDEN)
        self.router = random(EXPERTS, HIDDEN)
        self.gate_up = random(EXPERTS, 2 * WIDTH, HIDDEN)
        self.down = random(EXPERTS, HIDDEN, WIDTH)
        self.keys, self.values = (random(HEADS, num_keys, DIM, deviation=1.0) for _ in range(2))
        angles = torch.rand(num_keys, DIM // 2, device="cuda") * 6.28
        self.cos, self.sin = (t.to(torch.bfloat16).repeat(1, 2) for t in (angles.cos(), angles.sin()))
        self.hidden = random(max_rows, HIDDEN, deviation=1.0)
        self.num_keys = num_keys

    def rope(self, x, rows):
        half = DIM // 2
        turned = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
        return x * self.cos[-rows:] + turned * self.sin[-rows:]

    def attend(self, hidden):
        rows = hidden.shape[0]
        normal = F.rms_norm(hidden, (HIDDEN,), self.norm, 1e-5)
        q, k, v = F.linear(normal, self.qkv).view(rows, 3, HEADS, DIM).permute(1, 2, 0, 3)
        q = self.rope(F.rms_norm(q, (DIM,), self.head_norm, 1e-5), rows)
        self.keys[:, -rows:] = self.rope(F.rms_norm(k, (DIM,), self.head_norm, 1e-5), rows)
        self.values[:, -rows:] = v
        attended = F.scaled_dot_product_attention(q[None], self.keys[None], self.values[None])[0]
        return hidden + F.linear(attended.transpose(0, 1).reshape(rows, HIDDEN), self.out)

    def route(self, normal):
        scores = F.linear(normal, self.router).float().softmax(-1)
        return scores.topk(TOP_K, dim=-1)

    def grouped(self, normal):
        rows = normal.shape[0]
        weights, ids = self.route(normal)
        order = ids.flatten().argsort(stable=True)
        # Not bincount, whose size only the host could know.
        ends = (ids.flatten()[:, None] == torch.arange(EXPERTS, device="cuda")).sum(0).cumsum(0)
        ends = ends.to(torch.int32)
        x = normal[order // TOP_K]
        gate, up = torch._grouped_mm(x, self.gate_up.transpose(1, 2), offs=ends).chunk(2, dim=-1)
        y = torch._grouped_mm(F.silu(gate) * up, self.down.transpose(1, 2), offs=ends)
        y = y * weights.flatten()[order, None].to(y.dtype)
        return torch.zeros(rows, HIDDEN, device="cuda", dtype=y.dtype).index_add_(0, order // TOP_K, y)

    def batched(self, normal):
        rows = normal.shape[0]
        weights, ids = self.route(normal)
        dense = torch.zeros(rows, EXPERTS, device="cuda", dtype=torch.float32)
        dense = dense.scatter_(1, ids, weights).to(normal.dtype)
        x = normal.expand(EXPERTS, rows, HIDDEN)
        gate, up = torch.bmm(x, self.gate_up.transpose(1, 2)).chunk(2, dim=-1)
        y = torch.bmm(F.silu(gate) * up, self.down.transpose(1, 2))
        return torch.einsum("erh,re->rh", y, dense)

    def forward(self, rows, experts):
        hidden = self.attend(self.hidden[:rows])
        normal = F.rms_norm(hidden, (HIDDEN,), self.norm, 1e-5)
        return hidden + experts(normal)


def head_forward(hidden, norm, weight):
    """What a row's candidates need: the two best, the sum of exponentials, the entropy."""
    logits = F.linear(F.rms_norm(hidden, (HIDDEN,), norm, 1e-5), weight).float()
    best = logits.topk(2, dim=-1)
    log_sum = logits.logsumexp(-1)
    entropy = log_sum - (logits.softmax(-1) * logits).sum(-1)
    return best, log_sum, entropy


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", default="8,64", help="numbers of rows")
    parser.add_argument("--keys", type=int, default=512)
    options = parser.parse_args()
    rows = [int(count) for count in options.rows.split(",")]
    torch.manual_seed(1)
    cells = []
    with torch.inference_mode():
        layer = Layer(max(rows), options.keys)
        head = random(VOCAB, HIDDEN)
        for count in rows:
            cell = {"rows": count}
            for name in ("grouped", "batched"):
                try:
                    experts = getattr(layer, name)
                    cell[f"layer_{name}_ms"] = least_ms(lambda: layer.forward(count, experts))
                except RuntimeError as error:
                    cell[f"layer_{name}_error"] = str(error).split("\n", maxsplit=1)[0]
            times = [cell[key] for key in cell if key.startswith("layer_") and key.endswith("_ms")]
            cell["layer_ms"] = min(times, default=None)
            cell["attention_block_ms"] = least_ms(lambda: layer.attend(layer.hidden[:count]))
            cell["head_ms"] = least_ms(lambda: head_forward(layer.hidden[:count], layer.norm, head))
            cells.append(cell)
    print(json.dumps({"torch": torch.__version__, "gpu": torch.cuda.get_device_name(0),
                      "keys": options.keys, "cells": cells}))


if __name__ == "__main__":
    main()
