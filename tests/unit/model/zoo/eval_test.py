"""The prompts that the zoo's models are measured by: enough of them, right, and never trained on."""

import json
import pathlib
import random
import sys
import unittest

ZOO = pathlib.Path(__file__).resolve().parents[4] / "model/zoo"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ZOO / "train"))

from dialogues import draw_for_training  # noqa: E402
from held_out import SHARE, is_held_out  # noqa: E402
from tasks import TASKS  # noqa: E402
from verify import is_right  # noqa: E402


def eval_lines(task: str) -> list:
    return [json.loads(line) for line in (ZOO / f"eval/{task}.jsonl").read_text().splitlines()]


class EvalTest(unittest.TestCase):
    def test_every_task_has_a_file_and_every_file_a_task(self):
        self.assertEqual({file.stem for file in (ZOO / "eval").glob("*.jsonl")}, set(TASKS))

    def test_every_task_has_a_hundred_different_prompts(self):
        for task in TASKS:
            prompts = [line["prompt"] for line in eval_lines(task)]
            self.assertGreaterEqual(len(prompts), 100, task)
            self.assertEqual(len(prompts), len(set(prompts)), task)

    def test_the_hash_of_every_prompt_holds_it_out(self):
        for task in TASKS:
            for line in eval_lines(task):
                self.assertTrue(is_held_out(line["prompt"]), line)

    def test_every_answer_is_right_by_its_own_verifier_and_another_is_not(self):
        for task, (module, _) in TASKS.items():
            for line in eval_lines(task):
                self.assertEqual(line["verifier"], module.VERIFIER, task)
                check = lambda text: is_right(line["verifier"], text, line["answer"], line.get("cases", ()))
                self.assertTrue(check(line["answer"]), line)
                self.assertFalse(check("I do not know."), line)


class TrainingTest(unittest.TestCase):
    def test_training_draws_every_task_and_nothing_held_out(self):
        rng = random.Random(7)
        seen = set()
        for _ in range(20 * SHARE):
            task, sample = draw_for_training(rng)
            seen.add(task)
            self.assertFalse(is_held_out(sample.prompt), sample)
        self.assertEqual(seen, set(TASKS))

    def test_one_prompt_in_fifty_or_so_is_held_out(self):
        held_out = sum(is_held_out(str(number)) for number in range(50 * SHARE))
        self.assertGreater(held_out, 25)
        self.assertLess(held_out, 75)


if __name__ == "__main__":
    unittest.main()
