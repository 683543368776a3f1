"""`unmask top` on a real cluster and a real terminal. Needs nothing but Python's own library.

  UNMASK=build/release/unmask python3 tests/cluster/top_test.py
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from cluster import TIMEOUT, UNMASK, Cluster

LONG = "--gen-length 256 --block-length 16 --strategy fixed --set steps=16 --set early_stop=false".split()


def setUpModule():
    global cluster
    cluster = Cluster()


def tearDownModule():
    cluster.stop()


class Terminal:
    """`unmask top` on a terminal of that size."""

    def __init__(self, columns, rows=24):
        self.side, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(child)
        self.child = child
        self.process = subprocess.Popen(
            [UNMASK, "top", "--endpoint", cluster.endpoint, "--interval", "0.1"],
            stdin=child, stdout=child, stderr=child, env={**os.environ, "TERM": "xterm"})
        self.output = ""

    def kill(self):
        """Of a test that failed before end()."""
        self.process.kill()
        self.process.wait(TIMEOUT)

    def read_until(self, text):
        """All that it writes until the text; what came before is forgotten."""
        self.output = ""
        deadline = time.monotonic() + TIMEOUT
        while text not in self.output:
            assert time.monotonic() < deadline, f"no {text!r} in {self.output!r}"
            if select.select([self.side], [], [], 1)[0]:
                self.output += os.read(self.side, 65536).decode(errors="replace")
        return self.output

    def read_frames(self, count):
        """Whole ones, without the escape sequences that begin and end them."""
        text = ""
        while text.count("\x1b[J") < count + 1:
            text += self.read_until("\x1b[J")
        return [frame.split("\x1b[J")[0] for frame in text.split("\x1b[H")[1:count + 1]]

    def end(self):
        """Its exit code; what it left of the terminal is in output."""
        code = self.process.wait(TIMEOUT)
        self.after = termios.tcgetattr(self.child)
        while select.select([self.side], [], [], 0)[0]:
            self.output += os.read(self.side, 65536).decode(errors="replace")
        os.close(self.side)
        os.close(self.child)
        return code


class TopTest(unittest.TestCase):
    def top(self, *words):
        return subprocess.run([UNMASK, "top", "--endpoint", cluster.endpoint, "--interval", "0.1", *words],
                              capture_output=True, text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL)

    def test_once(self):
        done = self.top("--once")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertTrue(lines[0].startswith("ready: unmask-tiny"), lines)
        self.assertRegex(lines[1], r"tokens/s 0\.0 .*KV pages 0/\d+")
        for role in ("coordinator", "gateway", "worker"):
            pid = cluster.process_of(role)["pid"]
            self.assertRegex(done.stdout, rf"(?m)^{role} .* ready .* {pid} +\d+$")
        self.assertEqual(lines[-1], "no job is running or waiting")

    def test_json_with_a_job(self):
        job = subprocess.Popen(cluster.submit_command(*LONG, "Count to nine."), stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
        cluster.wait_until(cluster.is_busy, "the job")
        view = json.loads(self.top("--json").stdout)
        job.send_signal(signal.SIGINT)
        job.communicate(timeout=TIMEOUT)
        self.assertEqual([entry["state"] for entry in view["jobs"] if entry["state"] == "running"], ["running"])
        self.assertGreaterEqual(view["tokens_per_second"], 0)
        members = {member["role"]: member for member in view["members"]}
        self.assertTrue(members["worker"]["device"])
        self.assertGreaterEqual(members["coordinator"]["mailbox_depth"], 0)
        self.assertTrue(members["gateway"]["mailboxes"])

    def test_every_frame_is_drawn_in_place_at_any_width(self):
        for columns, rows in ((20, 5), (80, 24), (200, 50)):
            terminal = Terminal(columns, rows)
            self.addCleanup(terminal.kill)
            terminal.read_until("ready: ")
            for frame in terminal.read_frames(3):
                self.assertNotIn("\x1b[2J", frame, "clearing it all would flicker")
                lines = [re.sub(r"\x1b\[[?0-9]*[A-Za-z]", "", line) for line in frame.split("\r\n")]
                self.assertLessEqual(len(lines), rows)
                self.assertLess(max(len(line.rstrip("\r")) for line in lines), columns)
            os.write(terminal.side, b"q")
            self.assertEqual(terminal.end(), 0)
            self.assertTrue(terminal.output.endswith("\x1b[?25h\x1b[?1049l"), terminal.output)
            self.assertEqual(terminal.before, terminal.after, "keys are shown again")

    def test_ctrl_c_leaves(self):
        terminal = Terminal(80)
        self.addCleanup(terminal.kill)
        terminal.read_until("ready: ")
        terminal.process.send_signal(signal.SIGINT)
        self.assertEqual(terminal.end(), 0)

    def test_a_gateway_that_goes_away_comes_back(self):
        terminal = Terminal(120)
        self.addCleanup(terminal.kill)
        terminal.read_until("ready: ")
        os.kill(cluster.process_of("gateway")["pid"], signal.SIGKILL)
        os.kill(cluster.process.pid, signal.SIGSTOP)  # nobody starts it again yet
        try:
            terminal.read_until("is gone, and asked again: ")
        finally:
            os.kill(cluster.process.pid, signal.SIGCONT)
        terminal.read_until("\x1b[Hready: ")
        os.write(terminal.side, b"q")
        self.assertEqual(terminal.end(), 0)

    def test_without_its_terminal_it_ends(self):
        terminal = Terminal(80)
        self.addCleanup(terminal.kill)
        terminal.read_until("ready: ")
        os.close(terminal.child)
        os.close(terminal.side)
        self.assertNotEqual(terminal.process.wait(TIMEOUT), 0)

    def test_nobody_there(self):
        done = subprocess.run([UNMASK, "top", "--once", "--endpoint", "tcp://127.0.0.1:1"], capture_output=True,
                              text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("error", done.stderr)


if __name__ == "__main__":
    unittest.main()
