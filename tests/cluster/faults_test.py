"""What goes wrong around a live cluster: processes that die, garbage on every port, a start that
cannot succeed, and the way to its end."""

import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest
import urllib.parse

from cluster import TIMEOUT, UNMASK, Cluster, resident_bytes

PROMPT = "Sort these numbers from small to large: 96, 95, 41, 60"
ANSWER = "41, 60, 95, 96"
# One forward a token, whatever the model writes: long enough that something can happen meanwhile.
LONG_JOB = ["--gen-length", "224", "--block-length", "224", "--strategy", "fixed", "--set",
            "steps=224", "--set", "early_stop=false", "--raw", "x"]
# Whoever dies is known by its broken connection, long before it would be missed.
NEVER_MISSED = ["--set", "cluster.self_fence=500s", "--set", "cluster.dead_after=600s"]
BAD_CONFIG = 3
MODEL = pathlib.Path(__file__).resolve().parents[2] / "model" / "zoo" / "unmask-tiny"


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def garbage(seed):
    """What somebody may send by mistake or on purpose, as (name, bytes)."""
    rng = random.Random(seed)
    greeting = b"\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL" + bytes(16) + b"\0" + bytes(31)
    yield "nothing", b""
    yield "one byte", b"\xff"
    yield "noise", rng.randbytes(65536)
    yield "HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    yield "half a ZMTP greeting", greeting[:11]
    yield "a ZMTP greeting, then noise", greeting + rng.randbytes(4096)
    yield "a giant ZMTP frame", greeting + b"\4\x19\5READY\x0bSocket-Type\0\0\0\6DEALER" + \
        b"\2\x7f\xff\xff\xff\xff\xff\xff\xff" + bytes(4096)
    yield "a giant HTTP head", b"GET / HTTP/1.1\r\nX: " + b"a" * (1 << 20)
    yield "a giant HTTP body", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    yield "zeros", bytes(1 << 20)


def crc32c(data, crc=0):
    """The frames' checksum; slow, and without a package."""
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def crc_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


CRC_TABLE = list(crc_table())


def ungreeted_frames(first, last, num_bytes):
    """ZMTP messages with frames FIRST to LAST of a link, each a Submit of NUM_BYTES."""
    body = bytes(num_bytes)
    for seq in range(first, last + 1):
        head = bytearray(struct.pack("<IHHHHIQIIQQIHHII", 0x4B4D4E55, 1, 1, 0, 64, num_bytes, 0, 0,
                                     0, seq, 0, 0, 256, 0, 0, 0))
        struct.pack_into("<I", head, 56, crc32c(body, crc32c(head)))
        yield b"\2" + struct.pack(">Q", len(head) + num_bytes) + head + body


def unread_bytes(port):
    """What came over connections to a local port and was not read yet."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    return sum(int(row[4].split(":")[1], 16) for row in rows
               if int(row[1].split(":")[1], 16) == port)


class FaultsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(*NEVER_MISSED, "--set", "limits.client_grace=100ms")

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()

    def expect_answer(self):
        job = self.cluster.submit("--gen-length", "32", PROMPT)
        self.assertEqual(job.returncode, 0, job.stderr + self.cluster.log)
        self.assertEqual(job.stdout.strip(), ANSWER)

    def readiness(self, role):
        """Status and reason that the first process of this role answers at /ready."""
        address = urllib.parse.urlsplit(self.cluster.process_of(role)["http"])
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=TIMEOUT)
        try:
            connection.request("GET", "/ready")
            response = connection.getresponse()
            return response.status, json.loads(response.read()).get("reason", "")
        finally:
            connection.close()

    def all_ready(self):
        """Every process answers /ready with 200."""
        for process in self.cluster.processes:
            address = urllib.parse.urlsplit(process["http"])
            connection = http.client.HTTPConnection(address.hostname, address.port, timeout=TIMEOUT)
            try:
                connection.request("GET", "/ready")
                if connection.getresponse().status != 200:
                    return False
            except OSError:
                return False
            finally:
                connection.close()
        return True

    def test_a_killed_worker_costs_its_jobs_time_but_no_token(self):
        undisturbed = json.loads(self.cluster.submit("--json", *LONG_JOB).stdout)
        job = subprocess.Popen(self.cluster.submit_command("--json", *LONG_JOB),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.cluster.wait_until(self.cluster.is_busy, "a running job")
        victim = self.cluster.workers()[1]["pid"]
        os.kill(victim, signal.SIGKILL)
        stdout, stderr = job.communicate(timeout=TIMEOUT)
        self.assertEqual(job.returncode, 0, stderr)
        result = json.loads(stdout)
        self.assertEqual((result["finish_reason"], result["text"]),
                         (undisturbed["finish_reason"], undisturbed["text"]))
        self.assertEqual(result["forwards"], undisturbed["forwards"])
        self.cluster.wait_until(
            lambda: self.cluster.workers()[1]["pid"] != victim and self.all_ready(),
            "the new worker")
        self.expect_answer()

    def test_a_gateway_is_ready_while_jobs_can_be_computed(self):
        self.cluster.wait_until(self.all_ready, "readiness")
        victim = self.cluster.workers()[0]["pid"]
        os.kill(victim, signal.SIGKILL)
        self.cluster.wait_until(lambda: self.readiness("gateway")[0] == 503, "the gateway's refusal")
        _, reason = self.readiness("gateway")
        self.assertIn("worker 0 (127.0.0.1): ", reason)
        self.cluster.wait_until(
            lambda: self.cluster.workers()[0]["pid"] != victim and self.all_ready(), "readiness")
        self.expect_answer()

    def test_garbage_on_every_port_disturbs_nobody(self):
        inside = re.search(r"coordinator is up address=(\S+)", self.cluster.log)[1]
        ports = [("client", self.cluster.endpoint), ("coordinator", "tcp://" + inside)]
        for process in self.cluster.processes:
            ports.append((process["role"], process["http"]))
        for role, address in ports:
            where = urllib.parse.urlsplit(address)
            for name, data in garbage(seed=1):
                with self.subTest(port=role, sends=name):
                    with socket.create_connection((where.hostname, where.port), TIMEOUT) as peer:
                        try:
                            peer.sendall(data)
                            peer.shutdown(socket.SHUT_WR)
                        except OSError:
                            pass  # it hung up on us, as it may
        self.expect_answer()
        self.assertTrue(self.all_ready())

    def test_peers_that_never_greet_cost_no_memory(self):
        greeting = b"\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL" + bytes(16) + b"\0" + bytes(31)
        ready = b"\4\x1c\5READY\x0bSocket-Type\0\0\0\6DEALER"
        flood = b"".join(ungreeted_frames(2, 101, 32 * 1024))
        gateway = self.cluster.process_of("gateway")
        where = urllib.parse.urlsplit(self.cluster.endpoint)
        before = resident_bytes(gateway["pid"])
        peers = [socket.create_connection((where.hostname, where.port), TIMEOUT) for _ in range(100)]
        try:
            for peer in peers:
                peer.settimeout(TIMEOUT)
                peer.sendall(greeting + ready)
                answer = b""
                while b"ROUTER" not in answer:
                    answer += peer.recv(4096)
                peer.sendall(flood)  # 300 MiB in all
            self.cluster.wait_until(lambda: unread_bytes(where.port) == 0, "the end of the flood")
            self.expect_answer()
            self.assertLess(resident_bytes(gateway["pid"]) - before, 48 << 20)
        finally:
            for peer in peers:
                peer.close()
        self.expect_answer()

    def test_a_client_that_vanishes_mid_stream_leaves_the_cluster_alone(self):
        job = subprocess.Popen(self.cluster.submit_command("--stream", *LONG_JOB),
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.cluster.wait_until(self.cluster.is_busy, "a running job")
        job.kill()
        job.communicate()
        self.expect_answer()
        self.cluster.wait_until(lambda: not self.cluster.is_busy(), "the end of its job")


class PauseTest(unittest.TestCase):
    def test_a_pause_of_everything_ends_no_job(self):
        """As `docker pause` or a laptop's sleep: longer than every timeout within the cluster."""
        cluster = Cluster("--set", "limits.step_timeout=1s", "--set", "cluster.heartbeat=100ms",
                          "--set", "cluster.self_fence=800ms", "--set", "cluster.dead_after=1s")
        self.addCleanup(cluster.stop)
        undisturbed = json.loads(cluster.submit("--json", *LONG_JOB).stdout)
        job = subprocess.Popen(cluster.submit_command("--json", *LONG_JOB), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        cluster.wait_until(cluster.is_busy, "a running job")
        before = cluster.processes
        for process in before:
            os.kill(process["pid"], signal.SIGSTOP)
        time.sleep(2.5)  # the pause itself
        for process in before:
            os.kill(process["pid"], signal.SIGCONT)
        stdout, stderr = job.communicate(timeout=TIMEOUT)
        self.assertEqual(job.returncode, 0, stderr + cluster.log)
        self.assertEqual(json.loads(stdout)["text"], undisturbed["text"])
        self.assertEqual(cluster.processes, before, "nobody was declared dead")


class HungTest(unittest.TestCase):
    def test_a_process_starts_again_though_another_program_stands_in_its_place(self):
        with tempfile.TemporaryDirectory() as folder:
            program, other = pathlib.Path(folder) / "unmask", pathlib.Path(folder) / "other"
            shutil.copy(UNMASK, program)
            cluster = Cluster("--workers", "1", "--model", str(MODEL), program=program)
            other.write_text("no program")
            other.replace(program)
            (before,) = cluster.workers()
            os.kill(before["pid"], signal.SIGKILL)
            cluster.wait_until(lambda: cluster.workers()[0]["pid"] != before["pid"], "another worker")
            self.assertTrue(cluster.submit(PROMPT).stdout)
            cluster.stop()

    def test_a_hung_worker_is_killed_and_replaced(self):
        cluster = Cluster("--set", "cluster.self_fence=1500ms", "--set", "cluster.dead_after=2s")
        try:
            victim = cluster.workers()[1]
            os.kill(victim["pid"], signal.SIGSTOP)
            job = cluster.submit("--gen-length", "32", PROMPT)
            self.assertEqual((job.returncode, job.stdout.strip()), (0, ANSWER), job.stderr + cluster.log)
            cluster.wait_until(lambda: cluster.workers()[1]["pid"] != victim["pid"], "the new worker")
            self.assertFalse(is_running(victim["pid"]))
            self.assertIn("a process that was declared dead is killed process=\"worker 1\"", cluster.log)
        finally:
            cluster.stop()

    def test_a_hung_gateway_is_killed_and_replaced(self):
        cluster = Cluster()
        try:
            running = subprocess.Popen(cluster.submit_command("--json", *LONG_JOB), text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            cluster.wait_until(cluster.is_busy, "a running job")
            victim = cluster.process_of("gateway")
            os.kill(victim["pid"], signal.SIGSTOP)
            cluster.wait_until(lambda: cluster.process_of("gateway")["pid"] != victim["pid"], "the new gateway")
            job = cluster.submit("--gen-length", "32", PROMPT)
            self.assertEqual((job.returncode, job.stdout.strip()), (0, ANSWER), job.stderr + cluster.log)
            stdout, stderr = running.communicate(timeout=TIMEOUT)
            self.assertEqual(running.returncode, 0, stderr + cluster.log)
            self.assertEqual(json.loads(stdout)["forwards"], 224)
            self.assertFalse(is_running(victim["pid"]))
            self.assertIn("a process that does not answer is killed process=gateway", cluster.log)
        finally:
            cluster.stop()

    def test_a_hung_coordinator_is_killed_and_replaced(self):
        cluster = Cluster()
        try:
            job = subprocess.Popen(cluster.submit_command("--json", *LONG_JOB), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
            cluster.wait_until(cluster.is_busy, "a running job")
            victim = cluster.process_of("coordinator")
            os.kill(victim["pid"], signal.SIGSTOP)
            stdout, stderr = job.communicate(timeout=TIMEOUT)
            # Its client sends it again while it follows it.
            self.assertEqual(job.returncode, 0, stderr + cluster.log)
            self.assertEqual(json.loads(stdout)["forwards"], 224)
            cluster.wait_until(lambda: cluster.process_of("coordinator")["pid"] != victim["pid"],
                               "the new coordinator")
            self.assertFalse(is_running(victim["pid"]))
            self.assertIn("a process that does not answer is killed process=coordinator", cluster.log)
        finally:
            cluster.stop()


class PortsTest(unittest.TestCase):
    def test_up_takes_the_clients_default_port_or_says_that_it_is_taken(self):
        logs = []
        clusters = []
        try:
            for _ in range(2):  # one of the two cannot have it
                clusters.append(Cluster(gateway=None))
                logs.append((clusters[-1].endpoint, clusters[-1].log))
        finally:
            for cluster in clusters:
                cluster.stop()
        self.assertNotEqual(logs[0][0], logs[1][0])
        for endpoint, log in logs:
            said = f"port 7400 is taken: clients need --endpoint {endpoint}"
            self.assertEqual(endpoint != "tcp://127.0.0.1:7400", said in log, log)
        self.assertNotEqual(logs[1][0], "tcp://127.0.0.1:7400")

    def test_a_port_that_was_asked_for_is_taken_and_told(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        cluster = Cluster(gateway=address)
        self.assertEqual(cluster.endpoint, "tcp://" + address)
        cluster.stop()

    def test_a_process_has_its_ports_again_and_prometheus_knows_them(self):
        with tempfile.TemporaryDirectory() as folder:
            targets = pathlib.Path(folder, "targets.json")
            cluster = Cluster("--prometheus-targets", targets)
            before = {(p["role"], p["rank"]): p for p in cluster.processes}
            listed = {target for group in json.loads(targets.read_text()) for target in group["targets"]}
            self.assertEqual(listed, {p["http"].removeprefix("http://") for p in before.values()})
            for victim in (("worker", 1), ("gateway", 0)):
                os.kill(before[victim]["pid"], signal.SIGKILL)
                cluster.wait_until(lambda: before[victim]["pid"] not in [p["pid"] for p in cluster.processes],
                                   "its next life")
            after = {(p["role"], p["rank"]): p for p in cluster.processes}
            self.assertEqual({key: p["http"] for key, p in after.items()},
                             {key: p["http"] for key, p in before.items()})
            cluster.stop()
            self.assertEqual(json.loads(targets.read_text()), [], "nothing is left to be watched")


class StartTest(unittest.TestCase):
    def expect_no_start(self, *words, reason):
        up = subprocess.run([UNMASK, "up", *map(str, words)], capture_output=True, text=True,
                            timeout=TIMEOUT, stdin=subprocess.DEVNULL)
        self.assertEqual(up.returncode, BAD_CONFIG, up.stdout + up.stderr)
        errors = [line for line in up.stderr.splitlines() if line.startswith("unmask: error: ")]
        self.assertIn(reason, errors[-1])

    def test_a_number_of_workers_that_cannot_be_exact_names_the_way_out(self):
        self.expect_no_start("--workers", 3, reason="model.numerics to \"fast\"")

    def test_a_port_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.expect_no_start("--set", f"gateway.address={address}", reason=address)
            self.expect_no_start("--set", f"coordinator.address={address}", reason=address)

    def test_a_missing_model_is_named(self):
        self.expect_no_start("--model", "/no/such/model", reason="/no/such/model")

    def test_a_network_interface_that_is_not_there_is_named(self):
        self.expect_no_start("--workers", 2, "--set", "collective.interface=nosuch0",
                             reason="nosuch0")

    def test_an_unknown_setting_gets_a_suggestion(self):
        self.expect_no_start("--set", "model.dtyp=f32", reason="model.dtype")


class EndTest(unittest.TestCase):
    def test_a_normal_stop_warns_of_nothing(self):
        cluster = Cluster()
        log = cluster.stop()
        self.assertIn("a worker leaves", log)
        self.assertNotRegex(log, r"declared dead| warning \[| error \[")

    def test_sigterm_finishes_what_was_accepted(self):
        # Not how soon the job ends is asked here: portable loops on a busy machine take long.
        cluster = Cluster("--set", f"limits.drain_timeout={TIMEOUT}s")
        pids = [process["pid"] for process in cluster.processes]
        job = subprocess.Popen(cluster.submit_command("--json", *LONG_JOB), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            cluster.wait_until(cluster.is_busy, "a running job")
        finally:
            cluster.stop()
            stdout, stderr = job.communicate(timeout=TIMEOUT)
        self.assertEqual(job.returncode, 0, stderr)
        result = json.loads(stdout)
        self.assertEqual(result["forwards"], 224, "it was cut short")
        self.assertEqual([pid for pid in pids if is_running(pid)], [])

    def test_nothing_outlives_a_killed_launcher(self):
        cluster = Cluster("--replicas", "2")
        pids = [process["pid"] for process in cluster.processes]
        self.assertEqual(len(pids), 6)
        cluster.kill()
        deadline = time.monotonic() + TIMEOUT
        while any(is_running(pid) for pid in pids):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)


if __name__ == "__main__":
    unittest.main()
