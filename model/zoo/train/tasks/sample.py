"""One question with its answer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    prompt: str
    answer: str
    cases: tuple = ()  # of a Python function: (arguments, what it returns)
