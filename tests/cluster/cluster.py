"""A real cluster on this machine, for tests in Python. Needs nothing but Python's own library."""

from __future__ import annotations

import json
import os
import pathlib
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable

UNMASK = os.environ["UNMASK"]
TIMEOUT = 60  # seconds, for anything that is waited for


def resident_bytes(pid: int) -> int:
    """Memory that a process has now."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Cluster:
    """`unmask up`, ready when the constructor returns; stop() ends it.

    gateway: where clients find it, by default at a free port; None: where `unmask up` itself puts it.
    words: further flags of `unmask up`. Two workers that compute in f32, unless they say otherwise:
    bf16 sums, and so a trained model's tokens, depend on the processor.
    environment: on top of this process's own.
    program: that is run, by its path.
    """

    def __init__(self, *words: str, gateway: str | None = "127.0.0.1:0",
                 environment: dict[str, str] | None = None, program: str | pathlib.Path = UNMASK) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="unmask-cluster-")
        folder = pathlib.Path(self._folder.name)
        self._endpoints_file, self._log_file = folder / "endpoints.json", folder / "log"
        address = ["--set", f"gateway.address={gateway}"] if gateway else []
        if "--http" not in words:
            address += ["--http", "127.0.0.1:0"]
        defaults = [word for flag, value in (("--workers", "2"), ("--dtype", "f32")) if flag not in words
                    for word in (flag, value)]
        with open(self._log_file, "wb") as log:
            self.process = subprocess.Popen(
                [program, "up", *defaults, *address, "--endpoints-file", self._endpoints_file, *words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(environment or {})})
        try:
            self.wait_until(self._endpoints_file.exists, "the endpoints file")
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    @property
    def processes(self) -> list[dict]:
        """As the endpoints file has them now: a process that was started again is another."""
        return json.loads(self._endpoints_file.read_text())["processes"]

    @property
    def endpoint(self) -> str:
        return json.loads(self._endpoints_file.read_text())["client"]

    @property
    def log(self) -> str:
        return self._log_file.read_text(errors="replace")

    def workers(self) -> list[dict]:
        return [process for process in self.processes if process["role"] == "worker"]

    def process_of(self, role: str) -> dict:
        """The first of this role."""
        return next(process for process in self.processes if process["role"] == role)

    def is_busy(self) -> bool:
        """A job runs."""
        jobs = subprocess.run([UNMASK, "jobs", "--json", "--endpoint", self.endpoint],
                              capture_output=True, text=True, timeout=TIMEOUT, check=True)
        return any(job["state"] == "running" for job in json.loads(jobs.stdout))

    def wait_until(self, is_true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + TIMEOUT
        while not is_true():
            code = self.process.poll()
            if code is not None:
                raise AssertionError(f"the cluster ended with exit code {code}:\n{self.log}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come in {TIMEOUT} s:\n{self.log}")
            time.sleep(0.02)

    def submit_command(self, *words: str) -> list[str]:
        return [UNMASK, "submit", "--endpoint", self.endpoint, *words]

    def submit(self, *words: str) -> subprocess.CompletedProcess:
        """`unmask submit WORDS...` to its end."""
        return subprocess.run(self.submit_command(*words), capture_output=True, text=True,
                              timeout=TIMEOUT, stdin=subprocess.DEVNULL)

    def stop(self) -> str:
        """Drains the cluster; returns its log. Raises AssertionError if it does not end well."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(TIMEOUT)
        log = self.log
        self._folder.cleanup()
        if code != 0:
            raise AssertionError(f"the cluster ended with exit code {code}:\n{log}")
        return log

    def kill(self) -> None:
        """Nobody is told, as when the machine takes the launcher away."""
        self.process.kill()
        self.process.wait(TIMEOUT)
        self._folder.cleanup()


class Node:
    """`unmask node WORDS...`, a process of a cluster of two workers, and the entries of its log."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [UNMASK, "node", "--log-format", "json", "--set", "cluster.workers=2", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(
            target=lambda: [self._lines.put(line) for line in self.process.stderr], daemon=True)
        self._reader.start()

    def entry(self, text: str) -> dict:
        """The next entry of the log that has the text."""
        while True:
            line = self._lines.get(timeout=TIMEOUT)
            if text in line:
                return json.loads(line)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        self.process.stderr.close()
