"""The client without an event loop, against a gateway that does what a script says."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import threading
import unittest
from collections.abc import Callable
from typing import Any, TypeVar

import unmask
from gateway import ClientEnd, FakeGateway, Script, accepted, committed, finished
from unmask.schema import MessageType

T = TypeVar("T")
HELD = "unmask client"  # the name of a client's thread


def answer_at_once(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
    if kind == MessageType.SUBMIT:
        client.tell(MessageType.ACCEPTED, accepted(message["job"]))
        for block in range(3):
            client.tell(MessageType.COMMITTED, committed(message["job"], block))
        client.tell(MessageType.FINISHED, finished(message["job"], 3))


def wait_for_cancel(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
    if kind == MessageType.SUBMIT:
        client.tell(MessageType.ACCEPTED, accepted(message["job"]))
        client.tell(MessageType.COMMITTED, committed(message["job"], 0))
    if kind == MessageType.CANCEL:
        client.tell(MessageType.FINISHED, finished(message["job"], 1, reason=2))


def num_threads() -> int:
    return sum(thread.name == HELD for thread in threading.enumerate())


def words_of(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


class SyncTest(unittest.IsolatedAsyncioTestCase):
    async def against(self, script: Script, use: Callable[[str], T]) -> T:
        """What `use` of the gateway's endpoint returns, in a thread without an event loop."""
        async with FakeGateway(script) as self.gateway:
            return await asyncio.to_thread(use, self.gateway.endpoint)

    def heard(self, kind: MessageType) -> int:
        return sum(heard == kind for heard, _ in self.gateway.heard)

    async def test_blocks_come_in_order_and_stay_when_the_client_is_closed(self) -> None:
        def use(endpoint: str) -> unmask.sync.Job:
            with unmask.sync.connect(endpoint) as client:
                job = client.submit("hello", gen_length=16)
                self.assertEqual([block.index for block in job], [0, 1, 2])
            return job

        job = await self.against(answer_at_once, use)
        self.assertEqual("".join(block.text for block in job), "<0><1><2>")
        self.assertEqual(job.result().text, "<0><1><2>")
        self.assertEqual(job.prompt_tokens, 3)
        self.assertEqual(len(list(job.events())), 3)
        self.assertEqual(num_threads(), 0)

    async def test_many_threads_share_one_client(self) -> None:
        def use(endpoint: str) -> list[str]:
            texts: list[str] = []
            with unmask.sync.connect(endpoint) as client:

                def ask() -> None:
                    texts.append("".join(block.text for block in client.submit("hello")))

                threads = [threading.Thread(target=ask) for _ in range(8)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            return texts

        self.assertEqual(await self.against(answer_at_once, use), ["<0><1><2>"] * 8)

    async def test_one_call_works_where_an_event_loop_runs(self) -> None:
        def use(endpoint: str) -> str:
            async def cell() -> str:
                return unmask.generate(endpoint, "hello").text

            return asyncio.run(cell())

        self.assertEqual(await self.against(answer_at_once, use), "<0><1><2>")
        self.assertEqual(num_threads(), 0)

    async def test_an_interrupt_in_a_with_cancels_what_it_submitted_but_for_detached_jobs(
        self,
    ) -> None:
        def use(endpoint: str) -> list[unmask.sync.Job]:
            with (
                contextlib.suppress(KeyboardInterrupt),
                unmask.sync.connect(endpoint) as client,
            ):
                jobs = [client.submit("a"), client.submit("b", detached=True)]
                raise KeyboardInterrupt
            return jobs

        job, detached = await self.against(wait_for_cancel, use)
        self.assertEqual(job.result().finish_reason, "cancelled")
        with self.assertRaises(unmask.ConnectionLost):
            detached.result()
        self.assertEqual(self.heard(MessageType.CANCEL), 1)

    async def test_a_wait_may_have_an_end_and_the_job_goes_on(self) -> None:
        def use(endpoint: str) -> str:
            with unmask.sync.connect(endpoint) as client:
                job = client.submit("hello")
                with self.assertRaises(TimeoutError):
                    job.result(timeout=0.01)
                self.assertFalse(job.is_finished)
                return job.cancel().finish_reason

        self.assertEqual(await self.against(wait_for_cancel, use), "cancelled")

    async def test_closing_ends_whoever_waits(self) -> None:
        def use(endpoint: str) -> list[Exception]:
            client = unmask.sync.connect(endpoint)
            errors: list[Exception] = []
            job = client.submit("hello")
            blocks = iter(job)
            next(blocks)

            def wait() -> None:
                try:
                    next(blocks)
                except unmask.UnmaskError as error:
                    errors.append(error)

            waiting = threading.Thread(target=wait)
            waiting.start()
            client.close()
            waiting.join()
            client.close()
            for late in (client.status, client.jobs, lambda: client.submit("again")):
                with self.assertRaises(unmask.ConnectionLost):
                    late()
            return errors

        (error,) = await self.against(wait_for_cancel, use)
        self.assertIsInstance(error, unmask.ConnectionLost)

    async def test_a_client_that_is_forgotten_leaves_no_thread(self) -> None:
        def use(endpoint: str) -> None:
            client = unmask.sync.connect(endpoint)
            client.submit("hello").result()
            self.assertEqual(num_threads(), 1)

        await self.against(answer_at_once, use)
        gc.collect()
        self.assertEqual(num_threads(), 0)

    def test_nobody_to_connect_to_is_an_error_and_leaves_no_thread(self) -> None:
        with self.assertRaises(unmask.ConnectError):
            unmask.sync.connect("tcp://127.0.0.1:1", connect_timeout=0.2)
        with self.assertRaises(unmask.InvalidArgument):
            unmask.sync.connect("somewhere")
        self.assertEqual(num_threads(), 0)

    def test_both_clients_have_the_same_words(self) -> None:
        self.assertEqual(words_of(unmask.sync.Client), words_of(unmask.Client))
        inner = {"accepted", "last_block", "take"}  # for the client
        self.assertEqual(words_of(unmask.sync.Job) - {"id"}, words_of(unmask.Job) - inner)
        for word in ("submit", "attach", "cancel", "jobs", "status"):
            both = [
                inspect.signature(getattr(kind, word)).parameters
                for kind in (unmask.sync.Client, unmask.Client)
            ]
            self.assertEqual(*both)
