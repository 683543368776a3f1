"""A job from the arguments of submit()."""

from __future__ import annotations

import json
import numbers
import operator
import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, SupportsFloat, SupportsIndex

from .encode import MAX_DEADLINE_MS, MAX_PRIORITY
from .errors import InvalidArgument
from .messages import JobInput, Submission
from .numbers_of import plain, text_of, whole

#: What a diffusion parameter may be given as; numbers may be NumPy's.
Value = str | bool | SupportsIndex | SupportsFloat


def new_job_id() -> str:
    """128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def job_id_of(given: str | bytes | uuid.UUID) -> str:
    """32 hexadecimal digits. Raises InvalidArgument for what is no job id."""
    if isinstance(given, uuid.UUID):
        return given.hex
    try:
        data = given if isinstance(given, bytes) else bytes.fromhex(given)
    except ValueError:
        data = b""
    if len(data) != 16:
        raise InvalidArgument(f"{given!r} is not a job id: it has 32 hexadecimal digits")
    return data.hex()


def make_submission(
    job: JobInput | None,
    *,
    job_id: str | bytes | uuid.UUID | None,
    model: str,
    raw: bool,
    special_tokens: bool,
    holes: Sequence[tuple[SupportsIndex, SupportsIndex]],
    template: str | None = None,
    json_template: Any = None,
    json_schema: Any = None,
    stop: str | Sequence[str],
    deadline: float | timedelta | None,
    frames: bool,
    detached: bool = False,
    priority: SupportsIndex = 0,
    parameters: dict[str, Value | None],
) -> Submission:
    """Raises InvalidArgument for what is no job, or has no meaning beside it."""
    filled, form = _template_of(template, json_template, json_schema)
    given = "" if job is None and filled is not None else _input_of(job)
    is_tokens = not isinstance(given, str) and not (given and isinstance(given[0], Mapping))
    if filled is not None and (raw or holes or (is_tokens and given)):
        raise InvalidArgument("a template is for a prompt, a chat or None, not for raw or holes")
    if raw and not isinstance(given, str):
        raise InvalidArgument("raw is for a prompt that is text")
    if special_tokens and not raw:
        raise InvalidArgument("special_tokens is for a raw prompt")
    if holes and not is_tokens:
        raise InvalidArgument("holes are for a job of tokens")
    return Submission(
        job_id=new_job_id() if job_id is None else job_id_of(job_id),
        input=given,
        raw=bool(raw),
        special_tokens=bool(special_tokens),
        holes=tuple((whole(begin, "a hole"), whole(end, "a hole")) for begin, end in holes),
        template=filled,
        template_format=form,
        model=model,
        parameters=tuple(
            (name, text_of(value, f"parameter {name}"))
            for name, value in parameters.items()
            if value is not None
        ),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        deadline_ms=_milliseconds(deadline),
        frames=bool(frames),
        detached=bool(detached),
        priority=_priority(priority),
    )


def _template_of(template: Any, json_template: Any, json_schema: Any) -> tuple[str | None, int]:
    """The template as text, and its number in the schema of the wire."""
    given = [
        (value, form)
        for form, value in enumerate((template, json_template, json_schema))
        if value is not None
    ]
    if not given:
        return None, 0
    if len(given) > 1:
        raise InvalidArgument("a job has one of template, json_template and json_schema")
    value, form = given[0]
    if isinstance(value, str):
        return value, form
    if form == 0:
        raise InvalidArgument(f"template is not text but {type(value).__name__}")
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False), form
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"what is given as JSON is none: {error}") from None


def _input_of(job: Any) -> str | tuple[Mapping[str, str], ...] | tuple[int, ...]:
    """A prompt as it is, a chat, or tokens: a list of nothing is no tokens."""
    if isinstance(job, str):
        return job
    is_list = isinstance(job, Iterable) and not isinstance(job, bytes | bytearray | Mapping)
    if not is_list or getattr(job, "shape", None) == ():
        raise InvalidArgument(
            "a job is a prompt, a chat (a list of messages) or a list of token ids, "
            f"not {type(job).__name__}"
        )
    entries = tuple(job)
    if entries and isinstance(entries[0], Mapping):
        return entries
    return tuple(_token(entry) for entry in entries)


def _token(given: Any) -> int:
    try:
        token = operator.index(given)
    except TypeError:
        token = -1
    if not 0 <= token < 2**31:
        raise InvalidArgument(f"{given!r} is not a token id")
    return token


def _priority(given: Any) -> int:
    priority = whole(given, "the priority")
    if not -MAX_PRIORITY <= priority <= MAX_PRIORITY:
        raise InvalidArgument(
            f"the priority is {priority}, but must be {-MAX_PRIORITY} to {MAX_PRIORITY}"
        )
    return priority


def _milliseconds(deadline: Any) -> int:
    if deadline is None:
        return 0
    given = plain(deadline)
    if isinstance(given, timedelta):
        seconds = given.total_seconds()
    elif isinstance(given, numbers.Real):
        seconds = float(given)
    else:
        raise InvalidArgument(
            f"a deadline is a number of seconds or a timedelta, not {type(deadline).__name__}"
        )
    if not 0.001 <= seconds <= MAX_DEADLINE_MS / 1000:
        raise InvalidArgument(
            f"a deadline is between 1 ms and {MAX_DEADLINE_MS // 1000} s, not {seconds:g} s"
        )
    return round(seconds * 1000)
