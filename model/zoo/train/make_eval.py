"""Writes model/zoo/eval/*.jsonl: held-out prompts of every task."""

import json
import pathlib
import random

from held_out import is_held_out
from tasks import TASKS

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "eval"
PER_TASK = 120


def held_out_samples(name: str, count: int) -> list:
    module, _ = TASKS[name]
    rng = random.Random(f"eval {name}")
    found = {}
    while len(found) < count:
        sample = module.sample(rng)
        if is_held_out(sample.prompt):
            found.setdefault(sample.prompt, sample)
    return list(found.values())


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, (module, _) in TASKS.items():
        with open(FOLDER / f"{name}.jsonl", "w") as file:
            for sample in held_out_samples(name, PER_TASK):
                line = {"prompt": sample.prompt, "answer": sample.answer, "verifier": module.VERIFIER}
                if sample.cases:
                    line["cases"] = sample.cases
                file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
