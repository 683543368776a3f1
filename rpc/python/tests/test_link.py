import heapq
import itertools
import random
import unittest

from unmask.envelope import HELLO_TYPE, Envelope, make_frame
from unmask.errors import ConnectionLost, ProtocolError, UnmaskError
from unmask.link import Hello, Link, LinkOptions


class End:
    """One end in virtual time: its link and what it heard."""

    def __init__(self, world: "World", options: LinkOptions) -> None:
        self.world = world
        self.heard: list[int] = []
        self.events: list[str] = []
        self.errors: list[UnmaskError] = []
        self.peer: End | None = None
        self.link = Link(self, world.now, options)

    def transmit(self, frame: bytes) -> None:
        self.world.carry(self, frame)

    def on_up(self) -> None:
        self.events.append("up")

    def on_message(self, kind: int, body: bytes) -> None:
        self.events.append("message")
        self.heard.append(int.from_bytes(body, "little"))

    def on_down(self, error: UnmaskError) -> None:
        self.events.append("down")
        self.errors.append(error)


class World:
    """Two ends, and between them a network that loses, repeats and reorders frames."""

    def __init__(
        self,
        seed: int = 1,
        loss: float = 0.0,
        repeat: float = 0.0,
        a: LinkOptions | None = None,
        b: LinkOptions | None = None,
    ) -> None:
        self.now = 0.0
        self.loss = loss
        self.repeat = repeat
        self.rng = random.Random(seed)
        self.in_flight: list[tuple[float, int, End, bytes]] = []
        self.order = itertools.count()
        self.max_in_flight = 0
        self.a = End(self, a or LinkOptions())
        self.b = End(self, b or LinkOptions())
        self.a.peer, self.b.peer = self.b, self.a

    def carry(self, sender: End, frame: bytes) -> None:
        for _ in range(2 if self.rng.random() < self.repeat else 1):
            if self.rng.random() < self.loss:
                continue
            at = self.now + self.rng.uniform(0.0001, 0.02)
            heapq.heappush(self.in_flight, (at, next(self.order), sender, frame))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            due = [link.next_tick() for link in (self.a.link, self.b.link)]
            times = [at for at in due if at is not None]
            times += [self.in_flight[0][0]] if self.in_flight else []
            if not times or min(times) > end:
                break
            self.now = max(self.now, min(times))
            while self.in_flight and self.in_flight[0][0] <= self.now:
                _, _, sender, frame = heapq.heappop(self.in_flight)
                if sender.peer is not None:
                    sender.peer.link.receive(frame, self.now)
            for link in (self.a.link, self.b.link):
                link.tick(self.now)
        self.now = end


def send(world: World, number: int) -> bool:
    return world.a.link.send(12, number.to_bytes(8, "little"), world.now)


class LinkTest(unittest.TestCase):
    def test_messages_arrive_once_and_in_order_though_frames_are_lost(self) -> None:
        for seed in range(20):
            world = World(seed, loss=0.1, repeat=0.1)
            for number in range(200):
                self.assertTrue(send(world, number))
            world.run(600)
            self.assertEqual(world.b.heard, list(range(200)), f"seed {seed}")
            self.assertEqual(world.b.events[0], "up")
            self.assertFalse(world.b.errors)

    def test_no_more_is_in_flight_than_the_other_end_has_room_for(self) -> None:
        world = World(b=LinkOptions(window=4))
        world.run(1)
        first = len(world.in_flight)
        for number in range(100):
            send(world, number)
        self.assertLessEqual(len(world.in_flight) - first, 4)
        world.run(60)
        self.assertEqual(world.b.heard, list(range(100)))

    def test_a_sender_is_told_when_too_much_waits(self) -> None:
        world = World(loss=1.0, a=LinkOptions(max_queued=10))
        sent = 0
        while send(world, sent):
            sent += 1
            self.assertLess(sent, 1000)
        self.assertGreaterEqual(sent, 10)

    def test_bytes_that_wait_are_bounded(self) -> None:
        world = World(loss=1.0, a=LinkOptions(max_queued_bytes=1000))
        self.assertTrue(world.a.link.send(12, bytes(900), 0))
        self.assertFalse(world.a.link.send(12, bytes(900), 0))

    def test_silence_ends_the_link_in_bounded_time(self) -> None:
        world = World(loss=1.0)
        world.run(60)
        self.assertEqual(world.a.events, ["down"])
        self.assertIsInstance(world.a.errors[0], ConnectionLost)
        self.assertFalse(send(world, 1))
        self.assertIsNone(world.a.link.next_tick())

    def test_an_idle_link_asks_for_nothing(self) -> None:
        world = World()
        world.run(5)
        self.assertIsNone(world.a.link.next_tick())
        self.assertIsNone(world.b.link.next_tick())

    def test_another_protocol_version_is_refused_on_both_ends_in_words(self) -> None:
        world = World(a=LinkOptions(hello=Hello(min_version=9, max_version=9)))
        world.run(5)
        for end in (world.a, world.b):
            self.assertEqual(end.events, ["down"])
            self.assertIsInstance(end.errors[0], ProtocolError)
            self.assertIn("protocol 9", str(end.errors[0]))
            self.assertIn("protocol 1", str(end.errors[0]))

    def test_garbage_ends_the_link_and_the_other_end_hears_why(self) -> None:
        world = World()
        world.run(1)
        world.a.link.receive(bytes(100), world.now)
        world.run(1)
        self.assertIsInstance(world.a.errors[0], ProtocolError)
        self.assertIsInstance(world.b.errors[0], ConnectionLost)
        self.assertIn("not unmask's", str(world.b.errors[0]))

    def test_a_message_before_the_greeting_is_refused(self) -> None:
        world = World(loss=1.0)
        world.a.link.receive(make_frame(Envelope(type=12, seq=1)), 0)
        self.assertIsInstance(world.a.errors[0], ProtocolError)

    def test_a_second_greeting_is_refused(self) -> None:
        world = World(loss=1.0)
        for seq in (1, 2):
            frame = make_frame(Envelope(type=HELLO_TYPE, seq=seq), Hello().encode())
            world.a.link.receive(frame, 0)
        self.assertEqual(world.a.events, ["up", "down"])

    def test_frames_far_beyond_the_window_are_not_kept(self) -> None:
        world = World(loss=1.0)
        for seq in range(2, 3000):
            world.a.link.receive(make_frame(Envelope(type=12, seq=seq), b"x"), 0)
        self.assertLess(len(world.a.link._early), 257)


if __name__ == "__main__":
    unittest.main()
