"""A part of the run, and what it may ask for."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Callable

from commands import output_of

UNMASK = os.environ["UNMASK"]


class Skipped(Exception):
    """The stage cannot be run here; the message says why."""


class Context:
    """What a stage is given: the programs, the options, and where its figures go."""

    def __init__(self, record, name, options):
        self._record, self._name = record, name
        self.build, self.numerics = options.build, options.numerics
        self.is_emulated = options.emulated

    def put(self, figure, value):
        self._record.put(self._name, figure, value)

    def figure(self, stage, figure, default=None):
        """What an earlier stage has put."""
        return self._record.stages.get(stage, {}).get("figures", {}).get(figure, default)

    def program(self, name):
        """The path of a built program. Skipped if it was not built."""
        found = [path for path in pathlib.Path(self.build).rglob(name)
                 if path.is_file() and os.access(path, os.X_OK)]
        if not found:
            raise Skipped(f"there is no {name} in {self.build}: ./dev build cuda makes it")
        return found[0].resolve()

    def num_gpus(self):
        return sum(gpu["is_usable"] for gpu in json.loads(output_of([UNMASK, "devices", "--json"]))["gpus"])


@dataclasses.dataclass(frozen=True)
class Stage:
    """run(context) returns if all is well, and raises otherwise."""

    name: str
    limit_seconds: int
    about: str
    run: Callable[[Context], None]
    on_emulated: bool = False
