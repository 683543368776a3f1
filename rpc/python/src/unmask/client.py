"""The asynchronous client."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, SupportsIndex

from .decode import decode
from .encode import encode_attach, encode_cancel, encode_question, encode_submit
from .endpoint import Curve, resolve_endpoint
from .errors import InvalidArgument, Overloaded, Unavailable, UnmaskError
from .job import Job
from .messages import ClusterStatus, JobInput, JobResult, JobSummary, Submission
from .schema import MessageType
from .session import Session
from .submission import Value, job_id_of, make_submission

_MAX_QUESTIONS = 1024  # without an answer; the gateway takes no more
_ASK_AGAIN_AFTER = 0.25  # while a server that just came back is not ready, or takes no more


class _Watched:
    """A job of this client, and how to ask for it again."""

    def __init__(self, job: Job, submission: Submission | None) -> None:
        self.job = job
        self.submission = submission  # None: somebody else submitted it
        self.is_attached = False  # it is followed all the same
        self.frames = False  # wanted of one that is attached
        self.is_cancelling = False
        self.was_refused = False  # for now; submitted again soon
        self.resume_until = 0.0  # refusals that pass are not final before
        self._began = asyncio.get_running_loop().time()

    def is_only_of_cancel(self, end: object) -> bool:
        """Whether `end` answers a cancel that found the job where its submission was refused or
        has not arrived: it has no text then and comes before the blocks, and both come with the
        answer to the submission."""
        if self.submission is None or not self.is_cancelling:
            return False
        num_blocks = end.figures.blocks if isinstance(end, JobResult) else 0
        return self.was_refused or num_blocks > self.job.last_block + 1

    def left(self) -> Submission:
        """The job with what is left of its deadline."""
        assert self.submission is not None
        if not self.submission.deadline_ms:
            return self.submission
        passed = round(1000 * (asyncio.get_running_loop().time() - self._began))
        left = max(self.submission.deadline_ms - passed, 1)
        return replace(self.submission, deadline_ms=left)


def connect(
    endpoint: str | None = None,
    *,
    curve: Curve | None = None,
    connect_timeout: float = 5.0,
    reconnect_timeout: float = 30.0,
) -> Client:
    """A client for `async with`; endpoint: tcp://HOST:PORT, else $UNMASK_ENDPOINT, else this
    machine's default gateway.

    Entering it raises ConnectError if nobody answers within `connect_timeout` seconds, or at once
    if the gateway refuses the keys. A connection that breaks later is made again, and every job
    goes on after its last block; if that does not succeed within `reconnect_timeout` seconds, what
    waits raises ConnectionLost.
    """
    return Client(resolve_endpoint(endpoint), curve, connect_timeout, reconnect_timeout)


class Client:
    """A connection to a cluster; made by connect().

    All methods belong to the event loop that entered it.
    """

    def __init__(
        self,
        endpoint: str,
        curve: Curve | None,
        connect_timeout: float,
        reconnect_timeout: float,
    ) -> None:
        self._session = Session(
            endpoint, curve, reconnect_timeout, self._resume, self._take, self._fail
        )
        self._connect_timeout = connect_timeout
        self._watched: dict[str, _Watched] = {}
        self._questions: dict[int, tuple[MessageType, asyncio.Future[Any]]] = {}
        self._numbers = itertools.count(1)
        self._asked_again: set[str] = set()  # jobs, soon

    @property
    def endpoint(self) -> str:
        return self._session.endpoint

    async def __aenter__(self) -> Self:
        await self._session.open(self._connect_timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Leaves; the jobs go on at the server, what waits here raises ConnectionLost."""
        await self._session.close()

    # ---- What a user asks for ----

    async def submit(
        self,
        /,  # so that a parameter of the server may have any name
        job: JobInput | None,
        *,
        gen_length: SupportsIndex | None = None,
        block_length: SupportsIndex | None = None,
        strategy: str | None = None,
        stop: str | Sequence[str] = (),
        deadline: float | timedelta | None = None,
        job_id: str | bytes | uuid.UUID | None = None,
        model: str = "",
        raw: bool = False,
        special_tokens: bool = False,
        holes: Sequence[tuple[SupportsIndex, SupportsIndex]] = (),
        template: str | None = None,
        json_template: Any = None,
        json_schema: Any = None,
        frames: bool = False,
        detached: bool = False,
        priority: SupportsIndex = 0,
        **params: Value | None,
    ) -> Job:
        """Submits a prompt, a chat ([{"role", "content"}, ...]) or token ids, and returns when
        the server has taken the job.

        `params` are the server's diffusion parameters (`unmask run --help=strategy` lists them);
        `deadline` is in seconds. With `special_tokens` the model's control tokens in a `raw` prompt
        are tokens; without, they are text. A `template` is a text
        with holes, "Dear {{name:4}}, ..." of 4 tokens, that is filled in as the answer to the
        prompt or chat, or, if the job is None, by itself: the result's `text` is all of it, and its
        `fills` are the holes' texts by name. A `json_template` is JSON (text, or what json.dumps
        takes) with holes in its strings, a `json_schema` a JSON Schema; the answer always parses.
        A `detached` job goes on without its client: attach()
        fetches it. Of the jobs that wait those of the highest `priority` are next. The id is made
        here unless given: the same id and body again is the same job, whoever submits it. Raises
        the server's refusal.
        """
        submission = make_submission(
            job,
            job_id=job_id,
            model=model,
            raw=raw,
            special_tokens=special_tokens,
            holes=holes,
            template=template,
            json_template=json_template,
            json_schema=json_schema,
            stop=stop,
            deadline=deadline,
            frames=frames,
            detached=detached,
            priority=priority,
            parameters={
                "gen_length": gen_length,
                "block_length": block_length,
                "strategy": strategy,
                **params,
            },
        )
        encode_submit(submission)  # refuses what the server would not read
        known = self._watched.get(submission.job_id)
        if known is not None and known.submission != submission:
            raise InvalidArgument("another job already has this job id")
        watched = known or self._watch(submission.job_id, submission)
        try:
            await watched.job.accepted()
        except asyncio.CancelledError:
            self._ask_to_cancel(submission.job_id)
            raise
        return watched.job

    async def cancel(self, job_id: str | bytes | uuid.UUID) -> None:
        """Ends a job, whoever submitted it, and returns when it has ended."""
        key = job_id_of(job_id)
        watched = self._watched.get(key) or self._watch(key, None)
        await watched.job.cancel()

    async def attach(self, job_id: str | bytes | uuid.UUID, *, frames: bool = False) -> Job:
        """Follows a job that was submitted before, perhaps by another program, from its first
        block; returns when the server knows it. Raises NotFound if it does not."""
        key = job_id_of(job_id)
        watched = self._watched.get(key)
        if watched is None or not (watched.submission or watched.is_attached):
            watched = watched or self._watch(key, None)
            watched.is_attached = True
            watched.frames = bool(frames)
            if not self._ask_for(key):
                self._ask_again_soon(key)
        await watched.job.accepted()
        return watched.job

    async def jobs(self) -> list[JobSummary]:
        """The jobs that the cluster holds. Raises why it does not say."""
        jobs: list[JobSummary] = await self._ask(MessageType.LIST_JOBS)
        return jobs

    async def status(self) -> ClusterStatus:
        """The cluster as its coordinator sees it. Raises why it does not say."""
        status: ClusterStatus = await self._ask(MessageType.GET_STATUS)
        return status

    # ---- What the session tells ----

    def _resume(self) -> bool:
        """The connection is back: asks for everything that has no answer yet; False: nothing."""
        until = asyncio.get_running_loop().time() + self._session.reconnect_timeout
        # First, because a link takes more than there may be.
        for number, (kind, _) in self._questions.items():
            self._session.send(kind, encode_question(number))
        for key, watched in self._watched.items():
            watched.resume_until = until
            if not self._ask_for(key):
                self._ask_again_soon(key)
        return bool(self._watched or self._questions)

    def _fail(self, error: UnmaskError) -> None:
        """Nothing will be answered any more."""
        for watched in self._watched.values():
            watched.job.take(error)
        self._watched.clear()
        for _, answer in self._questions.values():
            if not answer.done():
                answer.set_exception(error)
        self._questions.clear()

    def _take(self, kind: int, body: bytes) -> None:
        """One message of the server. Raises ProtocolError if it makes no sense."""
        news = decode(kind, body)
        if news is None:
            return
        key, value = news
        if isinstance(key, int):
            _, answer = self._questions.get(key, (None, None))
            if answer is None or answer.done():
                return
            if isinstance(value, UnmaskError):
                answer.set_exception(value)
            else:
                answer.set_result(value)
            return
        watched = self._watched.get(key)
        if watched is None:
            return
        if kind == MessageType.FINISHED and watched.is_only_of_cancel(value):
            self._ask_again_soon(key)
            return
        if kind == MessageType.REJECTED and self._will_pass(key, watched, value):
            return
        watched.job.take(value)
        if watched.job.is_finished:
            del self._watched[key]

    def _will_pass(self, key: str, watched: _Watched, value: object) -> bool:
        """A gateway that just came back may not be ready: a job that it was asked to go on with
        is asked for again until the time is over."""
        loop = asyncio.get_running_loop()
        if not isinstance(value, Overloaded | Unavailable) or loop.time() >= watched.resume_until:
            return False
        watched.was_refused = True
        self._ask_again_soon(key)
        return True

    # ---- Jobs and questions ----

    def _watch(self, key: str, submission: Submission | None) -> _Watched:
        self._session.check()
        watched = _Watched(Job(key, lambda: self._ask_to_cancel(key)), submission)
        self._watched[key] = watched
        if submission is not None and not self._ask_for(key):
            del self._watched[key]
            raise Overloaded("too much waits to be sent to the server")
        return watched

    def _ask_for(self, key: str) -> bool:
        """False: too much waits to be sent."""
        watched = self._watched.get(key)
        is_sent = True
        if watched is None:
            return is_sent
        watched.was_refused = False
        if watched.submission is not None:
            body = encode_submit(watched.left(), watched.job.last_block)
            is_sent = self._session.send(MessageType.SUBMIT, body)
        elif watched.is_attached:
            body = encode_attach(key, watched.frames, watched.job.last_block)
            is_sent = self._session.send(MessageType.ATTACH, body)
        if watched.is_cancelling:
            is_sent = self._session.send(MessageType.CANCEL, encode_cancel(key)) and is_sent
        return is_sent

    def _ask_to_cancel(self, key: str) -> None:
        watched = self._watched.get(key)
        if watched is not None:
            watched.is_cancelling = True
            if not self._session.send(MessageType.CANCEL, encode_cancel(key)):
                self._ask_again_soon(key)

    def _ask_again_soon(self, key: str) -> None:
        def ask_again() -> None:
            self._asked_again.discard(key)
            if not self._ask_for(key):
                self._ask_again_soon(key)

        if key not in self._asked_again:
            self._asked_again.add(key)
            asyncio.get_running_loop().call_later(_ASK_AGAIN_AFTER, ask_again)

    async def _ask(self, kind: MessageType) -> Any:
        self._session.check()
        if len(self._questions) >= _MAX_QUESTIONS:
            raise Overloaded(f"{len(self._questions)} questions wait for their answers")
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._questions[number] = (kind, answer)
        try:
            if not self._session.send(kind, encode_question(number)):
                raise Overloaded("too much waits to be sent to the server")
            return await answer
        finally:
            self._questions.pop(number, None)
