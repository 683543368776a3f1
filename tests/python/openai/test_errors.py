"""What OpenAI's own client makes of what goes wrong: its exceptions, its retries, its timeouts."""

import contextlib
import json
import pathlib
import socket
import tempfile
import threading
import unittest
import urllib.request

import openai

from cluster import TIMEOUT, Cluster

CHAT = {"model": "unmask-tiny", "messages": [{"role": "user", "content": "Count from 1 to 90."}]}
# One forward a token, and no end before the last one: seconds.
LONG = {**CHAT, "max_tokens": 256, "extra_body": {"diffusion": {
    "strategy": "fixed", "steps": 16, "block_length": 16, "early_stop": False}}}


def setUpModule():
    global cluster
    cluster = Cluster("--set", "limits.max_waiting=1", "--set", "limits.max_running=1")


def tearDownModule():
    cluster.stop()


def client_of(where, **options):
    return openai.OpenAI(**{"base_url": where.process_of("gateway")["http"] + "/v1", "api_key": "none",
                            "max_retries": 0, "timeout": TIMEOUT, **options})


def jobs():
    with urllib.request.urlopen(cluster.process_of("gateway")["http"] + "/v1/jobs") as answer:
        return json.load(answer)["data"]


def num_answers(status):
    """Chats that were answered with this status, as the gateway counts them."""
    with urllib.request.urlopen(cluster.process_of("gateway")["http"] + "/metrics") as answer:
        head = f'unmask_http_requests_total{{path="/v1/chat/completions",status="{status}"}} '
        return sum(int(float(line.decode().removeprefix(head))) for line in answer if line.startswith(head.encode()))


@contextlib.contextmanager
def full_queue(client):
    """One job runs and one waits, until the end; then the one that waited is answered."""
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(client.chat.completions.create(**LONG)))
    with client.chat.completions.create(**LONG, stream=True):
        waiting.start()
        cluster.wait_until(lambda: any(job["state"] == "queued" for job in jobs()), "the queue")
        yield
    waiting.join(TIMEOUT)
    assert answers and answers[0].choices[0].message.content


class ErrorsTest(unittest.TestCase):
    def setUp(self):
        self.client = client_of(cluster)
        self.addCleanup(self.client.close)

    def refused(self, kind, status, code, client=None, **request):
        with self.assertRaises(kind) as raised:
            (client or self.client).chat.completions.create(**{**CHAT, **request})
        error = raised.exception
        self.assertEqual((error.status_code, error.code), (status, code), error)
        self.assertEqual(set(error.body), {"message", "type", "param", "code"})
        self.assertTrue(error.request_id)
        return error

    def test_a_field_that_cannot_be_honoured_is_a_bad_request_that_names_it(self):
        for request, param in (({"logprobs": True, "top_logprobs": 2}, "top_logprobs"), ({"frequency_penalty": 1}, "frequency_penalty"),
                               ({"extra_body": {"diffusion": {"x": 1}}}, "diffusion.x")):
            error = self.refused(openai.BadRequestError, 400, "unsupported_parameter", **request)
            self.assertEqual((error.type, error.param), ("invalid_request_error", param))
        self.refused(openai.BadRequestError, 400, None, max_tokens=0)
        self.assertIsInstance(self.refused(openai.BadRequestError, 400, None, stream=True, max_tokens=0).message, str)

    def test_what_is_not_there_is_not_found(self):
        self.refused(openai.NotFoundError, 404, "model_not_found", model="gpt-4")
        with self.assertRaises(openai.NotFoundError):
            self.client.models.retrieve("gpt-4")
        with self.assertRaises(openai.NotFoundError):
            self.client.embeddings.create(model="unmask-tiny", input="a")

    def test_a_body_that_is_too_long_is_refused_by_its_size(self):
        error = self.refused(openai.APIStatusError, 413, "request_too_large", user="x" * (2 << 20))
        self.assertEqual(error.type, "invalid_request_error")

    def test_a_web_page_without_a_key_is_denied(self):
        error = self.refused(openai.PermissionDeniedError, 403, "closed", extra_headers={"Origin": "http://a.b"})
        self.assertEqual(error.type, "permission_error")

    def test_a_key_is_wanted_where_there_are_some(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "keys"
            file.write_text("alpha\n")
            file.chmod(0o600)
            locked = Cluster("--api-key-file", str(file), "--workers", "1")
        self.addCleanup(locked.stop)
        with client_of(locked, api_key="beta") as stranger:
            error = self.refused(openai.AuthenticationError, 401, "invalid_api_key", client=stranger)
            self.assertEqual(error.type, "authentication_error")
        with client_of(locked, api_key="alpha") as friend:
            self.assertTrue(friend.chat.completions.create(**CHAT).choices[0].message.content)


class TimesTest(unittest.TestCase):
    def test_a_full_queue_is_tried_again_when_the_server_says_and_then_succeeds(self):
        with client_of(cluster) as once, client_of(cluster, max_retries=30) as patient:
            with full_queue(once):
                with self.assertRaises(openai.InternalServerError) as raised:
                    once.chat.completions.create(**CHAT)
                error = raised.exception
                self.assertEqual((error.status_code, error.code, error.type),
                                 (503, "server_overloaded", "service_unavailable"))
                self.assertGreaterEqual(int(error.response.headers["retry-after"]), 1)
                refused, answers = num_answers(503), []
                waiting = threading.Thread(
                    target=lambda: answers.append(patient.chat.completions.create(**CHAT)))
                waiting.start()
                cluster.wait_until(lambda: num_answers(503) > refused, "a refusal")
            waiting.join(TIMEOUT)
        self.assertEqual(len(answers), 1)
        self.assertTrue(answers[0].choices[0].message.content)

    def test_a_timeout_ends_the_job_too(self):
        with client_of(cluster) as client:
            with self.assertRaises(openai.APITimeoutError):
                client.with_options(timeout=0.2).chat.completions.create(**LONG)
            cluster.wait_until(lambda: not cluster.is_busy(), "the end of the job")
            self.assertTrue(client.chat.completions.create(**CHAT).choices[0].message.content)

    def test_nobody_there_is_a_connection_error(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        with openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0) as client:
            with self.assertRaises(openai.APIConnectionError):
                client.chat.completions.create(**CHAT)

    def test_a_stream_whose_job_is_cancelled_raises_and_one_that_is_left_cancels_its_job(self):
        with client_of(cluster) as client:
            with client.chat.completions.create(**LONG, stream=True) as stream:
                first = next(stream)
                where = cluster.process_of("gateway")["http"] + "/v1/jobs/" + first.id
                with urllib.request.urlopen(urllib.request.Request(where, method="DELETE")) as ended:
                    self.assertEqual(json.load(ended)["outcome"], "cancelled")
                with self.assertRaises(openai.APIError) as raised:
                    list(stream)
            self.assertEqual(raised.exception.code, "cancelled")
            with client.chat.completions.create(**LONG, stream=True) as stream:
                job = next(stream).id.removeprefix("chatcmpl-")
            cluster.wait_until(lambda: not cluster.is_busy(), "the end of the job")
            self.assertEqual([entry["outcome"] for entry in jobs() if entry["id"] == job], ["cancelled"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
