"""`unmask eval` from outside: in one process, through a cluster, interrupted and again, and with
input that cannot be right. Needs nothing but Python's own library.

  UNMASK=build/release/unmask python3 tests/cluster/eval_test.py
"""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

from cluster import TIMEOUT, UNMASK, Cluster

DONE, FAILED, USAGE, BAD_CONFIG, INTERRUPTED = 0, 1, 2, 3, 130
# bf16 sums, and so a trained model's tokens, depend on the processor.
os.environ["UNMASK_MODEL_DTYPE"] = "f32"

ITEMS = [
    {"prompt": "What is 2 + 3?", "answer": "5", "verifier": "final_number"},
    {"messages": [{"role": "user", "content": "What is 4 + 3?"}], "answer": "8", "verifier": "final_number"},
    {"prompt": "Extract as JSON: Gina is a 9 year old clerk from Paris.", "verifier": "json",
     "answer": '{"age": 9, "name": "Gina", "city": "Paris", "job": "clerk"}'},
    {"prompt": "Write a function is_silk in Python that tells whether second is larger than s.", "verifier": "python",
     "cases": [[[3, 2], True], [[2, 3], False]]},
]


class EvalTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        self.out = self.dir / "found"
        self.items = self.dir / "mine.jsonl"
        self.items.write_text("".join(json.dumps(item) + "\n" for item in ITEMS))

    def command(self, *words):
        # --unsafe-python: where tests run there may be no user namespaces.
        return [UNMASK, "eval", "--out", str(self.out), "--set", "gen_length=32", "--unsafe-python",
                *map(str, words)]

    def eval(self, *words):
        return subprocess.run(self.command(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=TIMEOUT)

    def expect_done(self, result):
        self.assertEqual(result.returncode, DONE, result.stderr)

    def report(self):
        return json.loads((self.out / "report.json").read_text())

    def lines(self):
        return [json.loads(line) for line in (self.out / "results.jsonl").read_text().splitlines()[1:]]

    def test_items_are_generated_judged_and_reported(self):
        result = self.eval("--tasks", self.items, "--caches", "none,dual")
        self.expect_done(result)
        self.assertEqual(result.stdout, (self.out / "report.md").read_text())
        self.assertIn("| threshold | dual  | -", result.stdout)
        self.assertIn("8 of 8 items", result.stderr)
        right = {line["item"]: line["right"] for line in self.lines() if line["variant"] == "threshold none"}
        self.assertEqual(right, {0: True, 1: False, 2: True, 3: True})
        xml.etree.ElementTree.parse(self.out / "plot.svg")

    def test_a_second_start_does_only_what_is_missing(self):
        self.expect_done(self.eval("--tasks", self.items, "--limit", 2))
        before = self.lines()
        result = self.eval("--tasks", self.items, "--json")
        self.expect_done(result)
        self.assertEqual(self.lines()[:2], before)
        self.assertEqual(sorted(line["item"] for line in self.lines()), [0, 1, 2, 3])
        self.assertIn("2 results are there, 2 items are left to do", result.stderr)
        self.assertEqual(json.loads(result.stdout), self.report())

    def test_an_interrupt_keeps_what_is_done_and_the_next_start_goes_on(self):
        words = ("--tasks", "listing", "--limit", 12, "--concurrency", 1)
        process = subprocess.Popen(self.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if " of 12 items" in line:
                break
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertIn("| threshold |", out)
        done = len(self.lines())
        self.assertTrue(1 <= done < 12, done)
        self.expect_done(self.eval(*words))
        self.assertEqual(sorted(line["item"] for line in self.lines()), list(range(12)))

    def test_a_cluster_gives_the_same_answers_and_refuses_what_its_model_cannot(self):
        self.expect_done(self.eval("--tasks", self.items))
        here = {line["item"]: line["text"] for line in self.lines()}
        self.out = self.dir / "cluster"
        cluster = Cluster("--workers", "1")
        try:
            result = self.eval("--tasks", self.items, "--endpoint", cluster.endpoint, "--caches", "none,block")
        finally:
            cluster.stop()
        self.expect_done(result)
        self.assertEqual({line["item"]: line["text"] for line in self.lines()}, here)
        self.assertIn("threshold block: cache block needs a model", result.stdout)

    def test_input_that_cannot_be_right_is_refused_in_one_sentence(self):
        (self.dir / "bad.jsonl").write_text('{"prompt": "a", "answer": "b", "verifier": "exact"}\n{"prompt": \n')
        for words, code, parts in [
            (("--tasks", "sortin"), USAGE, ["no task 'sortin'", 'did you mean "sorting"']),
            (("--tasks", "gsm8k"), USAGE, ["--data"]),
            (("--tasks", "gsm8k", "--data", self.dir), USAGE, ["gsm8k_test.jsonl", str(self.dir)]),
            (("--tasks", self.dir / "bad.jsonl"), USAGE, ["bad.jsonl' line 2: not JSON"]),
            (("--strategies", "treshold"), USAGE, ["no strategy 'treshold'", 'did you mean "threshold"']),
            (("--caches", "block"), USAGE, ["no combination", "block-causal"]),
            (("--set", "gen_lenth=3"), USAGE, ["gen_length"]),
            (("--model", self.dir / "none"), BAD_CONFIG, ["none"]),
            (("--endpoint", "nowhere"), USAGE, ["nowhere"]),
            (("--endpoint", "tcp://127.0.0.1:1", "--device", "cpu"), USAGE, ["--endpoint", "--device"]),
        ]:
            with self.subTest(words=words):
                result = self.eval("--limit", 1, *words)
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertEqual(result.stdout, "")
                first, *more = result.stderr.splitlines()
                self.assertTrue(first.startswith("unmask: error: "), first)
                self.assertLessEqual(len(more), 1, result.stderr)
                for part in parts:
                    self.assertIn(part, first)

    def test_results_of_other_settings_are_not_mixed(self):
        self.expect_done(self.eval("--tasks", self.items, "--limit", 1))
        result = self.eval("--tasks", self.items, "--limit", 1, "--set", "block_length=16")
        self.assertEqual(result.returncode, USAGE)
        self.assertIn("is of other settings: its set is", result.stderr)

    def test_a_folder_that_cannot_be_written_is_named(self):
        (self.dir / "file").write_text("")
        self.out = self.dir / "file" / "x"
        result = self.eval("--tasks", self.items)
        self.assertEqual(result.returncode, USAGE)
        self.assertIn(f"--out: cannot write '{self.out}/results.jsonl': Not a directory", result.stderr)

    def test_help_teaches(self):
        text = subprocess.run([UNMASK, "eval", "--help"], capture_output=True, text=True, check=True,
                              timeout=TIMEOUT).stdout
        for part in ("results.jsonl", "livecodebench", "final_number", "--smoothing", "NAME:PARAMETER=VALUE"):
            self.assertIn(part, text)
        self.assertLessEqual(max(map(len, text[text.index("Examples:"):].splitlines())), 100)


if __name__ == "__main__":
    unittest.main()
