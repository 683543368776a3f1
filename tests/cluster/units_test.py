"""The units of deploy/systemd, run as systemd would: what ends is started again, and so a coordinator
that was restarted has its workers and its gateway back."""

import pathlib
import re
import shlex
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from cluster import TIMEOUT, UNMASK

UNITS = pathlib.Path(__file__).resolve().parents[2] / "deploy/systemd"
PROMPT = "Sort these numbers from small to large: 96, 95, 41, 60"
ANSWER = "41, 60, 95, 96"


def free_address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


class Unit:
    """One service, kept alive as its unit says."""

    def __init__(self, file, folder, instance=""):
        text = (UNITS / file).read_text()
        lines = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] != "#")
        assert lines["Restart"] == "always" and lines["StartLimitIntervalSec"] == "0", text
        command = lines["ExecStart"].replace("/usr/bin/unmask", UNMASK).replace("%i", instance)
        self.command = shlex.split(command.replace(lines["WorkingDirectory"], str(folder)))
        self.delay = float(lines["RestartSec"])
        self.log = folder / f"{file}{instance}.log"
        self.is_stopping = threading.Event()
        self.process = self.start()
        self.keeper = threading.Thread(target=self.keep)
        self.keeper.start()

    def start(self):
        with open(self.log, "ab") as log:
            return subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def keep(self):
        while True:
            self.process.wait()
            if self.is_stopping.wait(self.delay):
                return
            self.process = self.start()

    def stop(self):
        self.is_stopping.set()
        self.process.terminate()
        self.keeper.join(TIMEOUT)


class UnitsTest(unittest.TestCase):
    def test_a_coordinator_that_was_restarted_gets_its_workers_back(self):
        with tempfile.TemporaryDirectory() as name:
            folder, gateway = pathlib.Path(name), free_address()
            (folder / "cluster.toml").write_text(
                f'[cluster]\nworkers = 2\n[model]\ndtype = "f32"\n[coordinator]\naddress = "{free_address()}"\n'
                f'[gateway]\naddress = "{gateway}"\nhttp_port = 0\n')
            units = [Unit("unmask-coordinator.service", folder), Unit("unmask-gateway.service", folder),
                     Unit("unmask-worker@.service", folder, "0"), Unit("unmask-worker@.service", folder, "1")]
            try:
                self.expect_answer(gateway, units)
                coordinator, workers = units[0].process, [unit.process.pid for unit in units[2:]]
                coordinator.kill()
                self.wait_until(lambda: units[0].process is not coordinator, units)
                self.expect_answer(gateway, units)
                self.assertNotEqual(workers, [unit.process.pid for unit in units[2:]])
            finally:
                for unit in reversed(units):
                    unit.stop()
            self.assertEqual([unit.process.returncode for unit in units], [0, 0, 0, 0], self.logs(units))

    def expect_answer(self, gateway, units):
        self.wait_until(lambda: self.is_ready(units[1]), units)
        job = subprocess.run([UNMASK, "submit", "--endpoint", f"tcp://{gateway}", "--gen-length", "32", PROMPT],
                             capture_output=True, text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL)
        self.assertEqual((job.returncode, job.stdout.strip()), (0, ANSWER), job.stderr + self.logs(units))

    @staticmethod
    def is_ready(gateway):
        up = re.search(r" http=(\S+)", gateway.log.read_text())
        if not up:
            return False
        try:
            with urllib.request.urlopen(up[1] + "/ready", timeout=TIMEOUT):
                return True
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return False

    def wait_until(self, is_true, units):
        deadline = time.monotonic() + TIMEOUT
        while not is_true():
            self.assertLess(time.monotonic(), deadline, self.logs(units))
            time.sleep(0.02)

    @staticmethod
    def logs(units):
        return "".join(f"--- {unit.log.name}\n{unit.log.read_text(errors='replace')}" for unit in units)


if __name__ == "__main__":
    unittest.main()
