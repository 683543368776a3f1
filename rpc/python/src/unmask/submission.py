"""A job from the arguments of submit()."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from datetime import timedelta

from .encode import MAX_DEADLINE_MS
from .errors import InvalidArgument
from .messages import JobInput, Submission

#: What a diffusion parameter may be given as.
Value = str | int | float | bool


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
    job: JobInput,
    *,
    job_id: str | bytes | uuid.UUID | None,
    model: str,
    raw: bool,
    special_tokens: bool,
    holes: Sequence[tuple[int, int]],
    stop: str | Sequence[str],
    deadline: float | timedelta | None,
    frames: bool,
    parameters: dict[str, Value | None],
) -> Submission:
    """Raises InvalidArgument for a job without input, or with what has no meaning beside it."""
    if raw and not isinstance(job, str):
        raise InvalidArgument("raw is for a prompt that is text")
    if special_tokens and not raw:
        raise InvalidArgument("special_tokens is for a raw prompt")
    if holes and (isinstance(job, str) or not job or not isinstance(job[0], int)):
        raise InvalidArgument("holes are for a job of tokens")
    return Submission(
        job_id=new_job_id() if job_id is None else job_id_of(job_id),
        input=job,
        raw=raw,
        special_tokens=special_tokens,
        holes=tuple(holes),
        model=model,
        parameters=tuple(
            (name, _text(value)) for name, value in parameters.items() if value is not None
        ),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        deadline_ms=_milliseconds(deadline),
        frames=frames,
    )


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _milliseconds(deadline: float | timedelta | None) -> int:
    if deadline is None:
        return 0
    seconds = deadline.total_seconds() if isinstance(deadline, timedelta) else deadline
    if not 0.001 <= seconds <= MAX_DEADLINE_MS / 1000:
        raise InvalidArgument(
            f"a deadline is between 1 ms and {MAX_DEADLINE_MS // 1000} s, not {seconds:g} s"
        )
    return round(seconds * 1000)
