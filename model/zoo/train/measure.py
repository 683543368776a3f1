"""Exact answers and tokens per forward on the held-out prompts, by PyTorch. What the program does itself is told by
model/zoo/measure.py."""

import json
import pathlib

from architectures import EOS, MASK
from chat import render
from decode import decode
from verify import is_right

EVAL = pathlib.Path(__file__).resolve().parent.parent / "eval"


def measure(network, weights, tokenizer, per_task: int = 30, threshold: float = 0.9, gen_length: int = 128) -> dict:
    """By task: prompts, right ones, tokens, forwards, and one answer that was wrong."""
    lines = [(file.stem, json.loads(line)) for file in sorted(EVAL.glob("*.jsonl"))
             for line in file.read_text().splitlines()[:per_task]]
    prompts = [tokenizer.encode(render(line["prompt"]), add_special_tokens=False).ids for _, line in lines]
    answers, forwards = decode(network, weights, prompts, MASK, EOS, gen_length, threshold=threshold)
    table = {}
    for (task, line), answer, count in zip(lines, answers, forwards):
        text = tokenizer.decode(answer)
        row = table.setdefault(task, {"prompts": 0, "right": 0, "tokens": 0, "forwards": 0, "wrong": None})
        good = is_right(line["verifier"], text, line["answer"], line.get("cases", ()))
        row["prompts"] += 1
        row["right"] += good
        row["tokens"] += len(answer) + 1
        row["forwards"] += count
        if not good:
            row["wrong"] = (line["prompt"], text, line["answer"])
    return table


def table_text(table: dict) -> str:
    lines = [f"{'task':15} {'n':>4} {'right':>6} {'TPF':>5}"]
    for task, row in table.items():
        lines.append(f"{task:15} {row['prompts']:4} {100 * row['right'] / row['prompts']:5.1f}% "
                     f"{row['tokens'] / max(1, row['forwards']):5.2f}  {row['wrong'] or ''}")
    total = {key: sum(row[key] for row in table.values()) for key in ("prompts", "right", "tokens", "forwards")}
    lines.append(f"{'all':15} {total['prompts']:4} {100 * total['right'] / total['prompts']:5.1f}% "
                 f"{total['tokens'] / max(1, total['forwards']):5.2f}")
    return "\n".join(lines)
