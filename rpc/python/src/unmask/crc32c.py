"""CRC-32C (Castagnoli), the checksum of a frame."""

from __future__ import annotations

_POLYNOMIAL = 0x82F63B78  # reflected


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(_entry(byte) for byte in range(256))


def crc32c(data: bytes | bytearray, crc: int = 0) -> int:
    """The checksum of `data`, going on from `crc` of what came before."""
    table = _TABLE
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
