"""One connection as a state machine, the counterpart of rpc/link.cc.

Messages in order and exactly once over frames that may be lost, never more in flight than the
other end has room for. It does no input or output: time is what the caller says, in seconds.
"""

from __future__ import annotations

import random
import secrets
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from .envelope import (
    ACK_TYPE,
    BYE_TYPE,
    HELLO_TYPE,
    PROTOCOL_VERSION,
    Envelope,
    make_frame,
    parse_frame,
)
from .errors import ConnectionLost, ProtocolError, UnmaskError

_HELLO = struct.Struct("<HHIQQ")
_MAX_BYE_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Hello:
    """What one end tells the other before anything else."""

    min_version: int = PROTOCOL_VERSION
    max_version: int = PROTOCOL_VERSION
    boot_id: int = field(default_factory=lambda: secrets.randbits(64))
    incarnation: int = field(default_factory=lambda: secrets.randbits(63))

    def encode(self) -> bytes:
        return _HELLO.pack(self.min_version, self.max_version, 0, self.boot_id, self.incarnation)

    @staticmethod
    def decode(body: bytes) -> Hello:
        if len(body) != _HELLO.size:
            raise ProtocolError("a greeting that makes no sense")
        first, last, _, boot_id, incarnation = _HELLO.unpack(body)
        return Hello(first, last, boot_id, incarnation)


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """Limits and times of a link; the defaults are those of rpc/link.h."""

    hello: Hello = field(default_factory=Hello)
    window: int = 256  # frames in flight or not taken yet
    max_queued: int = 4096  # messages waiting for credit
    max_queued_bytes: int = 64 << 20
    ack_delay: float = 0.010  # an acknowledgement may wait so long for company
    resend: float = 0.200  # first; doubles up to max_resend
    max_resend: float = 2.0
    give_up: float = 15.0  # nothing acknowledged for so long


class LinkOwner(Protocol):
    """The world around a link; nothing is called any more after `on_down`."""

    def transmit(self, frame: bytes) -> None:
        """Sends or loses a frame."""

    def on_up(self) -> None:
        """The greeting came; first, and once."""

    def on_message(self, kind: int, body: bytes) -> None:
        """One message, in order. Raises ProtocolError if it makes no sense."""

    def on_down(self, error: UnmaskError) -> None:
        """The end, once."""


@dataclass(slots=True)
class _Sent:
    seq: int
    kind: int
    body: bytes
    sent_at: float = 0.0  # last


def _versions(first: int, last: int) -> str:
    return f"protocol {first}" if first == last else f"protocol {first} to {last}"


class Link:
    """Messages to and from one other end.

    Invariant: after `on_down` nothing else is called, and send() is False; `on_up` comes first
    and once. The owner calls tick() when next_tick() is due.
    """

    def __init__(self, owner: LinkOwner, now: float, options: LinkOptions | None = None) -> None:
        self._owner = owner
        self._options = options or LinkOptions()
        self._is_up = False
        self._is_down = False
        self._next_seq = 1
        self._waiting: deque[_Sent] = deque()  # for credit
        self._in_flight: deque[_Sent] = deque()  # by seq
        self._queued_bytes = 0
        self._peer_credit = self._options.window
        self._resend_delay = self._options.resend
        self._resend_at: float | None = None
        self._last_progress = now
        self._received = 0  # all up to here
        self._early: dict[int, tuple[int, bytes]] = {}  # after a gap
        self._ack_at: float | None = None
        self._queue(HELLO_TYPE, self._options.hello.encode())
        self._pump(now)

    @property
    def is_up(self) -> bool:
        return self._is_up and not self._is_down

    @property
    def is_down(self) -> bool:
        return self._is_down

    def send(self, kind: int, body: bytes, now: float) -> bool:
        """Queues a message; False if the link is down or too much waits already."""
        options = self._options
        if self._is_down or len(self._waiting) >= options.max_queued:
            return False
        if self._queued_bytes + len(body) > options.max_queued_bytes:
            return False
        self._queue(kind, body)
        self._pump(now)
        return True

    def receive(self, frame: bytes, now: float) -> None:
        """Takes one frame as it came."""
        if self._is_down:
            return
        try:
            self._take(*parse_frame(frame), now)
        except ProtocolError as error:
            self.close(error)

    def tick(self, now: float) -> None:
        """Does what is due."""
        if self._is_down:
            return
        if self._resend_at is not None and self._resend_at <= now and self._in_flight:
            if now - self._last_progress > self._options.give_up:
                return self._fail(ConnectionLost(f"no answer for {self._options.give_up:g} s"))
            self._resend_oldest(now)
            self._resend_delay = min(2 * self._resend_delay, self._options.max_resend)
            jitter = random.uniform(0, self._options.resend / 4)
            self._resend_at = now + self._resend_delay + jitter
        if self._ack_at is not None and self._ack_at <= now:
            self._transmit(ACK_TYPE, 0, b"")

    def next_tick(self) -> float | None:
        """When tick() is wanted; None while there is nothing to wait for."""
        if self._is_down:
            return None
        due = [at for at in (self._resend_at, self._ack_at) if at is not None]
        return min(due, default=None)

    def close(self, error: UnmaskError) -> None:
        """Tells the other end why, and ends."""
        if self._is_down:
            return
        self._transmit(BYE_TYPE, 0, str(error).encode()[:_MAX_BYE_BYTES])
        self._fail(error)

    def _queue(self, kind: int, body: bytes) -> None:
        self._queued_bytes += len(body)
        self._waiting.append(_Sent(self._next_seq, kind, body))
        self._next_seq += 1

    def _pump(self, now: float) -> None:
        while self._waiting and not self._is_down:
            room = min(self._options.window, self._peer_credit)
            # One frame may always go out: its acknowledgement brings news of credit.
            if len(self._in_flight) >= max(room, 0 if self._in_flight else 1):
                break
            sent = self._waiting.popleft()
            sent.sent_at = now
            if not self._in_flight:
                self._last_progress = now
            self._in_flight.append(sent)
            if self._resend_at is None:
                self._resend_at = now + self._resend_delay
            self._transmit(sent.kind, sent.seq, sent.body)

    def _transmit(self, kind: int, seq: int, body: bytes) -> None:
        options = self._options
        self._ack_at = None
        envelope = Envelope(
            type=kind,
            seq=seq,
            ack=self._received,
            credit=options.window - min(options.window, len(self._early)),
            incarnation=options.hello.incarnation & 0xFFFFFFFF,
        )
        self._owner.transmit(make_frame(envelope, body))

    def _take(self, envelope: Envelope, body: bytes, now: float) -> None:
        if envelope.type == BYE_TYPE:
            why = body[:_MAX_BYE_BYTES].decode(errors="replace")
            # Before the greeting it is about the versions: the next attempt would end alike.
            return self._fail(ConnectionLost(why) if self._is_up else ProtocolError(why))
        if envelope.version != PROTOCOL_VERSION and envelope.type != HELLO_TYPE:
            raise ProtocolError(
                f"the other end speaks {_versions(envelope.version, envelope.version)}, "
                f"this one {_versions(PROTOCOL_VERSION, PROTOCOL_VERSION)}"
            )
        self._take_ack(envelope, now)
        if envelope.type == ACK_TYPE:
            return self._pump(now)
        if envelope.seq == 0:  # heartbeats and frames are not in order with what waits
            if self._is_up:
                self._owner.on_message(envelope.type, body)
            return None
        if self._ack_at is None:
            self._ack_at = now + self._options.ack_delay
        if self._received < envelope.seq <= self._received + self._options.window:
            self._early.setdefault(envelope.seq, (envelope.type, body))
        while not self._is_down and self._received + 1 in self._early:
            kind, body = self._early.pop(self._received + 1)
            self._received += 1
            self._take_in_order(kind, body)
        self._pump(now)

    def _take_ack(self, envelope: Envelope, now: float) -> None:
        self._peer_credit = envelope.credit
        has_progress = False
        while self._in_flight and self._in_flight[0].seq <= envelope.ack:
            self._queued_bytes -= len(self._in_flight.popleft().body)
            has_progress = True
        if not has_progress:
            return
        self._last_progress = now
        self._resend_delay = self._options.resend
        self._resend_at = None
        if not self._in_flight:
            return
        self._resend_at = now + self._resend_delay
        # What is overdue was lost as well: no need to wait for the timer again.
        if now - self._in_flight[0].sent_at >= self._options.resend:
            self._resend_oldest(now)

    def _take_in_order(self, kind: int, body: bytes) -> None:
        if kind != HELLO_TYPE:
            if not self._is_up:
                raise ProtocolError("a message before the greeting")
            return self._owner.on_message(kind, body)
        theirs, ours = Hello.decode(body), self._options.hello
        if self._is_up:
            raise ProtocolError("a greeting that makes no sense")
        if theirs.min_version > ours.max_version or theirs.max_version < ours.min_version:
            raise ProtocolError(
                f"the other end speaks {_versions(theirs.min_version, theirs.max_version)}, "
                f"this one {_versions(ours.min_version, ours.max_version)}; "
                "use the same release on both ends"
            )
        self._is_up = True
        return self._owner.on_up()

    def _resend_oldest(self, now: float) -> None:
        """The oldest one tells the most: the others may only wait for it."""
        oldest = self._in_flight[0]
        oldest.sent_at = now
        self._transmit(oldest.kind, oldest.seq, oldest.body)

    def _fail(self, error: UnmaskError) -> None:
        if self._is_down:
            return
        self._is_down = True
        self._waiting.clear()
        self._in_flight.clear()
        self._early.clear()
        self._owner.on_down(error)
