"""A job as a client without an event loop sees it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import suppress
from typing import Any, TypeVar, cast

from . import job
from .errors import UnmaskError
from .loop_thread import LoopThread
from .messages import Block, JobResult

END_WITHIN = 5.0  # seconds that an interrupted caller waits for its jobs to end

T = TypeVar("T")


class Job:
    """One submitted job; made by Client.submit() and Client.attach() of `unmask.sync`.

    Iterating gives its blocks, each once and in order, from the first one; it ends when the job
    does, and raises what the job failed with. Any number of iterations may run, in any threads.
    What has come stays readable when the client is closed.

    A KeyboardInterrupt while this waits cancels the job, unless it was attached or is detached.
    """

    def __init__(
        self, followed: job.Job, thread: LoopThread, client: object, *, is_ours: bool
    ) -> None:
        self._job = followed
        self._thread = thread
        self._client = client  # which leaves when nobody has it any more
        self._is_ours = is_ours  # ends with its client

    @property
    def id(self) -> str:
        return self._job.id

    @property
    def prompt_tokens(self) -> int:
        """Length of the prompt, as the server tokenized it."""
        return self._job.prompt_tokens

    @property
    def canvas_length(self) -> int:
        """Positions of prompt and answer together."""
        return self._job.canvas_length

    @property
    def is_resend(self) -> bool:
        """The server had this job already when it was submitted."""
        return self._job.is_resend

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What is finished so far."""
        return self._job.blocks

    @property
    def is_finished(self) -> bool:
        return self._job.is_finished

    def __iter__(self) -> Iterator[Block]:
        return self._each(self._job.__aiter__())

    def events(self) -> Iterator[job.Event]:
        """Places in the queue, frames (if the job was submitted with them) and blocks, as they
        come. For one reader: what is told once is not told again."""
        return self._each(self._job.events())

    def result(self, timeout: float | None = None) -> JobResult:
        """Waits for the end; raises what the job failed with. A job that was cancelled, or whose
        deadline passed, is a result with what it had (`finish_reason`). Raises TimeoutError after
        `timeout` seconds; the job goes on."""
        return self._wait(self._job.result(), timeout)

    def cancel(self) -> JobResult:
        """Asks the server to end the job, and waits for the end; it may have finished before."""
        return self._wait(self._job.cancel())

    def _each(self, news: AsyncGenerator[T, None]) -> Iterator[T]:
        # Left to the garbage collector, in whichever thread, it is closed by its own loop.
        while (told := self._wait(_next(news))) is not None:
            yield told

    def _wait(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        # Nothing of a job changes after its end, so any thread may read it, whoever is closed.
        if self._job.is_finished:
            return _result_of(coroutine)
        try:
            return self._thread.run(coroutine, timeout)
        except KeyboardInterrupt:
            if self._is_ours:
                with suppress(UnmaskError, TimeoutError):
                    self._thread.run(self._job.cancel(), END_WITHIN)
            raise


async def _next(news: AsyncGenerator[T, None]) -> T | None:
    return await anext(news, None)


def _result_of(coroutine: Coroutine[Any, Any, T]) -> T:
    """Of a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    raise AssertionError("a job that has ended is waited for")
