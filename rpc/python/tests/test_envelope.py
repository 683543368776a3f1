import random
import unittest

from unmask.crc32c import crc32c
from unmask.envelope import HEADER_BYTES, Envelope, make_frame, parse_frame
from unmask.errors import ProtocolError

# What rpc/envelope.cc makes of the same values (tests/unit/rpc/envelope_test.cc has it too).
ENVELOPE = Envelope(
    type=7, epoch=5, node=9, incarnation=0xDEADBEEF, seq=3, ack=2, deadline_us=1000, credit=250
)
FRAME = bytes.fromhex(
    "554e4d4b010007000000400005000000050000000000000009000000efbeadde"
    "03000000000000000200000000000000e8030000fa0000006bbd25e000000000"
    "68656c6c6f"
)


class Crc32cTest(unittest.TestCase):
    def test_known_answer(self) -> None:
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)

    def test_parts_are_the_same_as_the_whole(self) -> None:
        data = b"the quick brown fox jumps over the lazy dog"
        for cut in range(len(data) + 1):
            self.assertEqual(crc32c(data[cut:], crc32c(data[:cut])), crc32c(data))


class EnvelopeTest(unittest.TestCase):
    def test_a_frame_has_the_bytes_of_the_server_s(self) -> None:
        self.assertEqual(make_frame(ENVELOPE, b"hello"), FRAME)

    def test_a_frame_comes_back_as_it_was(self) -> None:
        self.assertEqual(parse_frame(FRAME), (ENVELOPE, b"hello"))

    def test_every_flipped_bit_is_found(self) -> None:
        for bit in range(8 * len(FRAME)):
            broken = bytearray(FRAME)
            broken[bit // 8] ^= 1 << bit % 8
            with self.assertRaises(ProtocolError, msg=f"bit {bit}"):
                parse_frame(bytes(broken))

    def test_every_truncation_is_refused(self) -> None:
        for size in range(len(FRAME)):
            with self.assertRaises(ProtocolError):
                parse_frame(FRAME[:size])

    def test_random_bytes_are_refused(self) -> None:
        rng = random.Random(1)
        for _ in range(1000):
            with self.assertRaises(ProtocolError):
                parse_frame(rng.randbytes(rng.randrange(4 * HEADER_BYTES)))


if __name__ == "__main__":
    unittest.main()
