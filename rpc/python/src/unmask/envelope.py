"""The fixed header in front of every body, as rpc/envelope.h has it.

    magic u32 | version u16 | type u16 | flags u16 | header_bytes u16 | body_bytes u32
    epoch u64 | node u32 | incarnation u32 | seq u64 | ack u64
    deadline_us u32 | credit u16 | 0 u16 | crc32c u32 | 0 u32

Little-endian. The checksum covers the header (with 0 in its place) and the body.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .crc32c import crc32c
from .errors import ProtocolError

PROTOCOL_VERSION = 1
HEADER_BYTES = 64
MAX_BODY_BYTES = 4 * 1024 * 1024

# Types that the link itself uses; those of messages are in schema.py.
ACK_TYPE = 0
BYE_TYPE = 0xFFFE
HELLO_TYPE = 0xFFFF

_MAGIC = 0x4B4D4E55  # "UNMK"
_HEADER = struct.Struct("<IHHHHIQIIQQIHHII")
_CRC = struct.Struct("<I")
_CRC_AT = 56
assert _HEADER.size == HEADER_BYTES


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the link says beside the body."""

    type: int = ACK_TYPE
    seq: int = 0  # of this link, from 1; 0: not sequenced, may be lost
    ack: int = 0  # everything up to here has arrived
    credit: int = 0  # how many more frames the sender of this would take
    incarnation: int = 0  # low half of the sender's
    version: int = PROTOCOL_VERSION
    epoch: int = 0
    node: int = 0
    deadline_us: int = 0


def make_frame(envelope: Envelope, body: bytes = b"") -> bytes:
    """One frame, ready to send."""
    header = bytearray(
        _HEADER.pack(
            _MAGIC,
            envelope.version,
            envelope.type,
            0,
            HEADER_BYTES,
            len(body),
            envelope.epoch,
            envelope.node,
            envelope.incarnation,
            envelope.seq,
            envelope.ack,
            envelope.deadline_us,
            envelope.credit,
            0,
            0,
            0,
        )
    )
    _CRC.pack_into(header, _CRC_AT, crc32c(body, crc32c(header)))
    return bytes(header) + body


def parse_frame(frame: bytes) -> tuple[Envelope, bytes]:
    """The header and the body of a frame from anybody.

    Raises ProtocolError: too short, not ours, lengths that lie, a wrong checksum. A version that
    is not ours is no error here: the link answers it.
    """
    if len(frame) < HEADER_BYTES:
        raise ProtocolError("a frame shorter than its header")
    fields = _HEADER.unpack_from(frame)
    magic, version, kind, _, header_bytes, body_bytes, epoch, node, incarnation = fields[:9]
    seq, ack, deadline_us, credit, _, crc, _ = fields[9:]
    if magic != _MAGIC:
        raise ProtocolError("a frame that is not unmask's")
    if header_bytes != HEADER_BYTES:
        raise ProtocolError("a header of another length")
    body = frame[HEADER_BYTES:]
    if body_bytes != len(body) or body_bytes > MAX_BODY_BYTES:
        raise ProtocolError("a body of another length than its header says")
    header = bytearray(frame[:HEADER_BYTES])
    _CRC.pack_into(header, _CRC_AT, 0)
    if crc != crc32c(body, crc32c(header)):
        raise ProtocolError("a frame with a wrong checksum")
    envelope = Envelope(kind, seq, ack, credit, incarnation, version, epoch, node, deadline_us)
    return envelope, body
