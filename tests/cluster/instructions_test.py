"""Which CPU instructions a process computes with, and that under numerics=exact a cluster does not
mix them. Needs nothing but Python's own library.

  UNMASK=build/release/unmask python3 tests/cluster/instructions_test.py
"""

import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from cluster import TIMEOUT, UNMASK, Node

MODEL = str(pathlib.Path(__file__).resolve().parents[2] / "tests/golden/data/models/moe_mha")
SETTING = "UNMASK_COMPUTE_INSTRUCTIONS"
BAD_CONFIG = 3


def unmask(*words, instructions="auto", stdin=""):
    return subprocess.run([UNMASK, *words], capture_output=True, text=True, timeout=TIMEOUT,
                          env={**os.environ, SETTING: instructions}, input=stdin)


BEST = json.loads(unmask("version", "--json").stdout)["cpu"]


class SettingTest(unittest.TestCase):
    def test_version_names_the_set_of_the_environment(self):
        self.assertIn("computes with portable", unmask("version", instructions="portable").stdout)
        self.assertIn(f"computes with {BEST}", unmask("version", instructions="auto").stdout)

    @unittest.skipIf(BEST == "portable", "this machine has one instruction set only")
    def test_a_tool_and_its_workers_obey_the_flag_and_then_the_environment(self):
        def logits(*words, instructions):
            with tempfile.NamedTemporaryFile(suffix=".npy") as out:
                done = unmask("forward", "--model", MODEL, "--tokens-file", "-", "--out", out.name, *words,
                              instructions=instructions, stdin="[1, 2, 3, 4, 5]")
                self.assertEqual(done.returncode, 0, done.stderr)
                return pathlib.Path(out.name).read_bytes()
        portable = logits("--instructions", "portable", instructions=BEST)
        self.assertEqual(logits(instructions="portable"), portable)
        self.assertEqual(logits("--workers", "2", instructions="portable"), portable)
        self.assertEqual(logits("--workers", "2", "--instructions", "portable", instructions=BEST), portable)
        self.assertNotEqual(logits(instructions=BEST), portable)

    def test_a_name_that_is_none_is_refused_with_the_choices(self):
        for command in (["run", "hello"], ["up"], ["node", "--role", "coordinator"],
                        ["forward", "--tokens-file", "-", "--out", "/dev/null"]):
            with self.subTest(command=command[0]):
                refused = unmask(*command, "--instructions", "sse", stdin="[1, 2, 3]")
                self.assertEqual(refused.returncode, BAD_CONFIG, refused.stderr)
                self.assertIn("\"sse\", not one of auto, portable, avx2, avx512", refused.stderr)


@unittest.skipIf(BEST == "portable", "this machine has one instruction set only")
class ClusterTest(unittest.TestCase):
    def start(self, *words):
        node = Node(*words)
        self.addCleanup(node.end)
        return node

    def start_coordinator(self, *words):
        coordinator = self.start("--role", "coordinator", "--set", "coordinator.address=127.0.0.1:0",
                                 *words)
        up = coordinator.entry("coordinator is up")
        self.http = up["http"]
        self.words = ["--set", "coordinator.address=" + up["address"], *words]

    def start_worker(self, rank, instructions):
        return self.start("--role", "worker", "--rank", str(rank), "--instructions", instructions,
                          *self.words)

    def missing(self):
        """What the coordinator still waits for; empty once the cluster is ready."""
        try:
            with urllib.request.urlopen(self.http + "/ready", timeout=TIMEOUT):
                return ""
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.read().decode()

    def wait_until(self, is_enough):
        deadline = time.monotonic() + TIMEOUT
        while not is_enough(self.missing()):
            self.assertLess(time.monotonic(), deadline, self.missing())
            time.sleep(0.02)

    def wait_until_ready(self):
        self.wait_until(lambda missing: not missing)

    def test_a_worker_with_other_instructions_is_refused_under_exact(self):
        self.start_coordinator()
        self.start_worker(0, BEST)
        self.wait_until(lambda missing: "worker 0 (127.0.0.1): joining" in missing)
        other = self.start_worker(1, "portable")
        why = other.entry("leaves the cluster")["why"]
        self.assertEqual(other.process.wait(TIMEOUT), BAD_CONFIG)
        for part in ("cpu-portable", f"cpu-{BEST}", "--instructions"):
            self.assertIn(part, why)
        self.assertIn("worker 1", self.missing())
        self.start_worker(1, BEST)
        self.wait_until_ready()

    def test_a_replica_of_other_instructions_belongs_under_fast(self):
        self.start_coordinator("--numerics", "fast", "--set", "cluster.replicas=2")
        for rank, instructions in enumerate([BEST, BEST, "portable", "portable"]):
            self.start_worker(rank, instructions)
        self.wait_until_ready()

    def test_a_worker_with_other_instructions_than_its_replica_is_refused_under_fast(self):
        self.start_coordinator("--numerics", "fast")
        self.start_worker(0, BEST)
        self.wait_until(lambda missing: "worker 0 (127.0.0.1): joining" in missing)
        other = self.start_worker(1, "portable")
        self.assertIn("others of its replica", other.entry("leaves the cluster")["why"])
        self.assertEqual(other.process.wait(TIMEOUT), BAD_CONFIG)


if __name__ == "__main__":
    unittest.main()
