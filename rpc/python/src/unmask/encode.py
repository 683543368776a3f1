"""Bodies of what clients send, checked against what the server would not even read."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

from .errors import InvalidArgument
from .messages import Submission
from .schema import schema

# As the server has them (rpc/codec/codec.cc, job_codec.cc).
MAX_SUBMIT_BYTES = 1024 * 1024
MAX_TEXT_BYTES = 256 * 1024
MAX_NAME_BYTES = 4096
MAX_PARAMETERS = 128
MAX_TURNS = 4096
MAX_STOPS = 64
MAX_PRIORITY = 10
MAX_DEADLINE_MS: int = schema.maxDeadlineMs


def encode_submit(submission: Submission, resume_after_block: int = -1) -> bytes:
    """The body of a Submit. Raises InvalidArgument for what the server would not even read."""
    message = schema.Submit.new_message()
    message.job = bytes.fromhex(submission.job_id)
    message.model = _checked(submission.model, "the model's name", MAX_NAME_BYTES)
    _write_input(message.input, submission)
    message.specialTokens = submission.special_tokens
    _check_count(submission.parameters, "parameters", MAX_PARAMETERS)
    parameters = message.init("parameters", len(submission.parameters))
    for to, (name, value) in zip(parameters, submission.parameters, strict=True):
        to.name = _checked(name, "a parameter's name", MAX_NAME_BYTES)
        to.value = _checked(value, f"parameter {name}", MAX_NAME_BYTES)
    _check_count(submission.stop, "stop strings", MAX_STOPS)
    message.stop = [_checked(stop, "a stop string", MAX_NAME_BYTES) for stop in submission.stop]
    if not 0 <= submission.deadline_ms <= MAX_DEADLINE_MS:
        raise InvalidArgument(f"the deadline is not between 1 and {MAX_DEADLINE_MS} ms")
    message.deadlineMs = submission.deadline_ms
    message.subscription.blocks = True
    message.subscription.frames = submission.frames
    message.resumeAfterBlock = resume_after_block
    message.isDetached = submission.detached
    message.priority = submission.priority
    body: bytes = message.to_bytes()
    if len(body) > MAX_SUBMIT_BYTES:
        raise InvalidArgument(f"the job has {len(body)} bytes, the limit is {MAX_SUBMIT_BYTES}")
    return body


def encode_cancel(job_id: str) -> bytes:
    return bytes(schema.JobRef.new_message(job=bytes.fromhex(job_id)).to_bytes())


def encode_attach(job_id: str, frames: bool, resume_after_block: int) -> bytes:
    message = schema.Attach.new_message(job=bytes.fromhex(job_id))
    message.subscription.blocks = True
    message.subscription.frames = frames
    message.resumeAfterBlock = resume_after_block
    return bytes(message.to_bytes())


def encode_question(request: int) -> bytes:
    """The body of a ListJobs or a GetStatus."""
    return bytes(schema.Question.new_message(request=request).to_bytes())


def _write_input(to: Any, submission: Submission) -> None:
    given = submission.input
    if submission.template is not None:
        filled = to.init("template")
        filled.text = _checked(submission.template, "the template", MAX_TEXT_BYTES)
        filled.format = submission.template_format
        chat = [{"role": "user", "content": given}] if isinstance(given, str) else given
        _write_chat(filled, "messages", chat if given else ())
    elif isinstance(given, str):
        text = _checked(given, "the prompt", MAX_TEXT_BYTES)
        setattr(to, "rawText" if submission.raw else "text", text)
    elif not given or not isinstance(given[0], Mapping):
        tokens = to.init("tokens")
        tokens.tokens = list(given)
        holes = tokens.init("holes", len(submission.holes))
        for hole, (begin, end) in zip(holes, submission.holes, strict=True):
            hole.begin, hole.end = begin, end
    else:
        _write_chat(to, "chat", given)


def _write_chat(to: Any, field: str, given: Any) -> None:
    _check_count(given, "messages", MAX_TURNS)
    chat = to.init(field, len(given))
    for i, (turn, message) in enumerate(zip(chat, given, strict=True)):
        if not isinstance(message, Mapping) or not {"role", "content"} <= message.keys():
            raise InvalidArgument(f'message {i} needs a "role" and a "content"')
        turn.role = _checked(message["role"], f"the role of message {i}", MAX_NAME_BYTES)
        turn.content = _checked(message["content"], f"the content of message {i}", MAX_TEXT_BYTES)


def _checked(text: object, what: str, max_bytes: int) -> str:
    if not isinstance(text, str):
        raise InvalidArgument(f"{what} is not text but {type(text).__name__}")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise InvalidArgument(f"{what} is not UTF-8") from None
    if size > max_bytes:
        raise InvalidArgument(f"{what} has {size} bytes, the limit is {max_bytes}")
    return text


def _check_count(entries: Sized, what: str, limit: int) -> None:
    if len(entries) > limit:
        raise InvalidArgument(f"{len(entries)} {what}, the limit is {limit}")
