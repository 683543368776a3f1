"""`unmask bench` against a real cluster. Needs nothing but Python's own library.

  UNMASK=build/release/unmask python3 tests/cluster/bench_serve_test.py
"""

import json
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from cluster import UNMASK, Cluster

TIMEOUT = 120  # seconds, of one command
DONE, FAILED, USAGE, UNREACHABLE, INTERRUPTED = 0, 1, 2, 5, 130
SHORT = ["--set", "gen_length=32", "--set", "block_length=16", "--set", "early_stop=false"]
KEY = "a-key-of-this-test"


def setUpModule():
    global cluster, http
    cluster = Cluster("--api-key", KEY)
    http = cluster.process_of("gateway")["http"]


def tearDownModule():
    cluster.stop()


def bench(*words):
    """Runs `unmask bench WORDS...` to its end."""
    return subprocess.run([UNMASK, "bench", *map(str, words)], capture_output=True, text=True, timeout=TIMEOUT)


def figure(table, heading):
    """The number behind a heading, as a script finds it."""
    return float(re.search(rf"^{re.escape(heading)}\s+([\d.]+)$", table, re.MULTILINE).group(1))


class BenchServeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def test_a_closed_loop_over_zeromq(self):
        output = self.dir / "run.json"
        done = bench("serve", "--endpoint", cluster.endpoint, "--num-prompts", 8, "--max-concurrency", 2,
                     "--num-warmups", 2, "--goodput", "ttft:60000 e2el:60000", "--output", output, *SHORT)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertEqual(figure(done.stdout, "Successful requests:"), 8)
        self.assertEqual(figure(done.stdout, "Failed requests:"), 0)
        self.assertEqual(figure(done.stdout, "Maximum request concurrency:"), 2)
        self.assertLessEqual(figure(done.stdout, "Peak concurrent requests:"), 2)
        self.assertGreater(figure(done.stdout, "Output token throughput (tok/s):"), 0)
        for heading in ("Mean TTFT (ms):", "P99 E2EL (ms):", "P50 ITL (ms):", "Median Queue (ms):"):
            self.assertGreaterEqual(figure(done.stdout, heading), 0)
        run = json.loads(output.read_text())
        self.assertAlmostEqual(run["request_goodput"], run["request_throughput"])
        self.assertEqual(run["parameters"]["gen_length"], "32")
        self.assertEqual(len(run["requests"]), 8)
        forwards = sum(request["forwards"] for request in run["requests"])
        self.assertEqual(run["diffusion_denoising_steps"], forwards)
        self.assertEqual(run["diffusion_canvas_positions"], 16 * forwards)
        self.assertEqual(figure(done.stdout, "Denoising steps:"), forwards)
        self.assertEqual(run["total_output_tokens"], sum(request["tokens"] for request in run["requests"]))

    def test_an_open_loop_over_http_counts_the_same_tokens(self):
        dataset = self.dir / "prompts.txt"
        dataset.write_text("What is 347 + 285?\nIs 225 larger than 963?\n")
        common = ["--num-prompts", 4, "--request-rate", 20, "--dataset", dataset, "--json", *SHORT]
        over_http = bench("serve", "--endpoint", http, "--api-key", KEY, *common)
        over_zeromq = bench("serve", "--endpoint", cluster.endpoint, *common)
        self.assertEqual(over_http.returncode, DONE, over_http.stderr + over_http.stdout)
        self.assertEqual(over_zeromq.returncode, DONE, over_zeromq.stderr)
        one, other = json.loads(over_http.stdout), json.loads(over_zeromq.stdout)
        for name in ("completed", "total_input_tokens", "total_output_tokens", "diffusion_denoising_steps",
                     "diffusion_committed_per_step"):
            self.assertEqual(one[name], other[name], name)
        self.assertGreaterEqual(one["mean_queue_ms"], 0)

    def test_what_is_refused_has_failed(self):
        done = bench("serve", "--endpoint", http, "--api-key", "wrong", "--num-prompts", 3)
        self.assertEqual(done.returncode, FAILED)
        self.assertEqual(figure(done.stdout, "Successful requests:"), 0)
        self.assertEqual(figure(done.stdout, "Failed requests:"), 3)
        self.assertRegex(done.stdout, r"failed 3 times: HTTP 401: ")
        done = bench("serve", "--endpoint", cluster.endpoint, "--num-prompts", 2, "--model", "another")
        self.assertEqual(done.returncode, FAILED)
        self.assertRegex(done.stdout, r"failed 2 times: .*another")

    def test_a_stream_that_breaks_off_has_failed(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            def serve():
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    event = b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + event)
            thread = threading.Thread(target=serve)
            thread.start()
            done = bench("serve", "--endpoint", f"http://127.0.0.1:{server.getsockname()[1]}", "--num-prompts", 1)
            thread.join()
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("failed 1 time: the stream ended without [DONE]", done.stdout)

    def test_ctrl_c_prints_what_there_is(self):
        process = subprocess.Popen(
            [UNMASK, "bench", "serve", "--endpoint", cluster.endpoint, "--num-prompts", "1000",
             "--max-concurrency", "1", *SHORT],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        cluster.wait_until(cluster.is_busy, "a request")
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertIn("Cancelled requests:", out)
        self.assertRegex(errors, r"interrupted after \d+ of 1000 requests")

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        done = bench("serve", "--endpoint", f"tcp://127.0.0.1:{port}", "--num-prompts", 2, "--num-warmups", 1)
        self.assertNotEqual(done.returncode, DONE)
        self.assertIn("--endpoint names another gateway", done.stderr)
        done = bench("serve", "--endpoint", f"http://127.0.0.1:{port}", "--num-prompts", 2)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("does not take the connection", done.stdout)

    def test_a_mistake_is_named(self):
        for words, sentence in ((["--goodput", "tpot:3"], "tpot:3"), (["--request-rate", "0"], "'0' is no number"),
                                (["--percentiles", "101"], "'101'"), (["--set", "gen_length=-1"], "gen_length"),
                                (["--endpoint", "https://localhost"], "no TLS")):
            done = bench("serve", *words)
            self.assertEqual(done.returncode, USAGE, done.stderr)
            self.assertIn(sentence, done.stderr)

    def test_compare(self):
        before, after = self.dir / "before.json", self.dir / "after.json"
        done = bench("serve", "--endpoint", cluster.endpoint, "--num-prompts", 2, "--output", before, *SHORT)
        self.assertEqual(done.returncode, DONE, done.stderr)
        run = json.loads(before.read_text())
        run["output_throughput"] *= 0.5
        after.write_text(json.dumps(run))
        same = bench("compare", before, before)
        self.assertEqual((same.returncode, same.stdout.splitlines()[-1]), (DONE, "nothing is worse by more than 5 %"))
        worse = bench("compare", before, after)
        self.assertEqual(worse.returncode, FAILED)
        self.assertIn("the second run is worse in output_throughput by more than 5 %", worse.stdout)
        self.assertEqual(bench("compare", "--tolerance", 60, before, after).returncode, DONE)
        self.assertEqual(bench("compare", before, "/dev/null").returncode, USAGE)


if __name__ == "__main__":
    unittest.main()
