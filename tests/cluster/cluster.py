"""A cluster on this machine, for tests in Python. Needs nothing but Python's own library."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import tempfile

UNMASK = os.environ["UNMASK"]


class Cluster:
    """`unmask up`, from the line that says it is ready to the end after SIGINT."""

    def __init__(self, *words: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="unmask-cluster-")
        self._log = open(pathlib.Path(self._folder.name) / "stderr", "w+")
        endpoints = pathlib.Path(self._folder.name) / "endpoints.json"
        self._process = subprocess.Popen(
            [UNMASK, "up", "--workers", "2", "--endpoints-file", str(endpoints), *words],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if line.startswith("[4/4] ready"):
                break
        else:
            raise RuntimeError("the cluster did not come up:\n" + "".join(said) + self._errors())
        self.endpoint: str = json.loads(endpoints.read_text())["client"]

    def stop(self) -> None:
        """Raises RuntimeError if it does not end well."""
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=60)
        code, errors = self._process.returncode, self._errors()
        self._log.close()
        self._folder.cleanup()
        if code != 0:
            raise RuntimeError(f"the cluster ended with exit code {code}:\n{errors}")

    def _errors(self) -> str:
        self._log.seek(0)
        return self._log.read()
