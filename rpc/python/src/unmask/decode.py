"""Plain values from bodies that came from anybody."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import capnp

from .errors import ProtocolError, UnmaskError, error_of
from .messages import (
    Accepted,
    Block,
    Cell,
    ClusterStatus,
    Figures,
    Frame,
    JobResult,
    JobSummary,
    Member,
    Queued,
)
from .schema import MessageType, schema

_JOB_ID_BYTES = 16
_NESTING_LIMIT = 16
_MAX_SEGMENTS = 8
_FINISH_REASONS = ("stop", "length", "cancelled", "deadline", "error")
_JOB_STATES = ("queued", "running", "finished")
_ROLES = ("coordinator", "gateway", "worker")


@contextmanager
def _reading(struct_type: Any, body: bytes) -> Iterator[Any]:
    """A reader of `body`; whatever is wrong with it is a ProtocolError."""
    name = struct_type.schema.node.displayName.rpartition(":")[2]
    if not _has_sound_segments(body):
        raise ProtocolError(f"{name}: its segments do not make up its size")
    words = len(body) // 8
    try:
        with struct_type.from_bytes(
            body, traversal_limit_in_words=4 * words + 64, nesting_limit=_NESTING_LIMIT
        ) as reader:
            yield reader
    except (capnp.KjException, UnicodeDecodeError, IndexError) as error:
        raise ProtocolError(f"{name}: {str(error).splitlines()[0]}") from None


def _has_sound_segments(body: bytes) -> bool:
    """The table in front of the segments: their number less one, then their sizes in words."""
    if len(body) < 8 or len(body) % 8:
        return False
    count: int = struct.unpack_from("<I", body)[0]
    if count >= _MAX_SEGMENTS:
        return False
    table_bytes = (4 * (count + 2)) // 8 * 8
    if len(body) < table_bytes:
        return False
    sizes: tuple[int, ...] = struct.unpack_from(f"<{count + 1}I", body, 4)
    return len(body) == table_bytes + 8 * sum(sizes)


#: What the server tells of a job.
JobNews = Accepted | Queued | Frame | Block | JobResult | UnmaskError

_ANSWERS = (MessageType.JOB_LIST, MessageType.CLUSTER_STATUS)


def decode(kind: int, body: bytes) -> tuple[str | int, Any] | None:
    """What came, as (job id or number of the question, value); None for what clients ignore.

    The value of a Rejected, and of whatever else is an error, is the exception.
    Raises ProtocolError for a body that makes no sense.
    """
    entry = _DECODERS.get(kind)
    if entry is None:
        return None
    struct_type, decoder = entry
    with _reading(struct_type, body) as reader:
        key = reader.request if kind in _ANSWERS else _job_id(reader.job)
        return key, decoder(reader)


def _job_id(data: bytes) -> str:
    if len(data) != _JOB_ID_BYTES:
        raise ProtocolError("a job id has 16 bytes")
    return bytes(data).hex()


def _name(names: tuple[str, ...], value: int, what: str) -> str:
    if value >= len(names):
        raise ProtocolError(f"{what} {value} does not exist")
    return names[value]


def _block(reader: Any) -> Block:
    positions = reader.positions
    places = tuple((place.begin, place.end) for place in reader.places)
    return Block(
        reader.block, positions.begin, positions.end, tuple(reader.tokens), reader.text, places
    )


def _frame(reader: Any) -> Frame:
    cells = tuple(
        Cell(
            cell.token,
            cell.isGuess,
            cell.confidence if cell.confidence >= 0 else None,
            cell.text,
        )
        for cell in reader.cells
    )
    positions = reader.positions
    return Frame(
        reader.block,
        reader.iteration,
        positions.begin,
        positions.end,
        reader.numHoles,
        cells,
    )


def _finished(reader: Any) -> JobResult | UnmaskError:
    reason = _name(_FINISH_REASONS, reader.reason, "finish reason")
    if reason == "error":
        return error_of(reader.error.code, reader.error.message)
    figures = reader.figures
    return JobResult(
        _job_id(reader.job),
        reader.text,
        tuple(reader.tokens),
        reason,
        Figures(
            figures.tokens,
            figures.forwards,
            figures.promptTokens,
            figures.blocks,
            figures.queueTimeUs * 1e-6,
            figures.timeToFirstBlockUs * 1e-6,
            figures.durationUs * 1e-6,
        ),
        {fill.name: fill.text for fill in reader.fills},
    )


def _job_list(reader: Any) -> list[JobSummary] | UnmaskError:
    if reader._has("error"):
        return error_of(reader.error.code, reader.error.message)
    return [
        JobSummary(
            _job_id(job.job),
            _name(_JOB_STATES, job.state, "job state"),
            job.tokens,
            job.forwards,
            job.block,
            job.numBlocks,
            job.ageMs * 1e-3,
            job.outcome,
            job.runTimeMs * 1e-3,
        )
        for job in reader.jobs
    ]


def _cluster_status(reader: Any) -> ClusterStatus | UnmaskError:
    if reader._has("error"):
        return error_of(reader.error.code, reader.error.message)
    members = tuple(
        Member(
            _name(_ROLES, member.role, "role"),
            member.replica,
            member.rank,
            member.pid,
            member.host,
            member.http,
            member.state,
            member.phase,
            member.progress,
        )
        for member in reader.members
    )
    return ClusterStatus(
        reader.version,
        reader.model,
        reader.epoch,
        reader.isReady,
        reader.jobsRunning,
        reader.jobsWaiting,
        reader.kvPagesUsed,
        reader.kvPagesTotal,
        reader.durability,
        members,
    )


_DECODERS: dict[int, tuple[Any, Callable[[Any], Any]]] = {
    MessageType.ACCEPTED: (
        schema.Accepted,
        lambda reader: Accepted(reader.isResend, reader.promptTokens, reader.canvasLength),
    ),
    MessageType.QUEUED: (schema.Queued, lambda reader: Queued(reader.place, reader.reason)),
    MessageType.COMMITTED: (schema.Committed, _block),
    MessageType.FRAME: (schema.Frame, _frame),
    MessageType.FINISHED: (schema.Finished, _finished),
    MessageType.REJECTED: (
        schema.Rejected,
        lambda reader: error_of(reader.error.code, reader.error.message),
    ),
    MessageType.JOB_LIST: (schema.JobList, _job_list),
    MessageType.CLUSTER_STATUS: (schema.ClusterStatus, _cluster_status),
}
