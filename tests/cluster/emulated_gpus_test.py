"""`--device cuda` from outside, on emulated GPUs and the emulated NCCL: jobs, deaths, and everything
that a machine or a cluster file can lack. Needs nothing but Python's own library."""

import datetime
import json
import os
import signal
import subprocess
import time
import unittest

from cluster import TIMEOUT, UNMASK, Cluster, Node

CPU_ONLY = os.environ.get("UNMASK_CPU_ONLY")  # the program without CUDA, if that was built
TWO_GPUS = {"UNMASK_EMULATED_GPUS": "2"}
BAD_CONFIG = 3
MOST_SECONDS = 3.5  # from a death to the end of its epoch
# A forward on emulated GPUs takes the better part of a second.
LONG_JOB = ["--json", "--gen-length", "8", "--block-length", "8", "--strategy", "fixed", "--set",
            "steps=8", "--set", "early_stop=false", "--raw", "x"]
JOBS = [["--json", "--gen-length", "16", "What is 2 + 3?"], LONG_JOB]
# Whoever dies is known by its broken connection, long before it would be missed.
NEVER_MISSED = ["--set", "cluster.self_fence=500s", "--set", "cluster.dead_after=600s"]


def result_of(job):
    """What a finished job says of itself and must not depend on where it ran."""
    result = json.loads(job)
    return {key: result[key] for key in ("finish_reason", "text", "forwards")}


def results_of(cluster, jobs):
    results = []
    for words in jobs:
        done = cluster.submit(*words)
        assert done.returncode == 0, done.stderr + cluster.log
        results.append(result_of(done.stdout))
    return results


class JobsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cpu = Cluster("--device", "cpu")
        cls.expected = results_of(cpu, JOBS)
        cpu.stop()

    def start(self, *words, environment=TWO_GPUS):
        cluster = Cluster(*NEVER_MISSED, *words, environment=environment)
        self.addCleanup(cluster.kill)
        return cluster

    def test_two_gpus_give_the_text_of_the_cpu_and_lose_nothing_with_a_worker(self):
        cluster = self.start("--device", "cuda")
        for gpu in (0, 1):
            self.assertIn(f'device="GPU {gpu} (emulated GPU)"', cluster.log)
        self.assertEqual(results_of(cluster, JOBS[:1]), self.expected[:1])
        job = subprocess.Popen(cluster.submit_command(*LONG_JOB), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        cluster.wait_until(cluster.is_busy, "a running job")
        victim = cluster.workers()[1]["pid"]
        killed = datetime.datetime.now(datetime.timezone.utc)
        os.kill(victim, signal.SIGKILL)
        stdout, stderr = job.communicate(timeout=TIMEOUT)
        self.assertEqual(job.returncode, 0, stderr + cluster.log)
        self.assertEqual(result_of(stdout), self.expected[1])
        self.assertNotEqual(cluster.workers()[1]["pid"], victim)
        over = next(line for line in cluster.log.splitlines() if "a group is over" in line)
        over = datetime.datetime.fromisoformat(over.split()[0].replace("Z", "+00:00"))
        self.assertLess((over - killed).total_seconds(), MOST_SECONDS)
        log = cluster.stop()
        self.assertIn("a worker leaves", log)

    def test_auto_takes_the_cpu_for_more_workers_than_gpus_and_says_so(self):
        cluster = self.start("--replicas", "2", "--device", "auto")
        self.assertRegex(cluster.log, r"computes on the CPU \(\S+\): there are fewer GPUs than workers; --share-gpus")
        self.assertEqual(results_of(cluster, JOBS[:1]), self.expected[:1])
        self.assertNotIn("GPU 0", cluster.stop())

    def test_auto_takes_the_gpus_where_there_are_enough(self):
        cluster = self.start("--device", "auto")
        self.assertIn("computes on GPU 0 (emulated GPU), the others on the next ones", cluster.log)
        cluster.stop()


class StartTest(unittest.TestCase):
    def expect_no_start(self, *words, reasons, program=UNMASK, **environment):
        up = subprocess.run(
            [program, "up", "--dtype", "f32", "--set", "gateway.address=127.0.0.1:0", *words],
            capture_output=True, text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, **TWO_GPUS, **environment})
        self.assertEqual(up.returncode, BAD_CONFIG, up.stdout + up.stderr)
        errors = [line for line in up.stderr.splitlines() if line.startswith("unmask: error: ")]
        for reason in reasons:
            self.assertIn(reason, errors[-1])

    def test_more_workers_than_gpus_are_refused_with_the_way_out(self):
        self.expect_no_start("--workers", "3", "--device", "cuda", "--set", "model.numerics=fast",
                             reasons=["3 workers", "2 GPUs", "--share-gpus"])

    def test_two_workers_of_a_replica_are_not_put_on_one_gpu(self):
        self.expect_no_start("--workers", "2", "--device", "cuda:0", reasons=["GPU 0", "--device cuda"])
        self.expect_no_start("--workers", "2", "--device", "cuda:0", "--share-gpus",
                             reasons=["a GPU each", "--replicas"])

    def test_a_gpu_that_is_not_there_is_refused_with_their_number(self):
        self.expect_no_start("--workers", "1", "--device", "cuda:7",
                             reasons=["cuda:7", "2 GPUs, counted from 0", "unmask devices"])

    def test_a_model_that_a_gpu_cannot_hold_is_refused_with_figures(self):
        self.expect_no_start("--workers", "2", "--device", "cuda", UNMASK_EMULATED_GPU_MEMORY=str(20_000_000),
                             reasons=["weights 19.1 MiB", "MiB are free for it", "--workers"])

    def test_a_driver_that_is_old_or_missing_is_named(self):
        self.expect_no_start("--device", "cuda", UNMASK_EMULATED_DRIVER="12020",
                             reasons=["serves CUDA 12.2", "install a newer driver"])
        self.expect_no_start("--device", "cuda", UNMASK_EMULATED_DRIVER="0",
                             reasons=["no NVIDIA driver", "--device cpu"])

    def test_a_machine_without_a_gpu_that_can_be_used_is_told_so(self):
        self.expect_no_start("--device", "cuda", UNMASK_EMULATED_GPUS="0",
                             reasons=["sees no GPU", "--device cpu"])
        self.expect_no_start("--device", "cuda", UNMASK_EMULATED_CAPABILITY="75",
                             reasons=["sm_75", "sm_80 or newer", "--device cpu"])

    @unittest.skipUnless(CPU_ONLY, "the program of this build has CUDA")
    def test_a_program_without_cuda_says_how_to_have_it(self):
        self.expect_no_start("--device", "cuda", program=CPU_ONLY,
                             reasons=["built without CUDA", "./dev build cuda"])

    def test_an_nccl_that_is_missing_or_of_another_version_is_named(self):
        self.expect_no_start("--workers", "2", "--device", "cuda",
                             UNMASK_COLLECTIVE_NCCL_LIBRARY="/no/such/libnccl.so.2",
                             reasons=["/no/such/libnccl.so.2", "libnccl2", "collective.nccl_library"])
        self.expect_no_start("--workers", "2", "--device", "cuda", UNMASK_EMULATED_NCCL_VERSION="30100",
                             reasons=["is NCCL 3.1.0", "libnccl2", "collective.nccl_library"])


class NodesTest(unittest.TestCase):
    def start(self, *words):
        node = Node("--dtype", "f32", *words)
        self.addCleanup(node.end)
        return node

    def expect_that_a_replica_is_of_one_kind(self, *words, reasons):
        coordinator = self.start("--role", "coordinator", "--set", "coordinator.address=127.0.0.1:0", *words)
        address = "coordinator.address=" + coordinator.entry("coordinator is up")["address"]
        workers = ["--role", "worker", "--set", address, *words]
        # Either may be the first: the other one is refused.
        nodes = [self.start("--rank", "0", "--device", "cuda", *workers),
                 self.start("--rank", "1", "--device", "cpu", *workers)]
        deadline = time.monotonic() + TIMEOUT
        while all(node.process.poll() is None for node in nodes):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        left = next(node for node in nodes if node.process.poll() is not None)
        self.assertEqual(left.process.wait(TIMEOUT), BAD_CONFIG)
        why = left.entry("leaves the cluster")["why"]
        for reason in ("cuda-sm80", "cpu-", "--device", *reasons):
            self.assertIn(reason, why)

    def test_a_cpu_does_not_join_the_replica_of_a_gpu(self):
        for numerics, reason in (("exact", "numerics=exact"), ("fast", "others of its replica")):
            with self.subTest(numerics=numerics):
                self.expect_that_a_replica_is_of_one_kind("--numerics", numerics, reasons=[reason])


if __name__ == "__main__":
    unittest.main()
