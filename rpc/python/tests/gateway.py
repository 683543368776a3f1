"""A gateway in a few lines, for tests: it speaks the link, and does what a script says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Self

import zmq
import zmq.asyncio

from unmask.errors import UnmaskError
from unmask.link import Link, LinkOptions
from unmask.schema import MessageType, schema

#: What a gateway does with a message: (the client's link end, type, message as a dict).
Script = Callable[["ClientEnd", MessageType, dict[str, Any]], None]

_BODIES = {
    MessageType.SUBMIT: schema.Submit,
    MessageType.CANCEL: schema.JobRef,
    MessageType.ATTACH: schema.Attach,
    MessageType.LIST_JOBS: schema.Question,
    MessageType.GET_STATUS: schema.Question,
}


class ClientEnd:
    """One client, as the gateway sees it."""

    def __init__(self, gateway: FakeGateway, identity: bytes, options: LinkOptions) -> None:
        self._gateway = gateway
        self._identity = identity
        self._loop = asyncio.get_running_loop()
        self.error: UnmaskError | None = None
        self.link = Link(self, self._loop.time(), options)

    def tell(self, kind: MessageType, message: Any) -> None:
        self.link.send(kind, message.to_bytes(), self._loop.time())

    def transmit(self, frame: bytes) -> None:
        self._gateway.route(self._identity, frame)

    def on_up(self) -> None:
        pass

    def on_message(self, kind: int, body: bytes) -> None:
        name = MessageType(kind)
        with _BODIES[name].from_bytes(body) as reader:
            message: dict[str, Any] = reader.to_dict()
        self._gateway.heard.append((name, message))
        self._gateway.script(self, name, message)

    def on_down(self, error: UnmaskError) -> None:
        self.error = error


class FakeGateway:
    """Listens on a free port of this machine while its `async with` lasts, unless stopped."""

    def __init__(
        self,
        script: Script,
        options: LinkOptions | None = None,
        secret_key: bytes | None = None,  # encrypted, if given
    ) -> None:
        self.script = script
        self.options = options
        self.secret_key = secret_key
        self.heard: list[tuple[MessageType, dict[str, Any]]] = []
        self.clients: dict[bytes, ClientEnd] = {}
        self.context = zmq.asyncio.Context()
        self._port = 0
        self._socket: zmq.asyncio.Socket | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def endpoint(self) -> str:
        return f"tcp://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop()
        self.context.destroy(linger=0)

    async def start(self) -> None:
        """Listens, on the same port as before."""
        socket = self.context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.LINGER, 0)
        if self.secret_key is not None:
            socket.setsockopt(zmq.CURVE_SERVER, 1)
            socket.setsockopt(zmq.CURVE_SECRETKEY, self.secret_key)
        if not self._port:
            self._port = socket.bind_to_random_port("tcp://127.0.0.1")
        while not socket.LAST_ENDPOINT:
            try:
                socket.bind(self.endpoint)
            except zmq.ZMQError:  # the last life's socket is not closed yet
                await asyncio.sleep(0.01)
        self._socket = socket
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._tick())]

    def stop(self) -> None:
        """Every connection breaks, and nobody listens."""
        for task in self._tasks:
            task.cancel()
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
        self.clients.clear()

    def route(self, identity: bytes, frame: bytes) -> None:
        if self._socket is not None:
            self._socket.send_multipart([identity, frame])

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while self._socket is not None:
            identity, frame = await self._socket.recv_multipart()
            client = self.clients.get(identity)
            if client is None:
                client = ClientEnd(self, identity, self.options or LinkOptions())
                self.clients[identity] = client
            client.link.receive(frame, loop.time())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(0.005)
            for client in self.clients.values():
                client.link.tick(asyncio.get_running_loop().time())


def accepted(job: bytes, is_resend: bool = False) -> Any:
    return schema.Accepted.new_message(job=job, isResend=is_resend, promptTokens=3, canvasLength=19)


def committed(job: bytes, block: int) -> Any:
    positions = {"begin": 3 + 4 * block, "end": 7 + 4 * block}
    return schema.Committed.new_message(
        job=job, block=block, positions=positions, tokens=[block] * 4, text=f"<{block}>"
    )


def finished(job: bytes, blocks: int, reason: int = 0) -> Any:
    text = "".join(f"<{block}>" for block in range(blocks))
    return schema.Finished.new_message(
        job=job, reason=reason, text=text, figures={"tokens": 4 * blocks, "forwards": blocks}
    )


def rejected(job: bytes, code: int, message: str) -> Any:
    return schema.Rejected.new_message(job=job, error={"code": code, "message": message})
