"""A job as its client sees it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

from .decode import JobNews
from .errors import UnmaskError
from .messages import Accepted, Block, Frame, JobResult, Queued

MAX_EVENTS = 1024  # kept for a slow reader of events(); beyond it frames are lost, oldest first

Event = Queued | Frame | Block


class Job:
    """One submitted job; made by Client.submit().

    Iterating gives its blocks, each once and in order, from the first one; it ends when the job
    does, and raises what the job failed with. Any number of iterations may run.
    """

    def __init__(self, job_id: str, ask_to_cancel: Callable[[], None]) -> None:
        self.id = job_id
        self._ask_to_cancel = ask_to_cancel
        self._accepted: Accepted | None = None
        self._blocks: list[Block] = []
        self._events: deque[Event] = deque()
        self._end: JobResult | UnmaskError | None = None
        self._news: asyncio.Future[None] | None = None

    @property
    def prompt_tokens(self) -> int:
        """Length of the prompt, as the server tokenized it."""
        return self._accepted.prompt_tokens if self._accepted else 0

    @property
    def canvas_length(self) -> int:
        """Positions of prompt and answer together."""
        return self._accepted.canvas_length if self._accepted else 0

    @property
    def is_resend(self) -> bool:
        """The server had this job already when it was submitted."""
        return self._accepted is not None and self._accepted.is_resend

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What is finished so far."""
        return tuple(self._blocks)

    @property
    def is_finished(self) -> bool:
        return self._end is not None

    async def __aiter__(self) -> AsyncGenerator[Block, None]:
        told = 0
        while True:
            while told < len(self._blocks):
                told += 1
                yield self._blocks[told - 1]
            if self._end is not None:
                break
            await self._wait()
        if isinstance(self._end, UnmaskError):
            raise self._end

    async def events(self) -> AsyncGenerator[Event, None]:
        """Places in the queue, frames (if the job was submitted with them) and blocks, as they
        come. For one reader: what is told once is not told again."""
        while True:
            while self._events:
                yield self._events.popleft()
            if self._end is not None:
                break
            await self._wait()
        if isinstance(self._end, UnmaskError):
            raise self._end

    async def result(self) -> JobResult:
        """Waits for the end; raises what the job failed with. A job that was cancelled, or whose
        deadline passed, is a result with what it had (`finish_reason`)."""
        while self._end is None:
            await self._wait()
        if isinstance(self._end, UnmaskError):
            raise self._end
        return self._end

    async def cancel(self) -> JobResult:
        """Asks the server to end the job, and waits for the end; it may have finished before."""
        if self._end is None:
            self._ask_to_cancel()
        return await self.result()

    async def accepted(self) -> None:
        """Returns when the server has taken the job; raises what it was refused with."""
        while self._accepted is None and self._end is None:
            await self._wait()
        if self._accepted is None and isinstance(self._end, UnmaskError):
            raise self._end

    # ---- Told by the client ----

    @property
    def last_block(self) -> int:
        """Index of the last block that came; -1: none yet."""
        return self._blocks[-1].index if self._blocks else -1

    def take(self, news: JobNews) -> None:
        """Takes what the server tells. A block that is known already is no news."""
        if self._end is not None:
            return
        if isinstance(news, Accepted):
            self._accepted = self._accepted or news
        elif isinstance(news, UnmaskError):
            self._end = news
        elif isinstance(news, JobResult):
            self._end = self._complete(news)
        else:
            if isinstance(news, Block):
                if news.index <= self.last_block:
                    return
                self._blocks.append(news)
            self._keep(news)
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _complete(self, end: JobResult) -> JobResult:
        """An end before its time has the blocks that the servers know. If gateway and coordinator
        have both lost their memory, those may be fewer than were told, and what was told counts."""
        is_early = end.finish_reason not in ("stop", "length")
        if not is_early or len(self._blocks) <= end.figures.blocks:
            return end
        tokens = tuple(token for block in self._blocks for token in block.tokens)
        figures = replace(end.figures, tokens=len(tokens), blocks=len(self._blocks))
        text = "".join(block.text for block in self._blocks)
        return replace(end, text=text, tokens=tokens, figures=figures)

    def _keep(self, event: Event) -> None:
        if len(self._events) >= MAX_EVENTS:
            oldest = next((e for e in self._events if not isinstance(e, Block)), None)
            if oldest is not None:
                self._events.remove(oldest)
        self._events.append(event)

    async def _wait(self) -> None:
        if self._news is None or self._news.done():
            self._news = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._news)
