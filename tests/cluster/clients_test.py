"""The commands that talk to a cluster, as a shell sees them. Needs nothing but Python's own library.

  UNMASK=build/release/unmask python3 tests/cluster/clients_test.py
"""

import fcntl
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import tempfile
import termios
import time
import unittest

from cluster import UNMASK, Cluster

TIMEOUT = 120  # seconds, of one command
DONE, FAILED, USAGE, BAD_CONFIG, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 5, 130

PROMPT = "Sort these numbers from small to large: 734, 812, 778, 75, 101, 198, 638"
# One forward a token, and no end before the last one: seconds.
LONG = "--gen-length 256 --block-length 16 --strategy fixed --set steps=16 --set early_stop=false".split()


def setUpModule():
    global cluster
    cluster = Cluster()
    os.environ["UNMASK_ENDPOINT"] = cluster.endpoint


def tearDownModule():
    cluster.stop()


def unmask(*words, stdin="", **options):
    """Runs `unmask WORDS...` to its end."""
    command = [UNMASK, *map(str, words)]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=TIMEOUT, **options
    )


def jobs():
    return {job["job"]: job for job in json.loads(unmask("jobs", "--json").stdout)}


class Running:
    """A long job that has printed its first block."""

    def __init__(self):
        before = set(jobs())
        self.process = subprocess.Popen(
            [UNMASK, "submit", *LONG, PROMPT],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.read(1)
        (self.id,) = set(jobs()) - before

    def wait(self):
        """(exit code, stderr)"""
        _, errors = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, errors


class SubmitTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def file(self, name, content):
        path = self.dir / name
        path.write_text(content)
        return path

    def test_the_text_is_all_that_is_printed_wherever_the_prompt_comes_from(self):
        plain = unmask("submit", PROMPT)
        self.assertEqual(plain.returncode, DONE, plain.stderr)
        self.assertTrue(plain.stdout.endswith("\n") and len(plain.stdout) > 1)
        self.assertNotRegex(plain.stdout, "[\x00-\x09\x0b-\x1f]")
        self.assertRegex(plain.stderr, r"^\d+ tokens in \d+ forwards .*\n$")
        chat = self.file("chat.json", json.dumps([{"role": "user", "content": PROMPT}]))
        for same in (
            unmask("submit", stdin=PROMPT + "\n"),
            unmask("submit", "--stream", PROMPT),
            unmask("submit", "--messages", chat),
        ):
            self.assertEqual(same.stdout, plain.stdout, same.stderr)
        result = json.loads(unmask("submit", "--json", PROMPT).stdout)
        self.assertEqual(result["text"] + "\n", plain.stdout)
        self.assertGreater(result["tokens_per_forward"], 0)

    def test_a_detached_job_is_fetched_by_its_id(self):
        left = unmask("submit", "--detach", PROMPT)
        self.assertEqual(left.returncode, DONE, left.stderr)
        self.assertRegex(left.stdout, r"^[0-9a-f]{32}\n$")
        job = left.stdout.strip()
        fetched = unmask("attach", job)
        self.assertEqual(fetched.stdout, unmask("submit", PROMPT).stdout, fetched.stderr)
        again = json.loads(unmask("attach", "--json", job).stdout)
        self.assertEqual((again["job"], again["text"] + "\n"), (job, fetched.stdout))
        unknown = unmask("attach", "a" * 32)
        self.assertEqual(unknown.returncode, USAGE)
        self.assertIn("no job has this id here", unknown.stderr)

    def test_on_a_terminal_the_canvas_fills_and_then_stands_as_text(self):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [UNMASK, "submit", "--stream", PROMPT], stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        shown = b""
        try:
            while more := os.read(ours, 4096):
                shown += more
        except OSError:  # the last one who could write is gone
            pass
        os.close(ours)
        self.assertEqual(process.wait(TIMEOUT), DONE)
        self.assertIn("\u2591".encode(), shown, "no hole was ever seen")
        self.assertIn(b"\x1b[", shown)
        self.assertRegex(shown.decode(), r"tokens in \d+ forwards")

    def test_a_chat_says_every_line_in_turn(self):
        saved = self.dir / "chat.json"
        lines = f"{PROMPT}\n/set gen_length=32\n/set\n/retry\n/save {saved}\n/exit\nnever said\n"
        result = subprocess.run([UNMASK, "chat", "--set", "threshold=0.95"], input=lines, text=True,
                                capture_output=True, timeout=TIMEOUT)
        self.assertEqual(result.returncode, DONE, result.stderr)
        answer = unmask("submit", "--threshold", "0.95", PROMPT).stdout
        self.assertEqual(result.stdout, f"{answer}threshold=0.95\ngen_length=32\n{answer}")
        self.assertEqual(json.loads(saved.read_text()), [{"role": "user", "content": PROMPT},
                                                         {"role": "assistant", "content": answer.strip()}])
        again = unmask("submit", "--messages", saved, "--gen-length", 8)
        self.assertEqual(again.returncode, DONE, again.stderr)
        for wrong, why in (("/sett x=1", "no command /sett"), ("/set threshold=2", "must be 0 to 1"),
                           ("/retry", "nothing was said"), ("/save", "wants a file")):
            refused = subprocess.run([UNMASK, "chat"], input=wrong, text=True, capture_output=True, timeout=TIMEOUT)
            self.assertEqual(refused.returncode, USAGE, wrong)
            self.assertIn(why, refused.stderr)

    def test_on_a_terminal_a_chat_goes_on_after_ctrl_c(self):
        ours, theirs = pty.openpty()
        with tempfile.TemporaryDirectory() as cache:
            process = subprocess.Popen([UNMASK, "chat"], stdin=theirs, stdout=theirs, stderr=theirs,
                                       start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                       env={**os.environ, "XDG_CACHE_HOME": cache, "TERM": "xterm"})
            os.close(theirs)
            self.addCleanup(process.kill)
            shown = b""

            def wait_for(what):
                nonlocal shown
                while what not in shown:
                    self.assertTrue(select.select([ours], [], [], TIMEOUT)[0], shown)
                    shown += os.read(ours, 4096)
                shown = shown[shown.index(what) + len(what):]

            wait_for(b"> ")
            os.write(ours, b"half a line\x03")
            wait_for(b"Ctrl-D leaves")
            os.write(ours, PROMPT.encode() + b"\n")
            wait_for(b"tokens in")
            wait_for(b"> ")
            os.write(ours, "/system \u00fcber \u20ac\n".encode())
            wait_for("\u00fcber \u20ac".encode())
            wait_for(b"> ")
            os.write(ours, b"/exit\n")
            self.assertEqual(process.wait(TIMEOUT), DONE)
            os.close(ours)
            history = pathlib.Path(cache, "unmask", "chat_history").read_text()
            self.assertIn(PROMPT.split()[0], history)
            self.assertNotIn("half", history)

    def test_tokens_need_no_tokenizer(self):
        tokens = self.file("tokens.json", "[5, 6, 7, 8]")
        result = unmask(
            *("submit", "--tokens-file", tokens, "--mask-id", 2043, "--eos-id", 2040),
            *("--gen-length", 16, "--json"),
        )
        self.assertEqual(result.returncode, DONE, result.stderr)
        self.assertEqual(json.loads(result.stdout)["prompt_tokens"], 4)

    def test_a_file_of_jobs_gives_one_result_a_line_in_its_order(self):
        lengths = [64, 16, 48, 32] * 5
        lines = [json.dumps({"prompt": PROMPT, "gen_length": length}) for length in lengths]
        lines[7:7] = ['{"prompt": "x", "treshold": 0.5}', "no job at all"]
        path = self.file("jobs.jsonl", "\n".join(lines) + "\n")
        ended = unmask("submit", "--file", path, "--concurrency", 4, "--block-length", 16)
        self.assertEqual(ended.returncode, FAILED, "two of them cannot be")
        results = [json.loads(line) for line in ended.stdout.splitlines()]
        self.assertEqual(len(results), 22)
        unknown, malformed = results[7:9]
        self.assertIn("did you mean", unknown["error"]["message"])
        self.assertIn("job 9: ", malformed["error"]["message"])
        del results[7:9]
        alone = {
            length: json.loads(
                unmask(
                    *("submit", "--json", "--gen-length", length, "--block-length", 16, PROMPT)
                ).stdout
            )["text"]
            for length in set(lengths)
        }
        self.assertEqual([r["text"] for r in results], [alone[length] for length in lengths])
        self.assertIn("22 of 22 jobs, 2 failed", ended.stderr)
        self.assertEqual(ended.stderr.count("\n"), 1)

    def test_a_line_says_all_that_flags_say_and_its_id_comes_back(self):
        turn = f"<role>HUMAN</role>{PROMPT}<|role_end|><role>ASSISTANT</role>"
        lines = [
            {"id": "sum", "prompt": PROMPT, "stop": "=", "deadline": 60, "priority": 1},
            {"id": "raw", "prompt": turn, "raw": True, "special_tokens": True},
            {"custom_id": 3, "prompt": PROMPT, "model": "another"},
            {"custom_id": 4, "prompt": ""},
        ]
        path = self.file("jobs.jsonl", "\n".join(json.dumps(line) for line in lines))
        ended = unmask("submit", "--file", path, "--gen-length", 32)
        self.assertEqual(ended.returncode, FAILED, ended.stderr)
        stopped, raw, refused, empty = (json.loads(line) for line in ended.stdout.splitlines())
        self.assertEqual((stopped["id"], raw["id"]), ("sum", "raw"))
        self.assertEqual((refused["custom_id"], empty["custom_id"]), (3, 4))
        self.assertNotIn("=", stopped["text"])
        self.assertEqual(refused["error"]["code"], "not_found")
        flags = unmask("submit", "--raw", "--special-tokens", "--gen-length", 32, "--json", turn)
        self.assertEqual(json.loads(flags.stdout)["text"], raw["text"])
        self.assertEqual(json.loads(flags.stdout)["prompt_tokens"], raw["prompt_tokens"])
        alone = unmask("submit", "--gen-length", 32, "--json", "")
        self.assertEqual(json.loads(alone.stdout)["text"], empty["text"])

    def test_results_that_cannot_be_written_end_it(self):
        path = self.file("jobs.jsonl", json.dumps({"prompt": PROMPT}) + "\n")
        with open("/dev/full", "wb") as full:
            ended = subprocess.run(
                [UNMASK, "submit", "--file", path, "--gen-length", "16"],
                stdout=full, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT,
            )
        self.assertEqual(ended.returncode, FAILED, ended.stderr)
        self.assertIn("0 of 1 results were", ended.stderr)

    def test_an_error_is_an_object_where_json_was_asked_for(self):
        nobody = ("--endpoint", "tcp://127.0.0.1:1")
        for words, code in (
            (("submit", "--json", "--set", "treshold=0.5", "hi"), "invalid_argument"),
            (("submit", "--json", "--deadline", "soon", "hi"), "invalid_argument"),
            (("attach", "--json", "a" * 32), "not_found"),
            (("jobs", "--json", *nobody), "unavailable"),
            (("status", "--json", "--endpoint", "nowhere"), "invalid_argument"),
        ):
            ended = unmask(*words)
            self.assertNotEqual(ended.returncode, DONE, words)
            error = json.loads(ended.stdout)["error"]
            self.assertEqual(error["code"], code, words)
            self.assertIn(error["message"], ended.stderr)

    def test_an_unknown_parameter_is_refused_with_the_one_that_was_meant(self):
        ended = unmask("submit", "--set", "treshold=0.5", "hi")
        self.assertEqual((ended.returncode, ended.stdout), (USAGE, ""))
        self.assertIn("treshold", ended.stderr)
        self.assertIn("did you mean", ended.stderr)

    def test_ctrl_c_cancels_the_job(self):
        running = Running()
        running.process.send_signal(signal.SIGINT)
        code, errors = running.wait()
        self.assertEqual(code, INTERRUPTED, errors)
        self.assertEqual(jobs()[running.id]["state"], "finished")

    def test_ctrl_c_cancels_the_jobs_of_a_file(self):
        line = json.dumps({"prompt": PROMPT})
        path = self.file("jobs.jsonl", (line + "\n") * 30)
        short = self.file("short.jsonl", json.dumps({"prompt": PROMPT, "gen_length": 16}) + "\n")
        path.write_text(short.read_text() + path.read_text())
        flags = [word for word in LONG if word not in ("--gen-length", "256")]
        process = subprocess.Popen(
            [UNMASK, "submit", "--file", path, "--gen-length", "256", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, INTERRUPTED)
        reasons = [json.loads(line)["finish_reason"] for line in (first + rest).splitlines()]
        self.assertIn("cancelled", reasons)
        self.assertLess(len(reasons), 31)


class ClusterCommandsTest(unittest.TestCase):
    def test_cancel_ends_another_s_job_and_says_what_it_does_not_know(self):
        running = Running()
        self.assertEqual(unmask("cancel", running.id).returncode, DONE)
        code, errors = running.wait()
        self.assertEqual(code, INTERRUPTED)
        self.assertIn("cancelled", errors)
        self.assertEqual(unmask("cancel", running.id).returncode, DONE, "it is already")
        unknown = unmask("cancel", "a" * 32)
        self.assertEqual(unknown.returncode, USAGE)
        self.assertIn("no job has this id", unknown.stderr)
        self.assertEqual(unmask("cancel", "abc").returncode, USAGE)

    def test_status_is_text_for_people_and_json_for_programs(self):
        status = json.loads(unmask("status", "--json").stdout)
        self.assertTrue(status["ready"])
        roles = sorted(member["role"] for member in status["members"])
        self.assertEqual(roles, ["coordinator", "gateway", "worker", "worker"])
        text = unmask("status").stdout
        self.assertRegex(text, "^ready: serves unmask-tiny ")
        self.assertIn("\ndurability  " + status["durability"], text)

    def test_jobs_is_text_for_people_and_json_for_programs(self):
        done = json.loads(unmask("submit", "--json", "--gen-length", 16, PROMPT).stdout)
        self.assertEqual(jobs()[done["job"]]["state"], "finished")
        self.assertRegex(unmask("jobs").stdout, done["job"] + r"  [0-9a-f]{8}  finished ")

    def test_nobody_listening_is_one_sentence_in_time(self):
        for command in (["status"], ["jobs"], ["cancel", "a" * 32], ["submit", "hi"]):
            begin = time.monotonic()
            ended = unmask(*command, "--endpoint", "tcp://127.0.0.1:1")
            self.assertLess(time.monotonic() - begin, 20)
            self.assertEqual((ended.returncode, ended.stdout), (UNREACHABLE, ""))
            self.assertRegex(ended.stderr, r"^unmask: error: .*127\.0\.0\.1:1.*--endpoint.*\n$")

    def test_an_endpoint_or_a_key_that_cannot_be_is_named(self):
        wrong = unmask("status", "--endpoint", "nowhere")
        self.assertEqual(wrong.returncode, USAGE)
        self.assertIn("'nowhere'", wrong.stderr)
        keyless = unmask("status", "--server-key", "/nowhere/key", "--secret-key", "/nowhere/key")
        self.assertEqual(keyless.returncode, BAD_CONFIG)
        self.assertIn("/nowhere/key", keyless.stderr)
        self.assertEqual(unmask("status", "--server-key", "/nowhere/key").returncode, USAGE)


if __name__ == "__main__":
    unittest.main(verbosity=2)
