"""A real cluster on this machine for a test: `unmask up`, its endpoints file, and its end."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

UNMASK = os.environ["UNMASK"]
TIMEOUT = 60  # seconds, for anything that is waited for


class LiveCluster:
    """Up when the constructor returns; stop() in every case.

    words: further flags of `unmask up`.
    """

    def __init__(self, *words):
        self._folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self._folder.name)
        self._endpoints_file = folder / "endpoints.json"
        self._log_file = folder / "log"
        with open(self._log_file, "wb") as log:
            self.process = subprocess.Popen(
                [UNMASK, "up", "--endpoints-file", self._endpoints_file, *map(str, words)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            self.wait_until(self._endpoints_file.exists, "the endpoints file")
        except BaseException:
            self.stop(signal.SIGKILL)
            raise

    @property
    def endpoints(self):
        return json.loads(self._endpoints_file.read_text())

    @property
    def client(self):
        return self.endpoints["client"]

    @property
    def log(self):
        return self._log_file.read_text(errors="replace")

    def processes(self, role):
        return [entry for entry in self.endpoints["processes"] if entry["role"] == role]

    def wait_until(self, is_true, what):
        deadline = time.monotonic() + TIMEOUT
        while not is_true():
            if self.process.poll() is not None:
                raise AssertionError(f"the cluster ended with {self.process.returncode}:\n{self.log}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come in {TIMEOUT} s:\n{self.log}")
            time.sleep(0.02)

    def submit(self, *words, **options):
        """`unmask submit WORDS...` to its end; stdout and stderr are text."""
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(self.submit_command(*words), capture_output=True, text=True,
                              timeout=TIMEOUT, **options)

    def submit_command(self, *words):
        return [UNMASK, "submit", "--endpoint", self.client, *map(str, words)]

    def stop(self, signal_number=signal.SIGTERM):
        """The exit code of `unmask up`; the log can be read until then."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            code = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.last_log = self.log
        self._folder.cleanup()
        return code
