"""The package against a real cluster."""

from __future__ import annotations

import asyncio
import json
import subprocess
import unittest
from typing import Any

import unmask
from cluster import UNMASK, Cluster
from jobs import LONG, PROMPT
from wire import Wire

LONG_FLAGS = [
    *("--gen-length", "256", "--block-length", "16", "--strategy", "fixed"),
    *("--set", "steps=16", "--set", "early_stop=false"),
]

cluster: Cluster


def setUpModule() -> None:
    global cluster
    cluster = Cluster()


def tearDownModule() -> None:
    cluster.stop()


def cpp_submit(*arguments: str) -> dict[str, Any]:
    """What the C++ client makes of a job."""
    command = [UNMASK, "submit", "--json", "--endpoint", cluster.endpoint, *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result: dict[str, Any] = json.loads(output)
    return result


class LiveTest(unittest.IsolatedAsyncioTestCase):
    async def test_blocks_make_up_the_text_of_the_cpp_client(self) -> None:
        async with unmask.connect(cluster.endpoint) as client:
            job = await client.submit(PROMPT, gen_length=64, threshold=0.9)
            text = "".join([block.text async for block in job])
            result = await job.result()
        expected = cpp_submit("--gen-length", "64", "--threshold", "0.9", PROMPT)
        self.assertEqual(text, result.text)
        self.assertEqual(result.text, expected["text"])
        self.assertEqual(list(result.tokens), expected["token_ids"])
        self.assertEqual(result.figures.forwards, expected["forwards"])
        self.assertGreater(len(result.text), 0)

    async def test_frames_show_tokens_of_a_block_before_it_comes(self) -> None:
        async with unmask.connect(cluster.endpoint) as client:
            job = await client.submit(PROMPT, gen_length=32, block_length=32, frames=True)
            events = [event async for event in job.events()]
        shown: dict[int, unmask.Cell] = {}
        num_compared = 0
        for event in events:
            if isinstance(event, unmask.Frame):
                shown |= dict(enumerate(event.cells, event.begin))
            if isinstance(event, unmask.Block):
                for position, token in enumerate(event.tokens, event.begin):
                    # A frame may be lost: the last one may still have had a guess.
                    if position in shown and not shown[position].is_guess:
                        self.assertEqual(shown[position].token, token)
                        num_compared += 1
        self.assertGreater(num_compared, 0)
        self.assertTrue(any(cell.text for cell in shown.values()))

    async def test_a_chat_and_tokens_are_served_like_a_prompt(self) -> None:
        async with unmask.connect(cluster.endpoint) as client:
            prompt, chat, tokens = await asyncio.gather(
                client.submit(PROMPT, gen_length=32),
                client.submit([{"role": "user", "content": PROMPT}], gen_length=32),
                client.submit([5, 6, 7, 8], gen_length=16, mask_id=2043, eos_id=2040),
            )
            self.assertEqual((await prompt.result()).text, (await chat.result()).text)
            self.assertEqual((await tokens.result()).figures.prompt_tokens, 4)

    async def test_a_job_is_listed_while_it_runs_and_cancelled(self) -> None:
        async with unmask.connect(cluster.endpoint) as client:
            job = await client.submit(PROMPT, **LONG)
            async for _ in job:
                break
            (listed,) = [entry for entry in await client.jobs() if entry.job_id == job.id]
            self.assertEqual(listed.state, "running")
            result = await job.cancel()
            self.assertEqual(result.finish_reason, "cancelled")
            self.assertTrue(result.text.startswith(job.blocks[0].text))

    async def test_another_client_s_job_can_be_cancelled(self) -> None:
        async with unmask.connect(cluster.endpoint) as one, unmask.connect(cluster.endpoint) as two:
            job = await one.submit(PROMPT, **LONG)
            await two.cancel(job.id)
            self.assertEqual((await job.result()).finish_reason, "cancelled")
            with self.assertRaises(unmask.NotFound):
                await two.cancel("ab" * 16)

    async def test_the_status_says_who_serves_and_what_a_restart_loses(self) -> None:
        async with unmask.connect(cluster.endpoint) as client:
            status = await client.status()
        self.assertTrue(status.is_ready)
        roles = sorted(member.role for member in status.members)
        self.assertEqual(roles, ["coordinator", "gateway", "worker", "worker"])
        self.assertTrue(status.durability)
        self.assertGreater(status.kv_pages_total, 0)

    async def test_the_same_id_is_the_same_job_for_another_client(self) -> None:
        job_id = unmask.new_job_id()
        async with unmask.connect(cluster.endpoint) as client:
            first = await client.submit(PROMPT, gen_length=32, job_id=job_id)
            text = (await first.result()).text
        async with unmask.connect(cluster.endpoint) as client:
            again = await client.submit(PROMPT, gen_length=32, job_id=job_id)
            self.assertTrue(again.is_resend)
            self.assertEqual((await again.result()).text, text)
            with self.assertRaisesRegex(unmask.InvalidArgument, "already has this job id"):
                await client.submit("another", gen_length=32, job_id=job_id)

    async def test_a_stream_goes_on_after_every_cut_with_each_block_once(self) -> None:
        expected = cpp_submit(*LONG_FLAGS, PROMPT)
        async with Wire(cluster.endpoint) as wire, unmask.connect(wire.endpoint) as client:
            job = await client.submit(PROMPT, **LONG)
            indices = []
            async for block in job:
                indices.append(block.index)
                if block.index in (2, 7, 12):
                    wire.cut()
            result = await job.result()
        self.assertEqual(wire.num_connections, 4)
        self.assertEqual(indices, sorted(set(indices)))
        self.assertEqual(len(indices), 16)
        self.assertEqual("".join(block.text for block in job.blocks), expected["text"])
        self.assertEqual(result.text, expected["text"])
        self.assertEqual(list(result.tokens), expected["token_ids"])

    async def test_what_cannot_be_is_refused_with_the_server_s_sentence(self) -> None:
        async with unmask.connect(cluster.endpoint) as client:
            with self.assertRaisesRegex(unmask.InvalidArgument, "did you mean .?threshold"):
                await client.submit(PROMPT, treshold=0.5)
            with self.assertRaisesRegex(unmask.InvalidArgument, "gen_length"):
                await client.submit(PROMPT, gen_length=-1)
            with self.assertRaises(unmask.NotFound):
                await client.submit(PROMPT, model="another")
            # The connection is still good.
            self.assertTrue((await client.status()).is_ready)

    async def test_a_deadline_ends_a_job_with_what_it_had(self) -> None:
        async with unmask.connect(cluster.endpoint) as client:
            whole = await (await client.submit(PROMPT, **LONG)).result()
            # Less than the whole takes, more than its first block does: on a busy machine that
            # is found by trying.
            left = 1.0
            for _ in range(20):
                job = await client.submit(PROMPT, deadline=left, **LONG)
                result = await job.result()
                if result.finish_reason == "deadline" and result.text:
                    break
                left *= 1.5 if result.finish_reason == "deadline" else 0.6
        self.assertEqual(result.finish_reason, "deadline")
        self.assertEqual(result.text, "".join(block.text for block in job.blocks))
        self.assertTrue(result.text)
        self.assertLess(result.figures.forwards, whole.figures.forwards)
        self.assertTrue(whole.text.startswith(result.text))

    async def test_a_stop_string_ends_the_text_before_it(self) -> None:
        async with unmask.connect(cluster.endpoint) as client:
            whole = await (await client.submit(PROMPT, gen_length=64)).result()
            stop = whole.text[len(whole.text) // 2 :][:2]
            cut = await (await client.submit(PROMPT, gen_length=64, stop=stop)).result()
        self.assertEqual(cut.text, whole.text[: whole.text.index(stop)])

    async def test_many_jobs_at_once_have_the_text_of_each_alone(self) -> None:
        prompts = [f"Sort these numbers from small to large: {i}, 7, 31" for i in range(16)]
        async with unmask.connect(cluster.endpoint) as client:
            alone = [await (await client.submit(p, gen_length=32)).result() for p in prompts[:4]]
            jobs = await asyncio.gather(*(client.submit(p, gen_length=32) for p in prompts))
            together = await asyncio.gather(*(job.result() for job in jobs))
        self.assertEqual([r.text for r in alone], [r.text for r in together[:4]])


class GenerateTest(unittest.TestCase):
    def test_one_call_is_one_job(self) -> None:
        result = unmask.generate(cluster.endpoint, PROMPT, gen_length=32)
        self.assertEqual(result.text, cpp_submit("--gen-length", "32", PROMPT)["text"])


if __name__ == "__main__":
    unittest.main()
