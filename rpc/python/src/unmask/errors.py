"""What can go wrong, as exceptions; their text is the server's sentence."""

from __future__ import annotations


class UnmaskError(Exception):
    """Base of everything that this package raises on purpose."""


class InvalidArgument(UnmaskError, ValueError):
    """The job cannot be right: a parameter, an id, a size."""


class NotFound(UnmaskError):
    """No such job or model."""


class Overloaded(UnmaskError):
    """The server is full; the same call may work later."""


class Unavailable(UnmaskError):
    """The server, or a part of it, cannot be reached now."""


class Cancelled(UnmaskError):
    """The job was cancelled before it was accepted."""


class DeadlineExceeded(UnmaskError):
    """The deadline passed, or cannot be met."""


class InternalError(UnmaskError):
    """The server failed."""


class TooLong(InvalidArgument):
    """A prompt and its answer, for the model or its workers."""


class ProtocolError(UnmaskError):
    """The other end speaks another protocol version, or none of ours."""


class ConnectError(Unavailable):
    """Nobody answered at the endpoint in time, or it refused this client's keys."""


class ConnectionLost(Unavailable):
    """The connection broke and did not come back in time, or the client was closed."""


# In the order of the codes on the wire (struct Error in protocol.capnp).
_BY_CODE = (
    InvalidArgument,
    NotFound,
    Overloaded,
    Unavailable,
    Cancelled,
    DeadlineExceeded,
    InternalError,
    TooLong,
)


def error_of(code: int, message: str) -> UnmaskError:
    """The exception of a code on the wire; raises ProtocolError for a code that does not exist."""
    if not 0 <= code < len(_BY_CODE):
        raise ProtocolError(f"error code {code} does not exist")
    return _BY_CODE[code](message)
