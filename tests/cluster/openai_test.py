"""OpenAI's HTTP API of a real cluster, spoken by hand. Needs nothing but Python's own library.

  UNMASK=build/release/unmask python3 tests/cluster/openai_test.py
"""

import http.client
import json
import re
import resource
import socket
import subprocess
import unittest

from cluster import TIMEOUT, UNMASK, Cluster, resident_bytes

PROMPT = "Mia has 12 apples and buys 7 more. How many apples does she have?"
CHAT = {"messages": [{"role": "user", "content": PROMPT}]}
# One forward a token, and no end before the last one: seconds.
LONG = {**CHAT, "max_tokens": 256, "diffusion": {
    "strategy": "fixed", "steps": 16, "block_length": 16, "early_stop": False}}


def setUpModule():
    global cluster, host, port
    cluster = Cluster("--set", "limits.max_waiting=1", "--set", "limits.max_running=1")
    host, port = cluster.process_of("gateway")["http"].removeprefix("http://").split(":")


def tearDownModule():
    cluster.stop()


def ask(method, path, body=None, **fields):
    """(status, fields, JSON or text)"""
    connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body)
    connection.request(method, path, data, fields)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    is_json = response.headers["Content-Type"] == "application/json"
    return response.status, response.headers, json.loads(text) if is_json else text


def chat(**fields):
    status, _, answer = ask("POST", "/v1/chat/completions", {**CHAT, **fields})
    assert status == 200, answer
    return answer


def events(body):
    """Those of a stream, as it comes to its end."""
    status, fields, text = ask("POST", "/v1/chat/completions", body)
    assert (status, fields["Content-Type"]) == (200, "text/event-stream"), text
    return text.removesuffix("\n\n").split("\n\n")


def jobs():
    return {job["id"]: job for job in ask("GET", "/v1/jobs")[2]["data"]}


def send_raw(text):
    """A connection that sent this."""
    connection = socket.create_connection((host, int(port)), TIMEOUT)
    connection.sendall(text)
    return connection


def long_request(**fields):
    body = json.dumps({**LONG, **fields}).encode()
    return (b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)) + body


class AnswersTest(unittest.TestCase):
    def test_a_chat_is_answered_as_submit_answers_it(self):
        answer = chat()
        (choice,) = answer["choices"]
        self.assertEqual(choice["message"]["content"] + "\n", cluster.submit(PROMPT).stdout)
        self.assertEqual((answer["object"], choice["finish_reason"]), ("chat.completion", "stop"))
        usage = answer["usage"]
        self.assertEqual(usage["total_tokens"], usage["prompt_tokens"] + usage["completion_tokens"])
        self.assertGreater(usage["diffusion"]["tokens_per_forward"], 1)

    def test_a_stream_is_the_same_text_block_by_block(self):
        body = {**CHAT, "stream": True, "stream_options": {"include_usage": True},
                "diffusion": {"block_length": 8}}
        *chunks, last = events(body)
        self.assertEqual(last, "data: [DONE]")
        chunks = [json.loads(chunk.removeprefix("data: ")) for chunk in chunks]
        self.assertEqual(chunks[0]["choices"][0]["delta"], {"role": "assistant", "content": ""})
        self.assertEqual(chunks[-2]["choices"][0]["finish_reason"], "stop")
        self.assertGreater(chunks[-1]["usage"]["completion_tokens"], 0)
        text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks[:-1])
        self.assertEqual(text, chat(diffusion={"block_length": 8})["choices"][0]["message"]["content"])
        self.assertGreater(len(chunks), 4)

    def test_a_schema_is_answered_with_json_that_fits_it(self):
        schema = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}
        body = {"messages": [{"role": "user", "content": "Extract as JSON: Gina is a 9 year old clerk from Paris."}],
                "response_format": {"type": "json_schema", "json_schema": {"name": "p", "schema": schema}}}
        status, _, answer = ask("POST", "/v1/chat/completions", body)
        self.assertEqual(status, 200, answer)
        filled = json.loads(answer["choices"][0]["message"]["content"])
        self.assertEqual({key: type(value) for key, value in filled.items()}, {"name": str, "age": int})

    def test_frames_show_every_token_before_its_block_comes(self):
        slow = {"strategy": "fixed", "steps": 16, "block_length": 16}
        body = {**CHAT, "stream": True, "diffusion": {"stream": "frames", **slow}}
        chunks = [json.loads(event.removeprefix("data: ")) for event in events(body)[:-1]]
        text, frames = "", []
        for chunk in chunks:
            if "diffusion" in chunk:
                self.assertEqual(chunk["choices"], [])
                frames.append(chunk["diffusion"])
            else:
                text += chunk["choices"][0]["delta"].get("content", "")
        self.assertEqual(text, chat(diffusion=slow)["choices"][0]["message"]["content"])
        canvas = {}
        for frame in frames:
            changes = {frame["base"] + change[0]: change for change in frame["changes"]}
            if frame["full"]:
                self.assertEqual(len(changes), frame["length"])
            canvas.update(changes)
        shown = "".join(canvas[at][1] for at in sorted(canvas) if canvas[at][2] in ("committed", "edited"))
        self.assertTrue(shown.startswith(text), (shown, text))
        self.assertTrue(all(0 <= change[3] <= 1 for change in canvas.values() if change[3] is not None))
        self.assertTrue(any(change[2] == "guess" for frame in frames for change in frame["changes"]))

    def test_logprobs_are_those_of_the_tokens_of_the_answer(self):
        plain = chat()["choices"][0]["message"]["content"]
        content = chat(logprobs=True)["choices"][0]["logprobs"]["content"]
        self.assertEqual(bytes(byte for row in content for byte in row["bytes"]).decode(), plain)
        self.assertTrue(all(-20 < row["logprob"] <= 0 for row in content))
        streamed = []
        for event in events({**CHAT, "logprobs": True, "stream": True})[:-1]:
            (choice,) = json.loads(event.removeprefix("data: "))["choices"]
            streamed += (choice["logprobs"] or {"content": []})["content"]
        self.assertEqual(streamed, content)
        stop = plain[len(plain) // 2:]
        cut = chat(logprobs=True, stop=stop)["choices"][0]
        self.assertLess(len(cut["message"]["content"]), len(plain))
        kept = bytes(byte for row in cut["logprobs"]["content"] for byte in row["bytes"]).decode()
        self.assertTrue(kept.startswith(cut["message"]["content"]))
        text = ask("POST", "/v1/completions", {"prompt": "1+1=", "logprobs": 0, "max_tokens": 16})[2]["choices"][0]
        self.assertEqual(len(text["logprobs"]["tokens"]), len(text["logprobs"]["token_logprobs"]))

    def test_what_stands_around_a_hole_fills_it(self):
        whole = ask("POST", "/v1/infill", {"template": "{{a:4}} + 2 = {{b:4}}", "prompt": PROMPT})[2]
        (choice,) = whole["choices"]
        self.assertEqual([fill["name"] for fill in choice["fills"]], ["a", "b"])
        self.assertIn(" + 2 = ", choice["text"])
        body = {"input_prefix": "1 + ", "input_suffix": " = 3", "n_predict": 3}
        middle = ask("POST", "/v1/infill", body)[2]["choices"][0]
        self.assertEqual(middle["text"], middle["fills"][0]["text"])
        suffix = ask("POST", "/v1/completions", {"prompt": "1 + ", "suffix": " = 3", "max_tokens": 3})[2]
        self.assertEqual(suffix["choices"][0]["text"], middle["text"])
        for around in ("{", "\\", "{{a:1}} {{{"):
            code = {"input_prefix": around, "input_suffix": around, "n_predict": 2}
            self.assertEqual(ask("POST", "/v1/infill", code)[0], 200, around)
        status, _, text = ask("POST", "/v1/infill", {**body, "stream": True, "diffusion": {"stream": "frames"}})
        self.assertEqual(status, 200, text)
        chunks = [json.loads(event.removeprefix("data: ")) for event in text.removesuffix("\n\n").split("\n\n")[:-1]]
        pieces = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
        self.assertEqual("".join(piece["text"] for piece in pieces), middle["text"])
        self.assertEqual(pieces[-1]["fills"], middle["fills"])
        self.assertTrue(any("diffusion" in chunk for chunk in chunks))

    def test_texts_and_tokens_are_continued(self):
        status, _, tokens = ask("POST", "/tokenize", {"prompt": "1+1="})
        self.assertEqual((status, tokens["count"]), (200, len(tokens["tokens"])))
        self.assertEqual(ask("POST", "/detokenize", {"tokens": tokens["tokens"]})[2]["content"],
                         "".join(tokens["token_strs"]))
        answers = [ask("POST", "/v1/completions", {"prompt": prompt, "max_tokens": 16})[2]
                   for prompt in ("1+1=", tokens["tokens"])]
        self.assertEqual(answers[0]["choices"], answers[1]["choices"])
        self.assertEqual(answers[0]["object"], "text_completion")
        rendered = ask("POST", "/apply-template", CHAT)[2]["prompt"]
        self.assertIn(PROMPT, rendered)
        # A chat rendered elsewhere is the chat.
        tokens = ask("POST", "/tokenize", {"prompt": rendered, "add_special_tokens": False})[2]["tokens"]
        self.assertEqual(tokens, ask("POST", "/tokenize", CHAT)[2]["tokens"])
        for body in ({"prompt": tokens}, {"prompt": rendered, "special_tokens": True}):
            self.assertEqual(ask("POST", "/v1/completions", body)[2]["choices"][0]["text"],
                             chat()["choices"][0]["message"]["content"])
        info = ask("GET", "/tokenizer_info")[2]
        (eos,) = ask("POST", "/tokenize", {"content": info["eos_token"], "add_special": False})[2]["tokens"]
        self.assertGreater(len(ask("POST", "/tokenize", {"content": info["eos_token"], "parse_special": False})[2]["tokens"]), 1)
        self.assertEqual(ask("POST", "/detokenize", {"tokens": [eos]})[2]["prompt"], info["eos_token"])
        self.assertIn("message", info["chat_template"])

    def test_models_version_and_health_say_what_is_served(self):
        (model,) = ask("GET", "/v1/models")[2]["data"]
        self.assertEqual(ask("GET", "/v1/models/" + model["id"])[2], model)
        self.assertEqual(ask("GET", "/v1/models/none")[0], 404)
        version = ask("GET", "/version")[2]["version"]
        self.assertIn(version, subprocess.run([UNMASK, "version"], capture_output=True, text=True).stdout)
        self.assertEqual(ask("GET", "/health")[0], 200)
        self.assertEqual(ask("GET", "/ready")[2], {"status": "ready"})
        chat()
        self.assertIn('unmask_http_requests_total{path="/v1/chat/completions",status="200"}',
                      ask("GET", "/metrics")[2])

    def test_tools_of_vllm_work_out_what_the_answers_say(self):
        # The arithmetic of `vllm bench serve`, which scrapes before and after.
        def scrape():
            found = re.findall(r"^vllm:diffusion_num_(\w+)_total\{[^}]*\} (\S+)$", ask("GET", "/metrics")[2], re.M)
            return {name: int(float(value)) for name, value in found}

        before = scrape()
        usages = [chat(max_tokens=64, ignore_eos=True, diffusion={"threshold": threshold, "block_length": 16})["usage"]
                  for threshold in (0.5, 0.9, 1)]
        grown = {name: value - before[name] for name, value in scrape().items()}
        canvas_length = grown["canvas_positions"] / grown["denoising_steps"]
        num_canvases = grown["committed_tokens"] / canvas_length
        denoising_steps = grown["denoising_steps"] - num_canvases
        forwards = sum(usage["diffusion"]["forward_passes"] for usage in usages)
        self.assertEqual(grown["committed_tokens"], sum(usage["completion_tokens"] for usage in usages))
        self.assertEqual((canvas_length, denoising_steps), (16, forwards))
        self.assertEqual(num_canvases, sum(usage["diffusion"]["blocks"] for usage in usages))

    def test_a_seed_gives_the_same_text_again_and_none_another(self):
        draw = {"temperature": 20.0, "max_tokens": 32}
        first, again = chat(seed=7, **draw), chat(seed=7, **draw)
        self.assertEqual(first["choices"], again["choices"])
        self.assertNotEqual(chat(**draw)["choices"], chat(**draw)["choices"])


class JobsTest(unittest.TestCase):
    def test_who_leaves_takes_the_job_along(self):
        for stream in (False, True):
            connection = send_raw(long_request(stream=stream))
            cluster.wait_until(cluster.is_busy, "the job")
            connection.close()
            cluster.wait_until(lambda: not cluster.is_busy(), "the end of the job")
        ended = [job["outcome"] for job in jobs().values() if job["state"] == "finished"]
        self.assertIn("cancelled", ended)

    def test_a_detached_job_stays_until_it_is_deleted(self):
        before = set(jobs())
        connection = send_raw(long_request(detach=True))
        cluster.wait_until(cluster.is_busy, "the job")
        connection.close()
        (job,) = set(jobs()) - before
        self.assertTrue(cluster.is_busy())
        self.assertEqual(ask("DELETE", "/v1/jobs/chatcmpl-" + job)[2],
                         {"id": job, "object": "job", "outcome": "cancelled"})

    def test_a_name_stands_for_all_jobs_of_its_request_and_no_refusal_takes_it_away(self):
        body = {"prompt": "1+1=", "max_tokens": 4, "request_id": "user:42"}
        text = ask("POST", "/v1/completions", body)[2]["choices"][0]["text"]
        self.assertEqual(ask("POST", "/v1/completions", {**body, "model": "none"})[0], 404)
        for name in ("user:42", "user%3A42", "cmpl-user:42"):
            self.assertEqual(ask("GET", "/v1/jobs/" + name)[2]["text"], text)
        connection = send_raw(long_request(detach=True, n=2, request_id="chatcmpl-two"))
        cluster.wait_until(cluster.is_busy, "the jobs")
        connection.close()
        self.assertEqual(ask("DELETE", "/v1/jobs/chatcmpl-two")[2]["outcome"], "cancelled")
        self.assertFalse(cluster.is_busy())

    def test_a_viewer_sees_the_frames_of_a_job_by_the_name_of_its_request(self):
        body = json.dumps({**LONG, "stream": True}).encode()
        viewer = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
        connection = send_raw(b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-Request-Id: seen\r\n"
                              b"Content-Length: %d\r\n\r\n" % len(body) + body)
        cluster.wait_until(cluster.is_busy, "the job")
        running = ask("GET", "/v1/jobs/seen")[2]
        self.assertEqual(running["state"], "running")
        viewer.request("GET", "/v1/jobs/chatcmpl-seen/frames")
        seen = viewer.getresponse().read().decode()
        viewer.close()
        news = [json.loads(event.removeprefix("data: ")) for event in seen.removesuffix("\n\n").split("\n\n")[:-1]]
        self.assertTrue(seen.endswith("data: [DONE]\n\n"))
        self.assertEqual(news[-1]["outcome"], "stop")
        self.assertEqual({item["object"] for item in news}, {"diffusion.frame", "diffusion.block", "diffusion.end"})
        finished = ask("GET", "/v1/jobs/" + running["id"])[2]
        self.assertEqual(finished["text"], "".join(item.get("text", "") for item in news))
        self.assertEqual((finished["state"], finished["usage"]), ("finished", news[-1]["usage"]))
        connection.close()

    def test_progress_and_status_say_what_is_going_on(self):
        cluster.wait_until(lambda: not cluster.is_busy(), "the end of the jobs")
        self.assertEqual(ask("GET", "/health/progress")[2]["status"], "idle")
        connection = send_raw(long_request())
        cluster.wait_until(cluster.is_busy, "the job")
        status, _, progress = ask("GET", "/health/progress")
        self.assertEqual((status, progress["status"], progress["running"]), (200, "ok", 1))
        self.assertLess(progress["last_step_age_seconds"], progress["stall_threshold_seconds"])
        state = ask("GET", "/v1/status")[2]
        self.assertEqual((state["is_ready"], state["jobs_running"]), (True, 1))
        self.assertIn("worker", {member["role"] for member in state["members"]})
        connection.close()
        cluster.wait_until(lambda: not cluster.is_busy(), "the end of the job")

    def test_a_full_queue_is_a_503_that_says_when_to_come_back(self):
        first, second = send_raw(long_request()), None
        try:
            cluster.wait_until(cluster.is_busy, "the job")
            second = send_raw(long_request())
            cluster.wait_until(lambda: any(j["state"] == "queued" for j in jobs().values()), "the queue")
            status, fields, answer = ask("POST", "/v1/chat/completions", LONG)
            self.assertEqual((status, answer["error"]["code"]), (503, "server_overloaded"))
            self.assertTrue(fields["Retry-After"])
        finally:
            first.close()
            if second:
                second.close()
        cluster.wait_until(lambda: not cluster.is_busy(), "the end of the jobs")


class BadInputTest(unittest.TestCase):
    def refused(self, status, method, path, body=None, **fields):
        answer = ask(method, path, body, **fields)
        self.assertEqual(answer[0], status, answer[2])
        self.assertEqual(set(answer[2]["error"]), {"message", "type", "param", "code"})
        self.assertTrue(answer[1]["X-Request-Id"])
        return answer[2]["error"]

    def test_what_is_wrong_is_named(self):
        path = "/v1/chat/completions"
        self.assertIn("not JSON", self.refused(400, "POST", path, b"{")["message"])
        self.assertIn("not JSON", self.refused(400, "POST", path, b'{"messages":"\xff"}')["message"])
        self.assertEqual(self.refused(400, "POST", path, {**CHAT, "top_logprobs": 2})["param"], "top_logprobs")
        self.assertEqual(self.refused(400, "POST", path, {**CHAT, "diffusion": {"x": 1}})["param"], "diffusion.x")
        for long in ({"max_tokens": 100_000}, {"messages": [{"role": "user", "content": "word " * 100_000}]}):
            error = self.refused(400, "POST", path, {**CHAT, **long})
            self.assertEqual((error["code"], error["param"]), ("context_length_exceeded", "messages"))
        self.assertEqual(self.refused(404, "POST", path, {**CHAT, "model": "gpt-4"})["code"], "model_not_found")
        self.refused(404, "POST", "/v1/embeddings", {})
        self.assertEqual(ask("GET", path)[1]["Allow"], "POST")
        self.refused(405, "GET", path)
        self.refused(413, "POST", path, b"x" * (2 << 20))
        self.assertEqual(self.refused(400, "POST", "/v1/completions", {"logprobs": 0})["param"], "prompt")
        for method in ("GET", "DELETE"):
            self.refused(404, method, "/v1/jobs/xyz")
            self.refused(404, method, "/v1/jobs/" + "0" * 32)
        self.refused(404, "GET", "/v1/jobs/" + "0" * 32 + "/frames")
        self.refused(405, "POST", "/v1/jobs/" + "0" * 32 + "/frames", {})
        self.refused(404, "GET", "/v1/jobs/a/b")
        self.assertEqual(chat()["object"], "chat.completion")

    def test_ten_thousand_connections_leave_the_cluster_alive(self):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        gateway = cluster.process_of("gateway")["pid"]
        before = resident_bytes(gateway)
        connections = [socket.create_connection((host, int(port)), TIMEOUT) for _ in range(min(10_000, most - 100))]
        refused = send_raw(b"GET /version HTTP/1.1\r\nHost: a\r\n\r\n")
        with refused.makefile("rb") as file:
            answer = file.read()
        self.assertTrue(answer.startswith(b"HTTP/1.1 503 "), answer)
        self.assertEqual(json.loads(answer.split(b"\r\n\r\n")[1])["error"]["type"], "service_unavailable")
        # Over ZeroMQ all goes on.
        self.assertTrue(cluster.submit(PROMPT).stdout)
        self.assertLess(resident_bytes(gateway) - before, 64 << 20)
        for connection in connections + [refused]:
            connection.close()
        cluster.wait_until(lambda: ask("GET", "/version")[0] == 200, "room for a connection")
        self.assertEqual(chat()["object"], "chat.completion")

    def test_a_request_keeps_its_id(self):
        self.assertEqual(ask("GET", "/v1/models", **{"X-Request-Id": "mine-1"})[1]["X-Request-Id"], "mine-1")
        self.assertRegex(ask("GET", "/v1/models")[1]["X-Request-Id"], "^[0-9a-f]{32}$")

    def test_old_clients_those_that_ask_first_and_those_that_ask_twice_are_served(self):
        body = json.dumps({**CHAT, "stream": True}).encode()
        head = b"POST /v1/chat/completions HTTP/1.%d\r\nHost: a\r\nContent-Length: %d\r\n"
        old = send_raw(head % (0, len(body)) + b"\r\n" + body)
        with old.makefile("rb") as file:
            answer = file.read()
        self.assertTrue(answer.endswith(b"data: [DONE]\n\n"), answer)
        asking = send_raw(head % (1, len(body)) + b"Expect: 100-continue\r\n\r\n")
        with asking.makefile("rb") as file:
            self.assertEqual(file.readline(), b"HTTP/1.1 100 Continue\r\n")
            asking.sendall(body + b"GET /version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            rest = file.read()
        self.assertEqual(rest.count(b"HTTP/1.1 200 OK"), 2)
        self.assertIn(b"data: [DONE]", rest)
        old.close()
        asking.close()


class KeysTest(unittest.TestCase):
    def test_without_the_key_nothing_is_computed(self):
        with_keys = Cluster("--api-key", "alpha", "--api-key", "beta", "--workers", "1",
                            "--set", "limits.max_jobs_per_client=1")
        self.addCleanup(with_keys.stop)
        global host, port
        mine = host, port
        host, port = with_keys.process_of("gateway")["http"].removeprefix("http://").split(":")
        try:
            for authorization in ({}, {"Authorization": "Bearer gamma"}):
                for method, path in (("POST", "/v1/chat/completions"), ("GET", "/v1/jobs"), ("POST", "/tokenize")):
                    status, fields, answer = ask(method, path, CHAT if method == "POST" else None, **authorization)
                    self.assertEqual((status, answer["error"]["code"]), (401, "invalid_api_key"))
            beta = {"Authorization": "Bearer beta"}
            status, _, answer = ask("POST", "/v1/chat/completions", CHAT, **beta)
            self.assertEqual(status, 200, answer)
            self.assertEqual(len(ask("GET", "/v1/jobs", **beta)[2]["data"]), 1)
            self.assertEqual(ask("GET", "/v1/jobs", Authorization="Bearer alpha")[2]["data"], [])
            self.assertEqual(ask("GET", "/health")[0], 200)
            self.assertEqual(ask("GET", "/health/progress")[0], 200)
            # Of another key's job nobody hears.
            connection = send_raw(long_request().replace(b"Host: a", b"Host: a\r\nX-Request-Id: betas\r\nAuthorization: Bearer beta"))
            with_keys.wait_until(lambda: ask("GET", "/v1/jobs/betas", **beta)[2].get("state") == "running", "the job")
            for path in ("/v1/jobs/betas", "/v1/jobs/betas/frames"):
                self.assertEqual(ask("GET", path, Authorization="Bearer alpha")[0], 404)
            status, fields, answer = ask("POST", "/v1/chat/completions", CHAT, **beta)
            self.assertEqual((status, answer["error"]["code"]), (429, "rate_limit_exceeded"))
            self.assertTrue(fields["Retry-After"])
            self.assertEqual(ask("POST", "/v1/chat/completions", CHAT, Authorization="Bearer alpha")[0], 200)
            self.assertEqual(ask("DELETE", "/v1/jobs/betas", **beta)[0], 200)
            connection.close()
            # A job that nobody waits for counts, too.
            left = send_raw(long_request(detach=True).replace(b"Host: a", b"Host: a\r\nX-Request-Id: left\r\nAuthorization: Bearer beta"))
            with_keys.wait_until(lambda: ask("GET", "/v1/jobs/left", **beta)[2].get("state") == "running", "the job")
            left.close()
            self.assertEqual(ask("POST", "/v1/chat/completions", CHAT, **beta)[0], 429)
            self.assertEqual(ask("DELETE", "/v1/jobs/left", **beta)[0], 200)
            with_keys.wait_until(lambda: ask("POST", "/v1/chat/completions", CHAT, **beta)[0] == 200, "room for a job")
        finally:
            host, port = mine

    def test_other_machines_need_a_key(self):
        up = subprocess.run([UNMASK, "up", "--http", "0.0.0.0:0"], capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual(up.returncode, 3)
        self.assertIn("--api-key", up.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
