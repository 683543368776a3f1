"""One connection to a gateway: a DEALER socket, its monitor, and a link over it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import zmq
import zmq.asyncio
from zmq.utils.monitor import parse_monitor_message

from .endpoint import Curve
from .envelope import HEADER_BYTES, MAX_BODY_BYTES
from .errors import ConnectError, ConnectionLost, UnmaskError
from .link import Link, LinkOptions

_HIGH_WATER_MARK = 1000  # the link keeps queues far below it
_HANDSHAKE_MS = 2000
_LINGER_MS = 200  # for what was sent last

# Also what is seen of a gateway that ends, or is not quite up.
_NOT_GREETED = zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL


class Connection:
    """Frames in and out until the connection ends; it never comes back, a new one is made.

    Invariant: `ended` gets the reason once; nothing is told after it. A ConnectionLost may pass
    with the next connection; ConnectError (the keys were refused) and ProtocolError will not.
    """

    def __init__(
        self,
        context: zmq.asyncio.Context,
        endpoint: str,
        curve: Curve | None,
        on_message: Callable[[int, bytes], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_message = on_message
        self._endpoint = endpoint
        self.ended: asyncio.Future[UnmaskError] = self._loop.create_future()
        self._greeted: asyncio.Future[None] = self._loop.create_future()
        self._link: Link | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._socket = _dealer(context, endpoint, curve)
        self._monitor = self._socket.get_monitor_socket()
        self._tasks = [
            self._loop.create_task(self._watch()),
            self._loop.create_task(self._read()),
        ]
        self._socket.connect(endpoint)

    async def greeted(self) -> None:
        """Returns when the other end has said hello; raises why that will not happen."""
        either: set[asyncio.Future[Any]] = {self._greeted, self.ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if self.ended.done():
            raise self.ended.result()

    def send(self, kind: int, body: bytes) -> bool:
        """Queues a message; False if the connection is down or too much waits already."""
        if self._link is None:
            return False
        is_queued = self._link.send(kind, body, self._loop.time())
        self._arm()
        return is_queued

    # ---- What the link wants (LinkOwner) ----

    def transmit(self, frame: bytes) -> None:
        """A socket without room loses the frame: it is sent again."""
        sent: Any = self._socket.send(frame, zmq.DONTWAIT)
        if sent.done():
            sent.exception()  # looked at, so that nobody logs it

    def on_up(self) -> None:
        self._greeted.set_result(None)

    def on_message(self, kind: int, body: bytes) -> None:
        self._on_message(kind, body)

    def on_down(self, error: UnmaskError) -> None:
        """Ends the connection; what was sent before still goes out."""
        if self.ended.done():
            return
        self.ended.set_result(error)
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        self._socket.disable_monitor()
        self._monitor.close(linger=0)
        self._socket.close(linger=_LINGER_MS)

    # ---- The socket ----

    async def _watch(self) -> None:
        while not self.ended.done():
            event: Any = parse_monitor_message(await self._monitor.recv_multipart())
            if event["event"] & zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._link = Link(self, self._loop.time(), LinkOptions())
                self._arm()
            elif event["event"] & zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                self.on_down(ConnectError(f"{self._endpoint} refused the keys of this client"))
            elif event["event"] & _NOT_GREETED:
                self.on_down(
                    ConnectionLost(
                        "what listens there does not answer as unmask does, or not with the same "
                        "CURVE keys"
                    )
                )
            elif event["event"] & zmq.EVENT_CLOSED:
                self.on_down(ConnectionLost("nothing listens there"))
            elif event["event"] & zmq.EVENT_DISCONNECTED:
                self.on_down(ConnectionLost(f"the connection to {self._endpoint} is gone"))

    async def _read(self) -> None:
        while not self.ended.done():
            frame = await self._socket.recv()
            if self._link is not None:
                self._link.receive(frame, self._loop.time())
                self._arm()

    def _arm(self) -> None:
        """Wakes the link when it wants to be; never later than it said before."""
        due = self._link.next_tick() if self._link is not None else None
        if due is None or (self._timer is not None and self._timer.when() <= due):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._link is not None:
            self._link.tick(self._loop.time())
            self._arm()


def _dealer(context: zmq.asyncio.Context, endpoint: str, curve: Curve | None) -> zmq.asyncio.Socket:
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.MAXMSGSIZE, HEADER_BYTES + MAX_BODY_BYTES)
    socket.setsockopt(zmq.SNDHWM, _HIGH_WATER_MARK)
    socket.setsockopt(zmq.RCVHWM, _HIGH_WATER_MARK)
    socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
    socket.setsockopt(zmq.HEARTBEAT_IVL, 0)  # it would cut healthy connections
    socket.setsockopt(zmq.IMMEDIATE, 1)
    socket.setsockopt(zmq.RECONNECT_IVL, -1)  # a new connection is a new link
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, 10)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, 3)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, 3)
    # With it, a name would be looked up as IPv6 only.
    socket.setsockopt(zmq.IPV6, int("[" in endpoint))
    if curve is not None:
        socket.setsockopt(zmq.CURVE_SERVERKEY, curve.server_key)
        socket.setsockopt(zmq.CURVE_PUBLICKEY, curve.public_key)
        socket.setsockopt(zmq.CURVE_SECRETKEY, curve.secret_key)
    return socket
