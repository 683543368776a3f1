import asyncio
import contextlib
import os
import pathlib
import socket
import tempfile
import unittest
from dataclasses import replace
from typing import Any, Self
from unittest import mock

import zmq
from zmq.auth.asyncio import AsyncioAuthenticator

from gateway import ClientEnd, FakeGateway, accepted, committed, finished, rejected

import unmask
from unmask.link import Hello, LinkOptions
from unmask.schema import MessageType, schema

BLOCKS = 4


def answer_at_once(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
    """Every job is accepted, has its blocks, and ends."""
    if kind != MessageType.SUBMIT:
        return
    job, after = message["job"], message["resumeAfterBlock"]
    client.tell(MessageType.ACCEPTED, accepted(job, after >= 0))
    for block in range(after + 1, BLOCKS):
        client.tell(MessageType.COMMITTED, committed(job, block))
    client.tell(MessageType.FINISHED, finished(job, BLOCKS))


async def blocks_of(job: unmask.Job) -> list[int]:
    return [block.index async for block in job]


class ClientTest(unittest.IsolatedAsyncioTestCase):
    async def test_blocks_come_in_order_and_make_up_the_text(self) -> None:
        async with FakeGateway(answer_at_once) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                job = await client.submit("hi", gen_length=16)
                blocks = [block async for block in job]
                result = await job.result()
        self.assertEqual([block.index for block in blocks], list(range(BLOCKS)))
        self.assertEqual("".join(block.text for block in blocks), result.text)
        self.assertEqual(result.finish_reason, "stop")
        self.assertEqual(job.prompt_tokens, 3)
        parameters = gateway.heard[0][1]["parameters"]
        self.assertEqual(parameters, [{"name": "gen_length", "value": "16"}])

    async def test_a_job_of_somebody_else_is_followed_from_its_first_block(self) -> None:
        job_id = unmask.new_job_id()

        def know_one(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            if message["job"].hex() != job_id:
                client.tell(MessageType.REJECTED, rejected(message["job"], 1, "no job has it"))
            else:
                answer_at_once(client, MessageType.SUBMIT, message)

        async with FakeGateway(know_one) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                job = await client.attach(job_id, frames=True)
                blocks = await blocks_of(job)
                self.assertEqual((await job.result()).job_id, job_id)
                with self.assertRaises(unmask.NotFound):
                    await client.attach(unmask.new_job_id())
        self.assertEqual(blocks, list(range(BLOCKS)))
        kind, message = gateway.heard[0]
        self.assertEqual(kind, MessageType.ATTACH)
        self.assertTrue(message["subscription"]["frames"])
        self.assertEqual(message["resumeAfterBlock"], -1)

    async def test_many_jobs_share_one_connection(self) -> None:
        async with FakeGateway(answer_at_once) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                jobs = await asyncio.gather(*(client.submit(f"job {i}") for i in range(100)))
                results = await asyncio.gather(*(job.result() for job in jobs))
            self.assertEqual(len(gateway.clients), 1)
        self.assertEqual([result.job_id for result in results], [job.id for job in jobs])

    async def test_a_refusal_is_raised_with_the_server_s_sentence(self) -> None:
        def refuse(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            sentence = "parameter 'treshold' is unknown; did you mean 'threshold'?"
            client.tell(MessageType.REJECTED, rejected(message["job"], 0, sentence))

        async with FakeGateway(refuse) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                with self.assertRaises(unmask.InvalidArgument) as raised:
                    await client.submit("hi", treshold=0.5)
        self.assertIn("did you mean 'threshold'", str(raised.exception))

    async def test_a_job_that_fails_raises_from_its_result_and_its_blocks(self) -> None:
        def fail(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            client.tell(MessageType.ACCEPTED, accepted(message["job"]))
            client.tell(MessageType.COMMITTED, committed(message["job"], 0))
            error = {"code": 6, "message": "a device failed"}
            end = schema.Finished.new_message(job=message["job"], reason=4, error=error)
            client.tell(MessageType.FINISHED, end)

        async with FakeGateway(fail) as gateway, unmask.connect(gateway.endpoint) as client:
            job = await client.submit("hi")
            with self.assertRaises(unmask.InternalError):
                await job.result()
            with self.assertRaises(unmask.InternalError):
                await blocks_of(job)
        self.assertEqual(len(job.blocks), 1)

    async def test_frames_and_places_in_the_queue_come_as_events(self) -> None:
        def show(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            job = message["job"]
            queued = schema.Queued.new_message(job=job, place=2, reason="the batch is full")
            client.tell(MessageType.QUEUED, queued)
            client.tell(MessageType.ACCEPTED, accepted(job))
            frame = schema.Frame.new_message(
                job=job, cells=[{"token": 7, "text": "x"}]
            )
            client.tell(MessageType.FRAME, frame)
            client.tell(MessageType.COMMITTED, committed(job, 0))
            client.tell(MessageType.FINISHED, finished(job, 1))

        async with FakeGateway(show) as gateway, unmask.connect(gateway.endpoint) as client:
            job = await client.submit("hi", frames=True)
            events = [event async for event in job.events()]
        kinds = [type(event).__name__ for event in events]
        self.assertEqual(kinds, ["Queued", "Frame", "Block"])
        self.assertTrue(gateway.heard[0][1]["subscription"]["frames"])

    async def test_a_cancelled_job_is_a_result_with_what_it_had(self) -> None:
        def wait(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            if kind == MessageType.SUBMIT:
                client.tell(MessageType.ACCEPTED, accepted(message["job"]))
                client.tell(MessageType.COMMITTED, committed(message["job"], 0))
            else:
                client.tell(MessageType.FINISHED, finished(message["job"], 1, reason=2))

        async with FakeGateway(wait) as gateway, unmask.connect(gateway.endpoint) as client:
            job = await client.submit("hi")
            result = await job.cancel()
            await client.cancel("ab" * 16)
        self.assertEqual(result.finish_reason, "cancelled")
        self.assertEqual(result.text, "<0>")
        self.assertEqual(gateway.heard[-1], (MessageType.CANCEL, {"job": b"\xab" * 16}))

    async def test_giving_up_on_a_submit_cancels_the_job(self) -> None:
        async with FakeGateway(lambda *_: None) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                with self.assertRaises(TimeoutError):
                    await asyncio.wait_for(client.submit("hi"), 0.2)
                while len(gateway.heard) < 2:
                    await asyncio.sleep(0.01)
        self.assertEqual(gateway.heard[1][0], MessageType.CANCEL)
        self.assertEqual(gateway.heard[1][1]["job"], gateway.heard[0][1]["job"])

    async def test_questions_are_answered_to_whom_asked(self) -> None:
        def reply(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            if kind == MessageType.LIST_JOBS:
                jobs = [{"job": b"\1" * 16, "state": 1, "ageMs": 1500}]
                request = message["request"]
                client.tell(
                    MessageType.JOB_LIST, schema.JobList.new_message(request=request, jobs=jobs)
                )
            else:
                status = schema.ClusterStatus.new_message(
                    request=message["request"],
                    model="tiny",
                    isReady=True,
                    members=[{"role": 2, "state": "ready"}],
                )
                client.tell(MessageType.CLUSTER_STATUS, status)

        async with FakeGateway(reply) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                jobs, status = await asyncio.gather(client.jobs(), client.status())
        self.assertEqual((jobs[0].state, jobs[0].age_seconds), ("running", 1.5))
        self.assertEqual((status.model, status.members[0].role), ("tiny", "worker"))

    async def test_a_question_may_be_answered_with_an_error(self) -> None:
        def refuse(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            error = {"code": 3, "message": "the coordinator cannot be reached"}
            request = message["request"]
            if kind == MessageType.LIST_JOBS:
                answer = schema.JobList.new_message(request=request, error=error)
                client.tell(MessageType.JOB_LIST, answer)
            else:
                answer = schema.ClusterStatus.new_message(request=request, error=error)
                client.tell(MessageType.CLUSTER_STATUS, answer)

        async with FakeGateway(refuse) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                for question in (client.jobs, client.status):
                    with self.assertRaisesRegex(unmask.Unavailable, "cannot be reached"):
                        await question()

    async def test_the_same_id_is_the_same_job_and_another_body_is_refused(self) -> None:
        def accept(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            client.tell(MessageType.ACCEPTED, accepted(message["job"]))

        async with FakeGateway(accept) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                first = await client.submit("hi", job_id="01" * 16)
                self.assertIs(await client.submit("hi", job_id="01" * 16), first)
                with self.assertRaisesRegex(unmask.InvalidArgument, "already has this job id"):
                    await client.submit("ho", job_id="01" * 16)


class Porch:
    """In front of a gateway: turns the first ones who connect away before the greeting, as a
    gateway does that is ending, and carries the bytes of those who come later."""

    def __init__(self, endpoint: str, turns_away: int) -> None:
        host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
        self._gateway = (host, int(port))
        self._carriers: set[asyncio.Task[None]] = set()
        self.turns_away = turns_away
        self.num_turned_away = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._admit, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for carrier in self._carriers:
            carrier.cancel()
        await asyncio.gather(*self._carriers, return_exceptions=True)

    @property
    def endpoint(self) -> str:
        return f"tcp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.turns_away > 0:
            self.turns_away -= 1
            self.num_turned_away += 1
            return writer.transport.abort()
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._gateway)
        except OSError:
            return writer.transport.abort()
        for source, target in ((reader, far_writer), (far_reader, writer)):
            carrier = asyncio.create_task(self._carry(source, target))
            self._carriers.add(carrier)
            carrier.add_done_callback(self._carriers.discard)

    @staticmethod
    async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                target.write(data)
        except OSError:
            pass
        finally:
            target.transport.abort()


class ReconnectTest(unittest.IsolatedAsyncioTestCase):
    async def test_a_job_goes_on_after_its_last_block_when_the_connection_comes_back(self) -> None:
        def two_blocks_a_life(
            client: ClientEnd, kind: MessageType, message: dict[str, Any]
        ) -> None:
            job, after = message["job"], message["resumeAfterBlock"]
            client.tell(MessageType.ACCEPTED, accepted(job))
            # One more than asked for: the client has it already.
            for block in range(max(after, 0), min(after + 3, 6)):
                client.tell(MessageType.COMMITTED, committed(job, block))
            if after >= 3:
                client.tell(MessageType.FINISHED, finished(job, 6))

        async with FakeGateway(two_blocks_a_life) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                job = await client.submit("hi")
                seen: list[int] = []
                async for block in job:
                    seen.append(block.index)
                    if block.index in (1, 3):
                        gateway.stop()
                        await asyncio.sleep(0.1)
                        await gateway.start()
                result = await job.result()
        self.assertEqual(seen, list(range(6)))
        self.assertEqual(result.text, "<0><1><2><3><4><5>")
        submits = [m for kind, m in gateway.heard if kind == MessageType.SUBMIT]
        self.assertEqual([m["resumeAfterBlock"] for m in submits], [-1, 1, 3])
        self.assertEqual(len({m["job"] for m in submits}), 1)

    async def test_a_gateway_that_is_not_ready_yet_is_asked_again(self) -> None:
        refusals = 0

        def refuse_twice(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            nonlocal refusals
            job, after = message["job"], message["resumeAfterBlock"]
            if after < 0:
                client.tell(MessageType.ACCEPTED, accepted(job))
                client.tell(MessageType.COMMITTED, committed(job, 0))
            elif refusals < 2:
                refusals += 1
                client.tell(
                    MessageType.REJECTED, rejected(job, 3, "the coordinator cannot be reached")
                )
            else:
                answer_at_once(client, kind, message)

        async with FakeGateway(refuse_twice) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                job = await client.submit("hi")
                while not job.blocks:
                    await asyncio.sleep(0.01)
                gateway.stop()
                await gateway.start()
                self.assertEqual(await blocks_of(job), list(range(BLOCKS)))
        self.assertEqual(refusals, 2)

    async def test_a_cancel_that_finds_a_job_before_it_is_served_again_keeps_its_blocks(
        self,
    ) -> None:
        is_ready = False

        def come_back_between(
            client: ClientEnd, kind: MessageType, message: dict[str, Any]
        ) -> None:
            nonlocal is_ready
            job = message["job"]
            if kind == MessageType.CANCEL:
                is_ready = True
                client.tell(MessageType.FINISHED, schema.Finished.new_message(job=job, reason=1))
            elif message["resumeAfterBlock"] < 0:
                client.tell(MessageType.ACCEPTED, accepted(job))
                client.tell(MessageType.COMMITTED, committed(job, 0))
            elif is_ready:
                answer_at_once(client, kind, message)
            else:
                client.tell(
                    MessageType.REJECTED, rejected(job, 3, "the coordinator cannot be reached")
                )

        async with FakeGateway(come_back_between) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                job = await client.submit("hi")
                while not job.blocks:
                    await asyncio.sleep(0.01)
                gateway.stop()
                cancelled = asyncio.create_task(job.cancel())
                await asyncio.sleep(0)
                await gateway.start()
                result = await cancelled
        self.assertEqual([block.index for block in job.blocks], list(range(BLOCKS)))
        self.assertNotEqual(result.text, "")

    async def test_an_end_that_answers_only_the_cancel_is_not_the_streams(self) -> None:
        def answer_both(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            job = message["job"]
            if kind == MessageType.SUBMIT:
                client.tell(MessageType.ACCEPTED, accepted(job))
                return
            figures = {"blocks": 1}
            for _ in range(2):
                end = schema.Finished.new_message(job=job, reason=2, figures=figures)
                client.tell(MessageType.FINISHED, end)
                client.tell(MessageType.COMMITTED, committed(job, 0))

        async with FakeGateway(answer_both) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                job = await client.submit("hi")
                result = await job.cancel()
        self.assertEqual(result.finish_reason, "cancelled")
        self.assertEqual(len(job.blocks), 1)

    async def test_a_job_that_is_cancelled_where_it_was_forgotten_has_what_was_told(self) -> None:
        def forget(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            job = message["job"]
            if kind == MessageType.CANCEL:
                figures = {"blocks": 1, "tokens": 1}
                end = schema.Finished.new_message(
                    job=job, reason=2, tokens=[0], text="<0>", figures=figures
                )
                client.tell(MessageType.FINISHED, end)
            elif message["resumeAfterBlock"] < 0:
                client.tell(MessageType.ACCEPTED, accepted(job))
                for block in range(3):
                    client.tell(MessageType.COMMITTED, committed(job, block))

        async with FakeGateway(forget) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                job = await client.submit("hi")
                while len(job.blocks) < 3:
                    await asyncio.sleep(0.01)
                gateway.stop()
                await gateway.start()
                result = await job.cancel()
        self.assertEqual(result.text, "<0><1><2>")
        self.assertEqual(result.tokens, tuple(t for block in job.blocks for t in block.tokens))
        self.assertEqual(result.figures.blocks, 3)
        self.assertEqual(result.figures.tokens, len(result.tokens))

    async def test_a_failure_behind_a_reconnect_is_no_refusal(self) -> None:
        def fail_later(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            job = message["job"]
            if message["resumeAfterBlock"] < 0:
                client.tell(MessageType.ACCEPTED, accepted(job))
                client.tell(MessageType.COMMITTED, committed(job, 0))
            else:
                error = {"code": 3, "message": "a worker was declared dead"}
                end = schema.Finished.new_message(job=job, reason=4, error=error)
                client.tell(MessageType.FINISHED, end)

        async with FakeGateway(fail_later) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                job = await client.submit("hi")
                while not job.blocks:
                    await asyncio.sleep(0.01)
                gateway.stop()
                await gateway.start()
                with self.assertRaises(unmask.Unavailable):
                    await job.result()
        self.assertEqual(len(gateway.heard), 2)

    async def test_what_finds_no_room_on_the_way_is_asked_for_again_soon(self) -> None:
        is_back = False

        def resume(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            if kind == MessageType.CANCEL:
                client.tell(MessageType.FINISHED, finished(message["job"], 0, reason=2))
            elif is_back:
                answer_at_once(client, kind, message)
            elif message["resumeAfterBlock"] < 0:
                client.tell(MessageType.ACCEPTED, accepted(message["job"]))
                client.tell(MessageType.COMMITTED, committed(message["job"], 0))

        narrow = LinkOptions(window=1, max_queued=2)
        with mock.patch("unmask.connection.LinkOptions", lambda: replace(narrow, hello=Hello())):
            async with FakeGateway(resume, LinkOptions(window=1)) as gateway:
                async with unmask.connect(gateway.endpoint) as client:
                    jobs = [await client.submit(f"job {i}") for i in range(8)]
                    # One is on its way and two wait, so that this one does not even wait.
                    more = [asyncio.create_task(client.submit(f"more {i}")) for i in range(3)]
                    await asyncio.sleep(0)
                    cancelled = await asyncio.wait_for(jobs.pop().cancel(), 5)
                    self.assertEqual(cancelled.finish_reason, "cancelled")
                    jobs += await asyncio.gather(*more)
                    while not all(job.blocks for job in jobs):
                        await asyncio.sleep(0.01)
                    gateway.stop()
                    is_back = True
                    await gateway.start()
                    async with asyncio.timeout(10):
                        for job in jobs:
                            self.assertEqual(await blocks_of(job), list(range(BLOCKS)))

    async def test_a_question_is_asked_again(self) -> None:
        def answer_later(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            if len(gateway.heard) > 1:
                status = schema.ClusterStatus.new_message(request=message["request"])
                client.tell(MessageType.CLUSTER_STATUS, status)

        async with FakeGateway(answer_later) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                asking = asyncio.create_task(client.status())
                while not gateway.heard:
                    await asyncio.sleep(0.01)
                gateway.stop()
                await gateway.start()
                self.assertFalse((await asking).is_ready)

    async def test_a_connection_that_does_not_come_back_ends_what_waits_in_time(self) -> None:
        async with FakeGateway(lambda *_: None) as gateway:
            async with unmask.connect(gateway.endpoint, reconnect_timeout=0.3) as client:
                asking = asyncio.create_task(client.status())
                while not gateway.heard:
                    await asyncio.sleep(0.01)
                gateway.stop()
                with self.assertRaisesRegex(unmask.ConnectionLost, gateway.endpoint):
                    await asyncio.wait_for(asking, 5)
                with self.assertRaises(unmask.ConnectionLost):
                    await client.submit("hi")

    async def test_an_idle_client_outlives_any_number_of_connections(self) -> None:
        async with FakeGateway(answer_at_once) as gateway:
            async with unmask.connect(gateway.endpoint, reconnect_timeout=1.0) as client:
                for _ in range(3):
                    gateway.stop()
                    await gateway.start()
                    while not gateway.clients:
                        await asyncio.sleep(0.01)
                    await asyncio.sleep(0.4)
                job = await client.submit("hi")
                self.assertEqual(await blocks_of(job), list(range(BLOCKS)))

    async def test_connections_without_any_answer_are_bounded_too(self) -> None:
        def drop(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            client.link.close(unmask.ProtocolError("this body is too large"))

        async with FakeGateway(drop) as gateway:
            async with unmask.connect(gateway.endpoint, reconnect_timeout=0.5) as client:
                with self.assertRaisesRegex(unmask.ConnectionLost, "too large"):
                    await asyncio.wait_for(client.submit("hi"), 5)

    async def test_a_gateway_that_sends_garbage_is_left(self) -> None:
        def garbage(client: ClientEnd, kind: MessageType, message: dict[str, Any]) -> None:
            client.transmit(b"garbage" * 20)

        async with FakeGateway(garbage) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                with self.assertRaises(unmask.ProtocolError):
                    await client.submit("hi")


class ConnectTest(unittest.IsolatedAsyncioTestCase):
    async def test_nobody_listening_is_said_in_time_with_the_endpoint(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            endpoint = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        with self.assertRaisesRegex(unmask.ConnectError, f"{endpoint}: nothing listens there"):
            async with asyncio.timeout(5), unmask.connect(endpoint, connect_timeout=0.3):
                pass

    async def test_a_gateway_that_hangs_up_before_its_greeting_is_dialed_again(self) -> None:
        async with FakeGateway(answer_at_once) as gateway, Porch(gateway.endpoint, 2) as porch:
            async with unmask.connect(porch.endpoint) as client:
                job = await client.submit("hi")
                self.assertEqual(await blocks_of(job), list(range(BLOCKS)))
                # The same when a connection that was is made again.
                porch.turns_away = 2
                gateway.stop()
                await gateway.start()
                job = await client.submit("ho")
                self.assertEqual(await blocks_of(job), list(range(BLOCKS)))
        self.assertEqual(porch.num_turned_away, 4)

    async def test_why_the_last_attempt_failed_is_said_once(self) -> None:
        async with FakeGateway(lambda *_: None) as gateway, Porch(gateway.endpoint, 0) as porch:
            async with unmask.connect(porch.endpoint, reconnect_timeout=0.4) as client:
                asking = asyncio.create_task(client.status())
                while not gateway.heard:
                    await asyncio.sleep(0.01)
                porch.turns_away = 1000
                gateway.stop()
                with self.assertRaises(unmask.ConnectionLost) as raised:
                    await asyncio.wait_for(asking, 5)
            self.assertRegex(
                str(raised.exception),
                f"^cannot reach {porch.endpoint}: what listens there does not answer as unmask "
                r"does, or not with the same CURVE keys \(tried for 0.4 s\), after the connection "
                f"was lost: the connection to {porch.endpoint} is gone$",
            )
            with self.assertRaisesRegex(unmask.ConnectError, "does not answer as unmask does"):
                async with unmask.connect(porch.endpoint, connect_timeout=0.3):
                    pass

    async def test_somebody_silent_is_left_in_time(self) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            endpoint = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
            with self.assertRaisesRegex(unmask.ConnectError, endpoint):
                async with asyncio.timeout(5), unmask.connect(endpoint, connect_timeout=0.3):
                    pass

    async def test_another_version_is_refused_at_once_in_words(self) -> None:
        options = LinkOptions(hello=Hello(min_version=7, max_version=8))
        async with FakeGateway(answer_at_once, options) as gateway:
            with self.assertRaisesRegex(unmask.ProtocolError, "protocol 7 to 8.*same release"):
                async with asyncio.timeout(5), unmask.connect(gateway.endpoint):
                    pass

    async def test_leaving_ends_what_waits_and_is_no_error_at_the_gateway(self) -> None:
        async with FakeGateway(lambda *_: None) as gateway:
            async with unmask.connect(gateway.endpoint) as client:
                asking = asyncio.create_task(client.status())
                await asyncio.sleep(0)
            with self.assertRaises(unmask.ConnectionLost):
                await asking
            while not gateway.heard:  # what was asked last has gone out
                await asyncio.sleep(0.01)
            (end,) = gateway.clients.values()
            self.assertIsNone(end.error)

    def test_endpoints_that_make_no_sense_are_quoted(self) -> None:
        wrong: tuple[Any, ...] = ("http://x:1", "tcp://:1", "host", "tcp://host:99999")
        wrong += (
            "tcp://host:x",
            "",
            "tcp://::1:7400",
            "tcp://a b:1",
            "tcp://a/b:1",
            "h:\u0661",
            7400,
        )
        for endpoint in wrong:
            with self.assertRaises(unmask.InvalidArgument) as raised:
                unmask.connect(endpoint)
            self.assertIn(repr(endpoint), str(raised.exception))
        self.assertEqual(unmask.connect("[::1]:7400").endpoint, "tcp://[::1]:7400")

    def test_the_endpoint_comes_from_the_environment_or_is_the_default(self) -> None:
        with patched_environment(UNMASK_ENDPOINT="tcp://10.0.0.1:1"):
            self.assertEqual(unmask.connect().endpoint, "tcp://10.0.0.1:1")
        with patched_environment(UNMASK_ENDPOINT=""):
            self.assertEqual(unmask.connect().endpoint, unmask.DEFAULT_ENDPOINT)


class CurveTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.public, self.secret = zmq.curve_keypair()
        (self.folder / "gateway.pub").write_bytes(self.public + b"\n")
        (self.folder / "client").write_bytes(zmq.curve_keypair()[1] + b"\n")

    def keys(self) -> unmask.Curve:
        return unmask.Curve.from_files(self.folder / "gateway.pub", self.folder / "client")

    async def test_a_job_is_served_over_an_encrypted_connection(self) -> None:
        async with FakeGateway(answer_at_once, secret_key=self.secret) as gateway:
            async with unmask.connect(gateway.endpoint, curve=self.keys()) as client:
                job = await client.submit("hi")
                self.assertEqual(await blocks_of(job), list(range(BLOCKS)))

    async def test_without_the_keys_nobody_gets_in(self) -> None:
        (self.folder / "gateway.pub").write_bytes(zmq.curve_keypair()[0])
        async with FakeGateway(answer_at_once, secret_key=self.secret) as gateway:
            for curve in (None, self.keys()):
                with self.assertRaises(unmask.ConnectError):
                    async with unmask.connect(gateway.endpoint, curve=curve, connect_timeout=0.5):
                        pass
        self.assertEqual(gateway.heard, [])

    async def test_a_refusal_of_the_keys_is_final_at_once(self) -> None:
        async with FakeGateway(answer_at_once, secret_key=self.secret) as gateway:
            guard = AsyncioAuthenticator(gateway.context)
            guard.start()
            guard.configure_curve(location=str(self.folder))  # which holds no key of a client
            try:
                with self.assertRaisesRegex(unmask.ConnectError, "refused the keys"):
                    async with asyncio.timeout(5):
                        async with unmask.connect(
                            gateway.endpoint, curve=self.keys(), connect_timeout=60
                        ):
                            pass
            finally:
                guard.stop()

    def test_a_file_that_holds_no_key_is_named(self) -> None:
        (self.folder / "client").write_text("secret")
        with self.assertRaisesRegex(unmask.InvalidArgument, "client' is not a key"):
            self.keys()
        (self.folder / "client").unlink()
        with self.assertRaisesRegex(unmask.InvalidArgument, "cannot read the key .*client"):
            self.keys()


class GenerateTest(unittest.TestCase):
    def test_one_call_is_one_job(self) -> None:
        async def serve() -> unmask.JobResult:
            async with FakeGateway(answer_at_once) as gateway:
                call = asyncio.to_thread(unmask.generate, gateway.endpoint, "hi", gen_length=16)
                return await call

        self.assertEqual(asyncio.run(serve()).text, "<0><1><2><3>")


@contextlib.contextmanager
def patched_environment(**values: str) -> Any:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


if __name__ == "__main__":
    unittest.main()
