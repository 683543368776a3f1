"""The client for programs without an event loop, and for notebooks, which run one already.

    with unmask.sync.connect("tcp://127.0.0.1:7400") as client:
        job = client.submit("What is 347 + 285?", gen_length=64)
        for block in job:
            print(block.text, end="", flush=True)
        print(job.result().figures)

The words are those of the asynchronous client. Everything here may be used by any threads at once,
but not across a fork.
"""

from __future__ import annotations

import asyncio
import functools
import weakref
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from . import client, job
from .endpoint import Curve
from .errors import UnmaskError
from .loop_thread import LoopThread
from .messages import JobInput, JobResult
from .sync_job import END_WITHIN, Job

__all__ = ["Client", "Job", "connect", "generate"]

P = ParamSpec("P")
T = TypeVar("T")


def connect(
    endpoint: str | None = None,
    *,
    curve: Curve | None = None,
    connect_timeout: float = 5.0,
    reconnect_timeout: float = 30.0,
) -> Client:
    """A client that is connected; close() or the end of a `with` ends it.

    Takes and raises what `unmask.connect` and entering its client do.
    """
    return Client(
        client.connect(
            endpoint,
            curve=curve,
            connect_timeout=connect_timeout,
            reconnect_timeout=reconnect_timeout,
        )
    )


def generate(
    endpoint: str | None,
    job: JobInput | None,
    *,
    curve: Curve | None = None,
    connect_timeout: float = 5.0,
    reconnect_timeout: float = 30.0,
    **submit: Any,
) -> JobResult:
    """Submits one job and waits for its end; takes what Client.submit() takes.

    A KeyboardInterrupt cancels the job.
    """
    with connect(
        endpoint,
        curve=curve,
        connect_timeout=connect_timeout,
        reconnect_timeout=reconnect_timeout,
    ) as connected:
        return connected.submit(job, **submit).result()


def _waits(
    method: Callable[Concatenate[client.Client, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Client, P], T]:
    """The method of the asynchronous client, waited for."""

    @functools.wraps(method)
    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._thread.run(method(self._client, *args, **kwargs))

    return call


def _gives_job(
    method: Callable[Concatenate[client.Client, P], Coroutine[Any, Any, job.Job]],
    is_ours: Callable[[dict[str, Any]], bool],
) -> Callable[Concatenate[Client, P], Job]:
    """The same of a method that returns a job. is_ours: of its arguments by name, whether the job
    ends with its client."""

    @functools.wraps(method)
    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Job:
        owned = is_ours(kwargs)

        async def follow() -> job.Job:
            followed = await method(self._client, *args, **kwargs)
            if owned:
                self._ours.add(followed)
            return followed

        return Job(self._thread.run(follow()), self._thread, self, is_ours=owned)

    return call


class Client:
    """A connection to a cluster; made by connect().

    It has a thread, which ends with it, with the last reference to it or a job of it, or with the
    program. If a KeyboardInterrupt leaves its `with`, the jobs that it submitted are cancelled but
    for detached ones; otherwise they go on at the server as those of an asynchronous client do.
    """

    def __init__(self, connecting: client.Client) -> None:
        self._client = connecting
        self._thread = LoopThread()
        # Of the loop's thread. Who is not finished is held by the asynchronous client.
        self._ours: weakref.WeakSet[job.Job] = weakref.WeakSet()
        self._leave = weakref.finalize(self, _leave, self._thread, connecting)
        try:
            self._thread.run(connecting.__aenter__())
        except BaseException:
            self.close()
            raise

    @property
    def endpoint(self) -> str:
        return self._client.endpoint

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is not None and issubclass(kind, KeyboardInterrupt):
                with suppress(UnmaskError, TimeoutError):
                    self._thread.run(_cancel_all(self._ours), END_WITHIN)
        finally:
            self.close()

    def close(self) -> None:
        """Leaves; the jobs go on at the server, what waits here raises ConnectionLost."""
        self._leave()

    submit = _gives_job(client.Client.submit, lambda named: not named.get("detached"))
    attach = _gives_job(client.Client.attach, lambda _: False)
    cancel = _waits(client.Client.cancel)
    jobs = _waits(client.Client.jobs)
    status = _waits(client.Client.status)


async def _cancel_all(jobs: weakref.WeakSet[job.Job]) -> None:
    ends = (followed.cancel() for followed in list(jobs) if not followed.is_finished)
    await asyncio.gather(*ends, return_exceptions=True)


def _leave(thread: LoopThread, connected: client.Client) -> None:
    with suppress(UnmaskError):
        thread.run(connected.close())
    thread.close()
