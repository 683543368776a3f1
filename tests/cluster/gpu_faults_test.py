"""Devices that fail under a live cluster, on emulated GPUs: jobs go on, the reason is told, and
hardware that stays broken ends it. Needs nothing but Python's own library."""

import datetime
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest
import urllib.request

from cluster import TIMEOUT, UNMASK, Cluster

BAD_CONFIG, DEVICE_LOST = 3, 4
# A forward on emulated GPUs takes the better part of a second.
LONG_JOB = ["--json", "--gen-length", "8", "--block-length", "8", "--strategy", "fixed", "--set",
            "steps=8", "--set", "early_stop=false", "--raw", "x"]
# Whoever dies is known by its broken connection, long before it would be missed.
NEVER_MISSED = ["--set", "cluster.self_fence=500s", "--set", "cluster.dead_after=600s"]
ILLEGAL_ADDRESS, ECC_UNCORRECTABLE = 700, 214
STILL_BUSY = "ms after its collective was ended"
MOST_SECONDS = 3.5  # from when a death is known to the end of its epoch
IN_A_JOB = 200  # launches of kernels, or operations of NCCL: after the first forward, before the last


def result_of(job):
    result = json.loads(job)
    return {key: result[key] for key in ("finish_reason", "text", "forwards")}


def time_of(line):
    return datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00"))


class GpuFaultsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cpu = Cluster("--device", "cpu")
        cls.expected = result_of(cpu.submit(*LONG_JOB).stdout)
        cpu.stop()

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="unmask-gpu-faults-")
        self.addCleanup(folder.cleanup)
        self.once = pathlib.Path(folder.name, "happened")

    def start(self, *words, once=True, **faults):
        environment = {"UNMASK_EMULATED_GPUS": "2", **faults}
        if once:
            environment["UNMASK_EMULATED_FAULT_ONCE"] = str(self.once)
        cluster = Cluster("--device", "cuda", *NEVER_MISSED, *words, environment=environment)
        self.addCleanup(cluster.kill)
        return cluster

    def status(self, cluster):
        done = subprocess.run([UNMASK, "status", "--json", "--endpoint", cluster.endpoint], capture_output=True,
                              text=True, timeout=TIMEOUT, check=True)
        return json.loads(done.stdout)

    def expect_same_job(self, cluster):
        """A job in whose middle the fault happens, and all are well after it."""
        job = cluster.submit(*LONG_JOB)
        self.assertEqual(job.returncode, 0, job.stderr + cluster.log)
        self.assertEqual(result_of(job.stdout), self.expected)
        self.assertTrue(self.once.exists(), "the fault did not happen")
        cluster.wait_until(
            lambda: all(member["state"] == "ready" for member in self.status(cluster)["members"]), "the group")

    def expect_restart(self, cluster, reason, words):
        """A worker was started again, and everybody who is asked says why."""
        ended = [member for member in self.status(cluster)["members"] if member["last_end"] != "none"]
        # The other GPU has to finish its forward when the group is over, and an emulated one is slow.
        ended = [member for member in ended if STILL_BUSY not in member["last_words"]]
        self.assertEqual([member["last_end"] for member in ended], [reason], cluster.log)
        for word in words:
            self.assertIn(word, ended[0]["last_words"])
        shown = subprocess.run([UNMASK, "status", "--endpoint", cluster.endpoint], capture_output=True,
                               text=True, timeout=TIMEOUT, check=True)
        self.assertIn(f"started again ({reason}): worker ", shown.stdout)
        coordinator = next(p["http"] for p in cluster.processes if p["role"] == "coordinator")
        with urllib.request.urlopen(coordinator + "/metrics", timeout=TIMEOUT) as metrics:
            self.assertRegex(metrics.read().decode(), f'unmask_worker_restarts_total{{reason="{reason}"}} [12]\n')

    def expect_prompt_end_of_epoch(self, cluster, cause):
        """The first line that tells of `cause`, and that the group is over soon after it."""
        lines = cluster.log.splitlines()
        known = next(line for line in lines if re.search(cause, line))
        over = next(line for line in lines if "a group is over" in line)
        self.assertLess((time_of(over) - time_of(known)).total_seconds(), MOST_SECONDS)

    def test_a_launch_that_fails_ends_its_worker_and_no_job(self):
        cluster = self.start(UNMASK_EMULATED_FAULT_LAUNCH=str(IN_A_JOB))
        self.expect_same_job(cluster)
        self.expect_restart(cluster, "device",
                            ["failed with exit code 4", "kernel launch", "cudaErrorLaunchOutOfResources"])
        self.expect_prompt_end_of_epoch(cluster, "the device is lost")
        cluster.stop()

    def test_a_sticky_error_ends_its_worker_and_no_job(self):
        cluster = self.start(UNMASK_EMULATED_FAULT_STICKY=f"{IN_A_JOB}:{ILLEGAL_ADDRESS}")
        self.expect_same_job(cluster)
        self.expect_restart(cluster, "device", ["failed with exit code 4", "cudaErrorIllegalAddress"])
        cluster.stop()

    def test_a_fault_of_the_hardware_is_called_so(self):
        cluster = self.start(UNMASK_EMULATED_FAULT_STICKY=f"{IN_A_JOB}:{ECC_UNCORRECTABLE}")
        self.expect_same_job(cluster)
        self.expect_restart(cluster, "hardware", ["failed with exit code 6", "cudaErrorECCUncorrectable"])
        cluster.stop()

    def test_hardware_that_stays_broken_is_tried_three_times(self):
        cluster = self.start(once=False, UNMASK_EMULATED_FAULT_STICKY=f"{IN_A_JOB}:{ECC_UNCORRECTABLE}",
                             UNMASK_EMULATED_FAULT_GPU="1")
        # A job that was lost twice is given up: there has to be another one.
        submit = cluster.submit_command(*LONG_JOB)
        deadline = time.monotonic() + 2 * TIMEOUT
        while cluster.process.poll() is None:
            job = subprocess.Popen(submit, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while job.poll() is None and cluster.process.poll() is None:
                self.assertLess(time.monotonic(), deadline, cluster.log)
                time.sleep(0.02)
            job.kill()
            job.wait()
        self.assertEqual(cluster.process.returncode, DEVICE_LOST, cluster.log)
        self.assertEqual(cluster.log.count("a process is started again reason=hardware"), 3, cluster.log)
        error = cluster.log[cluster.log.rindex("unmask: error: "):]
        for word in ("worker 1 failed with exit code 6", "cudaErrorECCUncorrectable", "too often",
                     "have the GPU looked at"):
            self.assertIn(word, error)

    def test_memory_that_is_short_at_the_start_is_told_with_figures(self):
        for command in (["up", "--workers", "2", "--set", "gateway.address=127.0.0.1:0"], ["run", "x"],
                        ["forward", "--tokens-file", "-", "--out", "/dev/null"]):
            with self.subTest(command=command[0]):
                done = subprocess.run(
                    [UNMASK, *command, "--device", "cuda", "--dtype", "f32"], input="[1, 2]", capture_output=True,
                    text=True, timeout=TIMEOUT,
                    env={**os.environ, "UNMASK_EMULATED_GPUS": "2", "UNMASK_EMULATED_FAULT_MALLOC": "5"})
                self.assertEqual(done.returncode, BAD_CONFIG, done.stderr)
                errors = [line for line in done.stderr.splitlines() if line.startswith("unmask: error: ")]
                self.assertRegex(errors[-1], r"GPU \d has no room for \d+ \S+ more: \d+ MiB of 8192 MiB are free")

    def test_a_rank_that_leaves_a_collective_ends_the_epoch_and_no_job(self):
        cluster = self.start(UNMASK_EMULATED_NCCL_LEAVE="1:20")
        before = self.status(cluster)["epoch"]
        self.expect_same_job(cluster)
        self.assertGreater(self.status(cluster)["epoch"], before)
        self.assertIn("a rank is gone", cluster.log)
        cluster.stop()

    def test_a_rank_that_vanishes_in_a_collective_ends_the_epoch_when_its_step_is_late(self):
        cluster = self.start("--set", "limits.step_timeout=4s", UNMASK_EMULATED_NCCL_VANISH="1:20")
        before = self.status(cluster)["epoch"]
        self.expect_same_job(cluster)
        self.assertEqual(self.status(cluster)["epoch"], before + 1)
        self.assertEqual(cluster.log.count("a group is over"), 1, cluster.log)
        cluster.stop()

    def test_a_rank_that_stalls_and_comes_back_costs_time_only(self):
        cluster = self.start(UNMASK_EMULATED_NCCL_STALL="1:20:1500")
        before = self.status(cluster)["epoch"]
        self.expect_same_job(cluster)
        self.assertEqual(self.status(cluster)["epoch"], before)
        cluster.stop()


if __name__ == "__main__":
    unittest.main()
