"""Connections to one gateway, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import zmq.asyncio

from .connection import Connection
from .endpoint import Curve
from .errors import ConnectError, ConnectionLost, ProtocolError, UnmaskError

_FIRST_PAUSE = 0.05  # before the next attempt to connect; doubles
_MAX_PAUSE = 1.0


class _NotReached(Exception):
    """No attempt to connect succeeded in time."""


class Session:
    """Makes a connection, and another one whenever it breaks, until that takes too long.

    Tells on_again for every connection but the first (it says whether anything is waited for),
    on_message for every message, and on_failure once: nothing comes after it. Owns the ZeroMQ
    context.
    """

    def __init__(
        self,
        endpoint: str,
        curve: Curve | None,
        reconnect_timeout: float,
        on_again: Callable[[], bool],
        on_message: Callable[[int, bytes], None],
        on_failure: Callable[[UnmaskError], None],
    ) -> None:
        self.endpoint = endpoint
        self.reconnect_timeout = reconnect_timeout
        self._curve = curve
        self._on_again = on_again
        self._on_message = on_message
        self._on_failure = on_failure
        self._context: zmq.asyncio.Context | None = None
        self._connection: Connection | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._failure: UnmaskError | None = None
        self._outage_began: float | None = None  # until what is waited for comes

    async def open(self, timeout: float) -> None:
        """The first connection. Raises ConnectError if nobody answers in time or the keys are
        refused, ProtocolError for another version."""
        self._context = zmq.asyncio.Context(io_threads=1)
        now = asyncio.get_running_loop().time()
        try:
            connection = await self._dial(self._context, now, timeout)
        except BaseException as failure:
            self._context.destroy(linger=0)
            if not isinstance(failure, _NotReached):
                raise
            raise ConnectError(
                f"{failure}; is the cluster up, and is this the address of its gateway?"
            ) from None
        self._connection = connection
        self._keeper = asyncio.create_task(self._keep_connected(self._context, connection))

    def check(self) -> None:
        """Raises why nothing will be answered any more, if so."""
        if self._failure is not None:
            raise self._failure
        if self._keeper is None:
            raise ConnectionLost("the client is used outside of its `async with`")

    def send(self, kind: int, body: bytes) -> bool:
        """False if too much waits already. True while there is no connection: `on_again` is
        the place to send everything again."""
        return self._connection is None or self._connection.send(kind, body)

    async def close(self) -> None:
        """Ends the connection; what waits fails with ConnectionLost."""
        self._fail(ConnectionLost("the client was closed"))
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._connection is not None:
            self._connection.on_down(ConnectionLost("the client was closed"))
        if self._context is not None:
            self._context.destroy()

    async def _dial(self, context: zmq.asyncio.Context, began: float, timeout: float) -> Connection:
        """The first connection that greets. What will not pass is raised at once: keys that are
        refused, another version. Raises _NotReached if none does within `timeout` of `began`."""
        loop = asyncio.get_running_loop()
        end = began + timeout
        pause = _FIRST_PAUSE
        why = ""
        while loop.time() < end:
            connection = Connection(context, self.endpoint, self._curve, self._take)
            try:
                await asyncio.wait_for(connection.greeted(), end - loop.time())
                return connection
            except ConnectionLost as error:
                why = str(error)
            except TimeoutError:
                connection.on_down(ConnectionLost("nobody answered"))
            except asyncio.CancelledError:
                connection.on_down(ConnectionLost("nobody waits for it"))
                raise
            await asyncio.sleep(min(pause, max(end - loop.time(), 0)))
            pause = min(2 * pause, _MAX_PAUSE)
        raise _NotReached(
            f"cannot reach {self.endpoint}: {why} (tried for {timeout:g} s)"
            if why
            else f"nobody answered at {self.endpoint} within {timeout:g} s"
        )

    async def _keep_connected(self, context: zmq.asyncio.Context, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                error = await connection.ended
                self._connection = None
                if isinstance(error, ProtocolError):
                    raise error
                self._outage_began = self._outage_began or loop.time()
                await asyncio.sleep(_FIRST_PAUSE)
                # It may be over although connections come up: nothing comes through them.
                began, timeout = self._outage_began, self.reconnect_timeout
                try:
                    connection = self._connection = await self._dial(context, began, timeout)
                except (ConnectError, _NotReached) as failure:
                    raise ConnectionLost(
                        f"{failure}, after the connection was lost: {error}"
                    ) from None
                if not self._on_again():
                    self._outage_began = None
        except UnmaskError as error:
            self._fail(error)

    def _take(self, kind: int, body: bytes) -> None:
        self._outage_began = None
        self._on_message(kind, body)

    def _fail(self, error: UnmaskError) -> None:
        if self._failure is None:
            self._failure = error
            self._on_failure(error)
