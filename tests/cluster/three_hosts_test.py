"""deploy/three-hosts in three network namespaces joined by veth, with CURVE, and jobs from a fourth.

Exits with 77 (skipped) where namespaces are forbidden, and says so. Needs root and iproute2.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

UNMASK = os.environ["UNMASK"]
EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "deploy/three-hosts"
SKIPPED = 77
HOSTS = {"host1": "10.77.0.1", "host2": "10.77.0.2", "host3": "10.77.0.3", "client": "10.77.0.4"}
TIMEOUT = 60  # seconds, for anything that is waited for


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Network:
    """A switch (a bridge in a namespace of its own) and a namespace with an address per host."""

    def __init__(self):
        self.prefix = f"unmask{os.getpid()}-"
        self.made = []
        try:
            self.make("switch")
            self.inside("switch", "link", "add", "br0", "type", "bridge")
            self.inside("switch", "link", "set", "br0", "up")
            for host, address in HOSTS.items():
                self.join(host, address)
        except BaseException:
            self.close()
            raise

    def name(self, host):
        return self.prefix + host

    def make(self, host):
        ip("netns", "add", self.name(host))
        self.made.append(host)
        self.inside(host, "link", "set", "lo", "up")

    def inside(self, host, *words):
        ip("-n", self.name(host), *words)

    def join(self, host, address):
        self.make(host)
        port = f"to-{host}"
        self.inside("switch", "link", "add", port, "type", "veth", "peer", "name", "eth0",
                    "netns", self.name(host))
        self.inside("switch", "link", "set", port, "master", "br0", "up")
        self.inside(host, "address", "add", f"{address}/24", "dev", "eth0")
        self.inside(host, "link", "set", "eth0", "up")

    def close(self):
        for host in self.made:
            subprocess.run(["ip", "netns", "delete", self.name(host)], capture_output=True)


class ThreeHostsTest(unittest.TestCase):
    def setUp(self):
        self.network = Network()
        self.addCleanup(self.network.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        self.processes = {}
        self.addCleanup(self.end_all)
        self.share_keys()

    def share_keys(self):
        """Every host has a folder with the cluster file, its own secret key and all public ones."""
        keys = self.dir / "keys"
        keys.mkdir()
        for name in (*HOSTS, "second", "operator"):
            self.make_keys(keys / f"{name}.key")
        for host in HOSTS:
            home = self.dir / host
            shutil.copytree(EXAMPLE, home)
            (home / "keys").mkdir()
            for public in keys.glob("*.pub"):
                shutil.copy(public, home / "keys")
            shutil.copy(keys / f"{host}.key", home / "keys/node.key")
        for name in ("second", "operator"):
            shutil.copy(keys / f"{name}.key", self.dir / "client/keys")

    def make_keys(self, path):
        subprocess.run([UNMASK, "config", "keys", path], check=True, capture_output=True)

    def start(self, name, host, *words):
        log = open(self.dir / f"{name}.log", "wb")
        self.addCleanup(log.close)
        self.processes[name] = subprocess.Popen(
            ["ip", "netns", "exec", self.network.name(host), UNMASK, "node", "--config",
             "cluster.toml", "--set", "model.dtype=f32", *words],
            cwd=self.dir / host, stdout=log, stderr=log)

    def log(self, name):
        return (self.dir / f"{name}.log").read_text(errors="replace")

    def wait_for(self, name, pattern):
        deadline = time.monotonic() + TIMEOUT
        while not re.search(pattern, self.log(name)):
            code = self.processes[name].poll()
            self.assertIsNone(code, f"{name} ended with {code}:\n{self.log(name)}")
            self.assertLess(time.monotonic(), deadline, f"no {pattern!r} in:\n{self.log(name)}")
            time.sleep(0.05)

    def submit(self, *words, key="keys/node.key"):
        return self.command("submit", *words, key=key)

    def command(self, name, *words, key):
        return subprocess.run(
            ["ip", "netns", "exec", self.network.name("client"), UNMASK, name, "--endpoint",
             f"tcp://{HOSTS['host1']}:7400", "--server-key", "keys/host1.key.pub", "--secret-key",
             key, *words],
            cwd=self.dir / "client", capture_output=True, timeout=TIMEOUT,
            stdin=subprocess.DEVNULL)

    def end_all(self):
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def test_jobs_from_a_fourth_host_are_answered_and_strangers_are_not(self):
        self.start("coordinator", "host1", "--role", "coordinator")
        self.start("gateway", "host1", "--role", "gateway", "--set",
                   "security.allowed_clients=keys/client.key.pub,keys/second.key.pub", "--set",
                   "security.operators=keys/operator.key.pub")
        self.start("worker0", "host2", "--role", "worker", "--rank", "0")
        # The barrier names who is missing, with rank and address.
        self.wait_for("coordinator", r"worker 1 \(10\.77\.0\.3\)")
        self.start("worker1", "host3", "--role", "worker", "--rank", "1")

        job = self.submit("--gen-length", "32", "Sort these numbers from small to large: 96, 95, 41, 60")
        self.assertEqual(job.returncode, 0, job.stderr.decode() + self.log("gateway"))
        self.assertEqual(job.stdout.decode().strip(), "41, 60, 95, 96")

        # A job belongs to its key: another client does not see it, an operator does.
        def jobs(key):
            listed = self.command("jobs", "--json", key=f"keys/{key}.key")
            self.assertEqual(listed.returncode, 0, listed.stderr)
            return [job["job"] for job in json.loads(listed.stdout)]

        (job_id,) = jobs("node")
        self.assertEqual(jobs("second"), [])
        self.assertEqual(jobs("operator"), [job_id])
        for command in ("attach", "cancel"):
            refused = self.command(command, job_id, key="keys/second.key")
            self.assertIn(b"no job has this id", refused.stderr)
            allowed = self.command(command, job_id, key="keys/operator.key")
            self.assertEqual(allowed.returncode, 0, allowed.stderr)

        # A key that nobody allowed does not get in.
        self.make_keys(self.dir / "client/keys/stranger.key")
        stranger = self.submit("--gen-length", "32", "hello", key="keys/stranger.key")
        self.assertEqual(stranger.returncode, 5, stranger.stderr.decode())
        self.assertEqual(stranger.stdout, b"")

        # A worker that the cluster file does not know is told so.
        self.start("unknown", "host3", "--role", "worker", "--rank", "7")
        self.assertNotEqual(self.processes["unknown"].wait(TIMEOUT), 0)
        self.assertIn("--rank from 0 to 1", self.log("unknown"))


def why_no_namespaces():
    name = f"unmask{os.getpid()}-probe"
    def ip_error(*words):
        probe = subprocess.run(["ip", *words], capture_output=True, text=True)
        return probe.stderr.strip() if probe.returncode else ""

    try:
        made = ip_error("netns", "add", name)
    except FileNotFoundError:
        return "there is no `ip` (package iproute2)"
    entered = made or ip_error("-n", name, "link", "set", "lo", "up")
    ip_error("netns", "delete", name)
    return entered


if __name__ == "__main__":
    if why := why_no_namespaces():
        print(f"skipped: network namespaces cannot be made here: {why}")
        sys.exit(SKIPPED)
    unittest.main()
