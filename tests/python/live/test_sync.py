"""The client without an event loop, against a real cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import unittest

import unmask
from cluster import TIMEOUT, Cluster
from jobs import LONG, PROMPT

cluster: Cluster


def setUpModule() -> None:
    global cluster
    cluster = Cluster()


def tearDownModule() -> None:
    cluster.stop()


def interrupted(script: str) -> tuple[str, str]:
    """Runs a program that has the cluster's endpoint, PROMPT and LONG, interrupts it as Ctrl-C does once it
    has printed a line, and returns that line and what it wrote to stderr."""
    head = f"import unmask\nendpoint, PROMPT, LONG = {cluster.endpoint!r}, {PROMPT!r}, {LONG!r}\n"
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", head + script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        line = program.stdout.readline().strip()
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=TIMEOUT)
    return line, said


def state_of(job_id: str) -> tuple[str, str]:
    with unmask.sync.connect(cluster.endpoint) as client:
        (found,) = [job for job in client.jobs() if job.job_id == job_id]
    return found.state, found.outcome


class SyncTest(unittest.TestCase):
    def test_a_script_has_blocks_result_status_and_jobs(self) -> None:
        with unmask.sync.connect(cluster.endpoint) as client:
            job = client.submit(PROMPT, gen_length=64, threshold=0.9)
            text = "".join(block.text for block in job)
            result = job.result(timeout=TIMEOUT)
            self.assertTrue(client.status().is_ready)
            self.assertIn(job.id, [listed.job_id for listed in client.jobs()])
            followed = client.attach(job.id)
        self.assertEqual(text, result.text)
        self.assertTrue(text)
        self.assertEqual(followed.result().tokens, result.tokens)
        self.assertEqual(
            unmask.generate(cluster.endpoint, PROMPT, gen_length=64, threshold=0.9).text, text
        )

    def test_frames_and_templates_are_those_of_the_asynchronous_client(self) -> None:
        with unmask.sync.connect(cluster.endpoint) as client:
            job = client.submit("Write to Mia.", template="Dear {{name:4}}!", frames=True)
            events = list(job.events())
            filled = job.result()
            form = {"type": "object", "properties": {"age": {"type": "integer"}}}
            parsed = client.submit("Mia is 7.", json_schema={**form, "required": ["age"]})
            self.assertIsInstance(json.loads(parsed.result().text)["age"], int)
        self.assertEqual(filled.text, f"Dear {filled.fills['name']}!")
        self.assertTrue(any(isinstance(event, unmask.Frame) for event in events))
        self.assertTrue(any(isinstance(event, unmask.Block) for event in events))

    def test_a_job_can_be_cancelled_from_another_thread(self) -> None:
        with unmask.sync.connect(cluster.endpoint) as client:
            job = client.submit(PROMPT, **LONG)
            blocks = iter(job)
            first = next(blocks)
            other = threading.Thread(target=client.cancel, args=(job.id,))
            other.start()
            rest = list(blocks)
            other.join()
            result = job.result()
        self.assertEqual(result.finish_reason, "cancelled")
        self.assertEqual(result.text, "".join(block.text for block in [first, *rest]))

    def test_a_refusal_is_raised_with_the_server_s_sentence(self) -> None:
        with unmask.sync.connect(cluster.endpoint) as client:
            with self.assertRaisesRegex(unmask.InvalidArgument, "did you mean .?threshold"):
                client.submit(PROMPT, treshold=0.5)
            with self.assertRaises(unmask.NotFound):
                client.attach(unmask.new_job_id())

    def test_a_closed_client_leaves_no_thread_and_no_descriptor(self) -> None:
        def use() -> None:
            with unmask.sync.connect(cluster.endpoint) as client:
                client.submit(PROMPT, gen_length=16).result()

        use()  # what the first one loads stays
        before = len(os.listdir("/proc/self/fd")), threading.active_count()
        for _ in range(3):
            use()
        self.assertEqual((len(os.listdir("/proc/self/fd")), threading.active_count()), before)


class NotebookTest(unittest.IsolatedAsyncioTestCase):
    async def test_a_cell_of_a_running_event_loop_may_wait(self) -> None:
        client = unmask.sync.connect(cluster.endpoint)  # without a `with`, as in one cell
        text = client.submit(PROMPT, gen_length=32).result().text
        async with unmask.connect(cluster.endpoint) as beside:
            self.assertEqual(
                (await (await beside.submit(PROMPT, gen_length=32)).result()).text, text
            )
        client.close()


class InterruptTest(unittest.TestCase):
    def assert_cancelled(self, job_id: str, said: str) -> None:
        self.assertIn("KeyboardInterrupt", said)
        self.assertEqual(state_of(job_id), ("finished", "cancelled"), said)

    def test_while_it_waits_for_a_job_that_is_cancelled(self) -> None:
        # As in a notebook, without a `with`; another thread says when this one waits.
        self.assert_cancelled(
            *interrupted(
                "import sys, threading\n"
                "job = unmask.sync.connect(endpoint).submit(PROMPT, **LONG)\n"
                "main = threading.get_ident()\n"
                "def waits_for_the_job():\n"
                "  frame, names = sys._current_frames()[main], []\n"
                "  while frame: names.append(frame.f_code.co_name); frame = frame.f_back\n"
                "  return names[0] == 'wait' and '_wait' in names\n"
                "def look():\n"
                "  while not waits_for_the_job(): pass\n"
                "  print(job.id, flush=True)\n"
                "threading.Thread(target=look).start()\n"
                "job.result()\n"
            )
        )

    def test_in_its_own_code_within_a_with_the_job_is_cancelled(self) -> None:
        job_id, said = interrupted(
            "import threading\n"
            "with unmask.sync.connect(endpoint) as client:\n"
            "  print(client.submit(PROMPT, **LONG).id, flush=True)\n"
            "  threading.Event().wait()\n"
        )
        self.assert_cancelled(job_id, said)

    def test_one_call_s_job_is_cancelled(self) -> None:
        job_id = unmask.new_job_id()
        _, said = interrupted(
            "import threading\n"
            f"job_id = {job_id!r}\n"
            "def look():\n"
            "  with unmask.sync.connect(endpoint) as client:\n"
            "    while all(job.job_id != job_id or job.state != 'running' for job in client.jobs()): pass\n"
            "  print(job_id, flush=True)\n"
            "threading.Thread(target=look).start()\n"
            "unmask.generate(endpoint, PROMPT, job_id=job_id, **LONG)\n"
        )
        self.assert_cancelled(job_id, said)

    def test_a_detached_job_goes_on(self) -> None:
        job_id, _ = interrupted(
            "with unmask.sync.connect(endpoint) as client:\n"
            "  job = client.submit(PROMPT, detached=True, **LONG)\n"
            "  for block in job: print(job.id, flush=True)\n"
        )
        with unmask.sync.connect(cluster.endpoint) as client:
            self.assertIn(client.attach(job_id).result().finish_reason, ("stop", "length"))


if __name__ == "__main__":
    unittest.main()
