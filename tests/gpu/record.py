"""What a run has found out so far, in a file that is whole at any time."""

import datetime
import json
import os
import subprocess


class Record:
    """Stages by name, each with its state and figures; what is put is in the file before put() returns."""

    def __init__(self, file, is_emulated):
        self.file = file
        commit = subprocess.run(["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True,
                                check=False)
        self._data = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                      "commit": commit.stdout.strip(), "is_emulated": is_emulated, "stages": {}}
        file.parent.mkdir(parents=True, exist_ok=True)
        self._write()

    @property
    def stages(self):
        return self._data["stages"]

    def put(self, name, figure, value):
        """A figure of the stage `name`; without one, a value of the whole run."""
        if figure is None:
            self._data[name] = value
        else:
            self._stage(name)["figures"][figure] = value
        self._write()

    def end(self, name, state, why, seconds):
        self._stage(name).update(state=state, why=why, seconds=round(seconds, 1))
        self._write()

    def _stage(self, name):
        return self.stages.setdefault(name, {"state": "running", "why": "", "seconds": 0, "figures": {}})

    def _write(self):
        new = self.file.with_name(self.file.name + ".new")
        new.write_text(json.dumps(self._data, indent=1) + "\n")
        os.replace(new, self.file)
