"""The run for a GPU on emulated ones, so that it works on the day there is one. Needs nothing but
Python's own library.

  UNMASK=build/release/tests/cuda_emulation/unmask_emulated python3 tests/gpu/dry_run_test.py
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "cluster")]

import commands
import figures
import floors
import run as run_py
import suites
import verdicts

TIMEOUT = 500  # of one run, whose own limit is below that
ON_EMULATED_GPUS = {"machine", "small_model", "replicas", "two_gpus", "forward_moe", "forward_dense"}


def run(*words, folder, **environment):
    """run.sh; (exit code, what it said, its JSON)."""
    file = pathlib.Path(folder, "gpu.json")
    done = subprocess.run([HERE / "run.sh", "--emulated", "--build", folder, *words, file], text=True,
                          capture_output=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL,
                          env={**os.environ, "UNMASK_EMULATED_GPUS": "2", **environment})
    return done.returncode, done.stdout + done.stderr, json.loads(file.read_text()) if file.exists() else None


class DryRunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="unmask-dry-run-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_every_stage_passes_or_says_that_it_takes_a_gpu(self):
        code, said, found = run(folder=self.folder)
        self.assertEqual(code, 0, said)
        states = {name: (stage["state"], stage["why"]) for name, stage in found["stages"].items()}
        for name, state in states.items():
            expected = ("passed", "") if name in ON_EMULATED_GPUS else ("skipped", "it takes a GPU")
            self.assertEqual(state, expected, name)
        self.assertGreater(found["stages"]["small_model"]["figures"]["replayed_forwards"], 0)
        self.assertGreater(found["stages"]["forward_moe"]["figures"]["rows_8"]["forward_ms"], 0)
        self.assertEqual([verdict["is_met"] for verdict in found["verdicts"]], [None] * 4)

    def test_a_stage_that_fails_keeps_what_it_found_and_leaves_the_others_alone(self):
        code, said, found = run("--only", "machine,forward_dense", folder=self.folder,
                                UNMASK_COLLECTIVE_NCCL_LIBRARY="/no/such/libnccl.so.2")
        self.assertEqual(code, 1, said)
        states = {name: stage["state"] for name, stage in found["stages"].items()}
        self.assertEqual(states, {"machine": "failed", "forward_dense": "passed"})
        self.assertIn("NCCL", found["stages"]["machine"]["why"])
        self.assertEqual(len(found["stages"]["machine"]["figures"]["devices"]["gpus"]), 2)

    def test_a_program_that_was_not_built_is_named(self):
        code, said, found = run(folder=self.folder, UNMASK="/no/such/unmask")
        self.assertEqual((code, found), (1, None))
        self.assertIn("/no/such/unmask: ./dev build cuda", said)


class OutcomeTest(unittest.TestCase):
    def test_what_takes_too_long_is_killed_with_all_that_it_started(self):
        with tempfile.TemporaryDirectory() as folder:
            fifo = pathlib.Path(folder, "fifo")
            os.mkfifo(fifo)
            # Both hold it open for as long as they live.
            reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
            state, why = run_py.outcome_of(
                lambda: commands.run(["sh", "-c", f"exec 3>{fifo}; tail -f /dev/null & tail -f /dev/null"]), 0.5)
            self.assertEqual((state, why), ("overran", "it took more than 0 s"))
            os.set_blocking(reader, True)
            self.assertEqual(os.read(reader, 1), b"")
            os.close(reader)

    def test_a_command_that_fails_is_named_with_its_last_words(self):
        state, why = run_py.outcome_of(lambda: commands.output_of(["sh", "-c", "echo no luck; exit 7"]), 60)
        self.assertEqual(state, "failed")
        self.assertIn("exit code 7\nno luck", why)


class FiguresTest(unittest.TestCase):
    def test_a_floor_is_bytes_by_the_memorys_rate(self):
        self.assertAlmostEqual(floors.floor_ms(4_000_000_000, 4000), 1)
        self.assertEqual(floors.over_floor(2000, 4000), 2)
        self.assertIsNone(floors.over_floor(0, 4000))

    def test_lines_of_the_bench_and_of_google_test_are_read(self):
        line = "attention 1024 f32/bf16      rows   64      19.3 us    434.8 GB/s"
        self.assertEqual(figures.operation_of(line), {"name": "attention 1024 f32/bf16", "rows": 64, "us": 19.3,
                                                      "gbytes_per_s": 434.8})
        self.assertIsNone(figures.operation_of("NVIDIA H200"))
        self.assertEqual(suites.counted("[  FAILED  ] Cuda/RowsTest.Gather/0, where GetParam() = Cuda (7 ms)\n"
                                        "[==========] 29 tests from 3 test suites ran. (9 ms total)\n"
                                        "[  PASSED  ] 28 tests.\n"),
                         {"passed": 28, "skipped": 0, "failed": 1})

    def test_forwards_without_a_cluster_are_in_the_table(self):
        run = {"model": "LLaDA-8B", "keys": 512, "rows": 64, "numerics": "exact", "ms": 3.25, "over_floor": 1.5}
        lines = list(verdicts.times({"forwards": {"figures": {"whole_forwards": [run]}}}))
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], r"LLaDA-8B, 512 keys, 64 rows, exact +3.25 ms +1.5")

    def test_targets_are_judged_by_what_was_measured(self):
        cells = [{"rows": rows, "layer_ms": 0.5, "head_ms": 1.0} for rows in (64, 512)]
        stages = {"torch": {"figures": {"torch": {"cells": cells}}},
                  "operations": {"figures": {"copies_gbytes_per_s": {"copy from pinned memory": 50.0}}},
                  "forward_moe": {"figures": {"numerics": "exact", "disk_gbytes_per_s": 5.0, "start_gbytes_per_s": 4.5,
                                              "rows_64": {"forward_ms": 6.0, "over_floor": 1.7},
                                              "rows_512": {"forward_ms": 20.0, "over_floor": 5.0}}}}
        self.assertEqual([verdict["is_met"] for verdict in verdicts.verdicts(stages)], [False, True, None, True])
        stages["forward_moe"]["figures"]["numerics"] = "fast"
        self.assertEqual(verdicts.verdicts(stages)[2]["is_met"], False)


if __name__ == "__main__":
    unittest.main()
