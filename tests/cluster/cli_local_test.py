"""The program `unmask` from outside, where it needs no cluster: golden data through its commands,
and input that cannot be right. Needs nothing but Python's own library.

  UNMASK=build/release/unmask python3 tests/cluster/cli_local_test.py
"""

import array
import fcntl
import json
import os
import pathlib
import pty
import re
import shlex
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import unittest

UNMASK = os.environ["UNMASK"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/data"
TINY = ROOT / "model/zoo/unmask-tiny"
# By "model/case.json": what the refusal has to say.
REFUSED_TRACES = dict(line.split(": ", 1)
                      for line in (ROOT / "tests/golden/refused_traces.txt").read_text().splitlines()
                      if not line.startswith("#"))
TIMEOUT = 120  # seconds, of one command
# bf16 sums, and so a trained model's tokens, depend on the processor.
os.environ["UNMASK_MODEL_DTYPE"] = "f32"

DONE, FAILED, USAGE, BAD_CONFIG, INTERRUPTED = 0, 1, 2, 3, 130


def unmask(*words, stdin=b"", **options):
    """Runs `unmask WORDS...`; stdout and stderr are bytes."""
    command = [UNMASK, *(word if isinstance(word, bytes) else str(word) for word in words)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=TIMEOUT, **options)


def read_safetensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        values = array.array({"F32": "f", "I32": "i"}[entry["dtype"]])
        values.frombytes(data[8 + length + begin : 8 + length + end])
        tensors[name] = (entry["dtype"], entry["shape"], values)
    return tensors


def lengthen(path, times, names):
    """Repeats the rows of some tensors of a safetensors file, in place."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header, body = json.loads(data[8 : 8 + length]), b""
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        repeats = times if name in names else 1
        values = data[8 + length + begin : 8 + length + end] * repeats
        entry["shape"][0] *= repeats
        entry["data_offsets"] = [len(body), len(body) + len(values)]
        body += values
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def read_npy(path):
    data = path.read_bytes()
    assert data[:8] == b"\x93NUMPY\x01\x00", data[:8]
    (length,) = struct.unpack_from("<H", data, 8)
    header = eval(data[10 : 10 + length], {})  # as NumPy reads it
    assert header["descr"] == "<f4" and not header["fortran_order"], header
    assert (10 + length) % 64 == 0, length
    values = array.array("f")
    values.frombytes(data[10 + length :])
    return header["shape"], values


class LocalTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def file(self, name, content):
        path = self.dir / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def expect_done(self, result):
        self.assertEqual(result.returncode, DONE, result.stderr.decode(errors="replace"))

    def expect_refused(self, result, exit_code, *parts):
        """One sentence on stderr that has all `parts`; nothing on stdout."""
        message = result.stderr.decode(errors="replace")
        self.assertEqual(result.returncode, exit_code, message)
        self.assertEqual(result.stdout, b"")
        lines = message.splitlines()
        self.assertTrue(lines and lines[0].startswith("unmask: error: "), message)
        self.assertLessEqual(len(lines), 2, message)  # the second may say where help is
        for part in parts:
            self.assertIn(part, lines[0])

    def expect_close(self, ours, golden, what):
        self.assertEqual(len(ours), len(golden), what)
        largest = max(abs(value) for value in golden)
        difference = max(abs(a - b) for a, b in zip(ours, golden))
        self.assertLessEqual(difference, 1e-4 * largest, what)


class ForwardTest(LocalTest):
    def test_golden_logits_hidden_states_and_routing_are_reproduced(self):
        cases = sorted(GOLDEN.glob("logits/moe_*/*.safetensors"))
        self.assertGreaterEqual(len(cases), 20, f"no golden data at {GOLDEN}")
        for case in cases:
            with self.subTest(case=f"{case.parent.name}/{case.name}"):
                golden = read_safetensors(case)
                tokens = self.file("tokens.json", json.dumps(list(golden["tokens"][2])))
                out, dump = self.dir / "logits.npy", self.dir / "hidden.safetensors"
                self.expect_done(unmask("forward", "--model", GOLDEN / "models" / case.parent.name,
                                        "--tokens-file", tokens, "--out", out, "--dump", dump))
                shape, logits = read_npy(out)
                self.assertEqual(list(shape), golden["logits"][1])
                self.expect_close(logits, golden["logits"][2], "logits")
                ours = read_safetensors(dump)
                self.assertEqual(ours.keys(), golden.keys())
                self.assertEqual(ours["logits"][2], logits)
                for name, (dtype, shape, values) in golden.items():
                    self.assertEqual(ours[name][:2], (dtype, shape), name)
                    if dtype == "I32":
                        self.assertEqual(ours[name][2], values, name)
                    else:
                        self.expect_close(ours[name][2], values, name)

    def test_the_embedded_model_is_used_without_a_name_and_blocks_hide_what_follows(self):
        def logits(tokens, *flags):
            out = self.dir / "logits.npy"
            self.expect_done(unmask("forward", "--tokens-file", "-", "--out", out, *flags,
                                    stdin=json.dumps(tokens).encode()))
            shape, values = read_npy(out)
            self.assertEqual(shape, (len(tokens), 2048))
            return [values[i : i + 2048] for i in range(0, len(values), 2048)]

        short, long = [5, 6, 7, 8], [5, 6, 7, 8, 9, 10]
        self.assertNotEqual(logits(short)[0], logits(long)[0])
        self.assertEqual(logits(short, "--block-length", 4),
                         logits(long, "--block-length", 4)[:4])

    def test_input_that_cannot_be_right_is_refused_in_one_sentence(self):
        model = GOLDEN / "models/moe_mha"
        out = self.dir / "logits.npy"

        def forward(tokens, *flags):
            return unmask("forward", "--model", model, "--tokens-file", "-", "--out", out, *flags,
                          stdin=tokens)

        self.expect_refused(forward(b"[1, 2, 512]"), USAGE, "entry 2 is 512", "0 to 511")
        self.expect_refused(forward(b"[1, -2]"), USAGE, "entry 1 is not a token id")
        self.expect_refused(forward(b"[]"), USAGE, "0 tokens")
        self.expect_refused(forward(b"[" + b"1," * 99999 + b"1]"), USAGE, "100000 tokens")
        self.expect_refused(forward(b"[1, 2"), USAGE, "is not JSON")
        self.expect_refused(forward(b"\xff\xfe"), USAGE, "is not JSON")
        self.expect_refused(forward(b"[" * 100000), USAGE, "is not JSON")
        self.expect_refused(forward(b"{}"), USAGE, "not a list of token ids")
        self.expect_refused(forward(b"[1]", "--block-length", "-1"), USAGE, "--block-length")
        self.expect_refused(forward(b"[1]", "--dtype", "f64"), USAGE, "--dtype")
        self.expect_refused(forward(b"[1]", "--workers", "0"), USAGE, "--workers")
        self.expect_refused(forward(b"[1]", "--workers", "3"), USAGE, "--workers")
        self.expect_refused(forward(b"[1]", "--dump", "/nonexistent/x"), USAGE, "/nonexistent/x")
        self.expect_refused(unmask("forward", "--model", model, "--tokens-file", "/nonexistent",
                                   "--out", out), USAGE, "cannot read '/nonexistent'")
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_every_number_of_workers_writes_the_same_bytes(self):
        tokens = self.file("tokens.json", "[1, 2, 3, 500]")
        written = set()
        for workers in (1, 2, 4):
            out, dump = self.dir / "logits.npy", self.dir / "hidden.safetensors"
            self.expect_done(unmask("forward", "--model", GOLDEN / "models/moe_gqa", "--workers",
                                    workers, "--tokens-file", tokens, "--out", out, "--dump", dump))
            written.add((out.read_bytes(), dump.read_bytes()))
        self.assertEqual(len(written), 1)

    def test_rows_that_are_larger_than_a_message_come_from_workers_too(self):
        times, num_tokens = 40, 900  # 64 rows are 5 MB then, and all 74 MB: more than may queue
        model = self.dir / "model"
        shutil.copytree(GOLDEN / "models/moe_mha", model)
        config = json.loads((model / "config.json").read_text())
        config["vocab_size"] *= times
        (model / "config.json").write_text(json.dumps(config))
        lengthen(model / "model.safetensors", times,
                 ("model.embed_tokens.weight", "lm_head.weight"))
        tokens = self.file("tokens.json", json.dumps(list(range(num_tokens))))
        written = set()
        for workers in (1, 2):
            out = self.dir / "logits.npy"
            self.expect_done(unmask("forward", "--model", model, "--workers", workers,
                                    "--tokens-file", tokens, "--out", out))
            written.add(out.read_bytes())
        self.assertEqual(len(written), 1)
        self.assertGreater(len(written.pop()), num_tokens * 512 * times * 4)

    def test_a_broken_checkpoint_is_named(self):
        def forward(model):
            return unmask("forward", "--model", model, "--tokens-file", "-", "--out",
                          self.dir / "logits.npy", stdin=b"[1]")

        self.expect_refused(forward("/nonexistent"), BAD_CONFIG, "/nonexistent")
        self.expect_refused(forward(self.dir), BAD_CONFIG, str(self.dir))
        model = self.dir / "model"
        shutil.copytree(TINY, model)
        weights = model / "model.safetensors"
        whole = weights.read_bytes()
        for name, content in {
            "truncated": whole[: len(whole) // 2],
            "truncated header": whole[:100],
            "empty": b"",
            "lying about the header": struct.pack("<Q", 1 << 62) + whole[8:],
            "lying about an offset": whole.replace(b'"data_offsets":[0,', b'"data_offsets":[9,', 1),
        }.items():
            with self.subTest(weights=name):
                weights.write_bytes(content)
                self.expect_refused(forward(model), BAD_CONFIG, "model.safetensors")
        weights.write_bytes(whole)
        config = model / "config.json"
        whole = config.read_text()
        for name, content in {
            "truncated": whole[:40],
            "other shape": json.dumps({**json.loads(whole), "hidden_size": 32}),
        }.items():
            with self.subTest(config=name):
                config.write_text(content)
                self.expect_refused(forward(model), BAD_CONFIG, str(model))


class TraceTest(LocalTest):
    def test_golden_traces_are_reproduced(self):
        num_reproduced = 0
        for case in sorted(GOLDEN.glob("traces/moe_*/*.json")):
            name = f"{case.parent.name}/{case.name}"
            with self.subTest(case=name):
                out = self.dir / "ours.json"
                result = unmask("trace", "--model", GOLDEN / "models" / case.parent.name, "--job",
                                case, "--out", out)
                if name in REFUSED_TRACES:
                    self.expect_refused(result, USAGE, case.name, REFUSED_TRACES[name])
                    continue
                self.expect_done(result)
                diff = unmask("trace", "diff", case, out)
                self.assertEqual(diff.returncode, DONE, diff.stdout.decode())
                num_reproduced += 1
        self.assertGreaterEqual(num_reproduced, 22)
        for name in REFUSED_TRACES:
            self.assertTrue((GOLDEN / "traces" / name).exists(), name)

    def test_every_number_of_workers_writes_the_same_bytes(self):
        case = GOLDEN / "traces/moe_mha/09_threshold_prefix.json"
        written = set()
        for workers in (1, 2, 4):
            result = unmask("trace", "--model", GOLDEN / "models/moe_mha", "--workers", workers,
                            "--job", case)
            self.expect_done(result)
            written.add(result.stdout)
        self.assertEqual(len(written), 1)

    def test_a_difference_is_named_and_has_its_own_exit_code(self):
        case = GOLDEN / "traces/moe_mha/03_threshold_none.json"
        other = self.file("other.json", case.read_text().replace('"edits":[[23,149]]',
                                                                 '"edits":[[23,150]]', 1))
        diff = unmask("trace", "diff", case, other)
        self.assertEqual(diff.returncode, FAILED)
        self.assertIn("149", diff.stdout.decode())
        self.assertIn("150", diff.stdout.decode())

    def test_a_prompt_is_traced_as_it_is_run_and_its_trace_can_be_run_again(self):
        prompt, flags = "What is 347 + 285?", ("--gen-length", 32, "--threshold", 0.8,
                                               "--cache", "dual", "--set", "driver=fastdllm")
        first = unmask("trace", *flags, prompt)
        self.expect_done(first)
        trace = json.loads(first.stdout)
        ran = json.loads(unmask("run", "--json", *flags, prompt).stdout)
        self.assertEqual(len(trace["prompt"]), ran["prompt_tokens"])
        self.assertEqual(trace["final"][len(trace["prompt"]):][:len(ran["token_ids"])],
                         ran["token_ids"])
        file = self.file("first.json", first.stdout)
        again = unmask("trace", "--job", file)
        self.expect_done(again)
        self.assertEqual(json.loads(again.stdout)["iterations"], trace["iterations"])

    def test_an_example_is_a_file_to_start_from(self):
        example = unmask("trace", "--example")
        self.expect_done(example)
        job = json.loads(example.stdout)
        self.assertNotIn("iterations", job)
        self.expect_done(unmask("trace", "--job", self.file("job.json", json.dumps(
            {**job, "gen_length": 8}))))

    def test_without_a_file_the_trace_goes_to_stdout(self):
        case = GOLDEN / "traces/moe_mha/03_threshold_none.json"
        result = unmask("trace", "--model", GOLDEN / "models/moe_mha", "--job", case)
        self.expect_done(result)
        self.assertEqual(json.loads(result.stdout)["final"], json.loads(case.read_text())["final"])

    def test_input_that_cannot_be_right_is_refused_in_one_sentence(self):
        case = json.loads((GOLDEN / "traces/moe_mha/03_threshold_none.json").read_text())
        for key in ("iterations", "final", "canvas"):
            case.pop(key)

        def trace(**changes):
            job = self.file("job.json", json.dumps({**case, **changes}))
            return unmask("trace", "--model", GOLDEN / "models/moe_mha", "--job", job)

        self.expect_done(trace())
        self.expect_refused(trace(gen_length=0), USAGE, "job.json", "gen_length")
        self.expect_refused(trace(gen_length=1 << 19), USAGE, "job.json", "gen_length")
        self.expect_refused(trace(strategy={"name": "wish"}), USAGE, "job.json", "wish")
        self.expect_refused(trace(prompt=[1, 512]), USAGE, "job.json", "512")
        self.expect_refused(trace(mask_id=512), USAGE, "job.json", "mask")
        self.expect_refused(trace(batch=2), USAGE, "job.json", "batch")
        self.expect_refused(unmask("trace"), USAGE, "no prompt")
        self.expect_refused(unmask("trace", "--job", "x.json", "Hi"), USAGE, "--job")
        without = {key: value for key, value in case.items() if key != "mask_id"}
        job = self.file("job.json", json.dumps(without))
        self.expect_refused(unmask("trace", "--model", GOLDEN / "models/moe_mha", "--job", job),
                            USAGE, "job.json", "mask_id")
        self.expect_refused(unmask("trace", "--job", self.file("x.json", '{"case":')), USAGE, "x.json")
        self.expect_refused(unmask("trace", "--job", self.file("x.json", b"\xff")), USAGE, "x.json")
        self.expect_refused(unmask("trace", "diff", "/nonexistent", "/nonexistent"), USAGE,
                            "/nonexistent")


class RunTest(LocalTest):
    PROMPT = "Sort these numbers from small to large: 734, 812, 778, 75, 101, 198, 638"
    ANSWER = "75, 101, 198, 638, 734, 778, 812"

    def test_a_prompt_has_an_answer_in_a_pipe(self):
        result = unmask("run", self.PROMPT)
        self.expect_done(result)
        self.assertEqual(result.stdout.decode(), self.ANSWER + "\n")
        self.assertRegex(result.stderr, rb"^32 tokens in 3 forwards .*\n$")

    def test_a_sum_in_words_is_right(self):
        result = unmask("run", "Mia has 12 apples and buys 7 more. How many apples does she have?")
        self.expect_done(result)
        self.assertEqual(result.stdout.decode().splitlines()[-1], "#### 19")

    def test_json_has_the_text_its_tokens_and_the_figures(self):
        result = unmask("run", "--json", stdin=self.PROMPT.encode() + b"\n")
        self.expect_done(result)
        answer = json.loads(result.stdout)
        self.assertEqual(answer["text"], self.ANSWER)
        self.assertEqual(answer["finish_reason"], "stop")
        self.assertEqual(answer["tokens"], len(answer["token_ids"]))
        self.assertEqual(answer["tokens_per_forward"], answer["tokens"] / answer["forwards"])
        self.assertGreater(answer["tokens_per_forward"], 1)

    def test_a_prompt_of_another_system_is_the_same(self):
        counts = [json.loads(unmask("run", "--json", stdin=prompt).stdout)["prompt_tokens"]
                  for prompt in (b"One\ntwo\n", b"\xef\xbb\xbfOne\ntwo\n", b"One\r\ntwo\r\n")]
        self.assertEqual(len(set(counts)), 1, counts)

    def test_a_model_whose_files_are_of_another_system_is_the_same(self):
        model = self.dir / "model"
        shutil.copytree(TINY, model)
        for file in ("config.json", "tokenizer.json", "tokenizer_config.json"):
            text = (model / file).read_bytes().replace(b"\n", b"\r\n")
            (model / file).write_bytes(b"\xef\xbb\xbf" + text)
        result = unmask("run", "--model", model, self.PROMPT)
        self.expect_done(result)
        self.assertEqual(result.stdout.decode().rstrip("\n"), self.ANSWER)

    def test_a_model_with_another_template_says_what_helps_and_that_helps(self):
        model = self.dir / "model"
        shutil.copytree(TINY, model)
        config = json.loads((model / "tokenizer_config.json").read_text())
        own = config["chat_template"]
        config["chat_template"] = "{{ messages }}"
        (model / "tokenizer_config.json").write_text(json.dumps(config))
        result = unmask("run", "--model", model, self.PROMPT)
        self.expect_refused(result, USAGE, "--chat-template", "--raw --special-tokens")
        turn = ("<role>SYSTEM</role>detailed thinking off<|role_end|>"
                f"<role>HUMAN</role>{self.PROMPT}<|role_end|><role>ASSISTANT</role>")
        for flags in (("--chat-template", "llada2", self.PROMPT),
                      ("--raw", "--special-tokens", turn)):
            result = unmask("run", "--model", model, *flags)
            self.expect_done(result)
            self.assertEqual(result.stdout.decode().rstrip("\n"), self.ANSWER, flags)
        self.assertNotEqual(unmask("run", "--model", model, "--raw", turn).stdout.decode(),
                            self.ANSWER + "\n", "control tokens of a raw prompt are text")
        self.expect_refused(unmask("run", "--special-tokens", "Hi"), USAGE, "--raw")
        self.expect_refused(unmask("run", "--chat-template", "chatml", "Hi"), BAD_CONFIG,
                            "<|im_start|>")
        self.expect_refused(unmask("run", "--template", "chatml", "Hi"), USAGE,
                            "--chat-template chatml")
        config["chat_template"] = own.replace(
            "{{- '<role>ASSISTANT</role>' + message['content'] + '<|role_end|>' }}",
            "{{- '<role>ASSISTANT</role>' }}{% generation %}\n"
            "{{- message['content'] + '<|role_end|>' }}{% endgeneration %}")
        self.assertNotEqual(config["chat_template"], own)
        (model / "tokenizer_config.json").write_text(json.dumps(config))
        result = unmask("run", "--model", model, self.PROMPT)
        self.expect_done(result)
        self.assertEqual(result.stdout.decode().rstrip("\n"), self.ANSWER)

    def test_a_template_is_filled_in_and_printed_as_a_whole(self):
        text = "The sum of {{first:3}} and 285 is {{sum:4}}, says unmask.\n"
        template = self.file("sum.txt", text)
        result = unmask("run", "--template", template, "--json", "What is 347 + 285?")
        self.expect_done(result)
        answer = json.loads(result.stdout)
        self.assertEqual(set(answer["fills"]), {"first", "sum"})
        whole = "The sum of {first} and 285 is {sum}, says unmask.\n".format(**answer["fills"])
        self.assertEqual(answer["text"], whole)
        result = unmask("run", "--template", template, "What is 347 + 285?")
        self.expect_done(result)
        self.assertEqual(result.stdout.decode(), whole)
        self.expect_done(unmask("run", "--template", template, stdin=b"left alone"))
        for wrong, *flags in (("{{name:N}}", "--template", self.file("bad.txt", "a {{b}}")),
                              ("only one", "--template", template, "--json-schema", template),
                              ("stop strings", "--template", template, "--stop", "x")):
            self.expect_refused(unmask("run", *flags), USAGE, wrong)
        block = TINY.parent / "unmask-tiny-block"
        self.expect_refused(
            unmask("run", "--model", block, "--block-length", 4, "--template", template), USAGE,
            "block-causal", "position")

    def test_json_always_parses(self):
        schema = {"type": "object", "properties": {
            "name": {"type": "string", "maxLength": 12}, "age": {"type": "integer"},
            "height": {"type": "number"}, "tall": {"type": "boolean"},
            "sizes": {"type": "array", "minItems": 2, "maxItems": 2,
                      "items": {"enum": ["small", "quite large", 7]}}}}
        path = self.file("schema.json", json.dumps(schema))
        for seed, prompt in enumerate(("Mia is 12.", "Write \"quotes\" and \\ and {}", "")):
            for strategy in ("threshold", "fixed", "entropy_bound", "hierarchy_remask"):
                result = unmask("run", "--json-schema", path, "--strategy", strategy,
                                "--block-length", 5 + seed, prompt)
                self.expect_done(result)
                answer = json.loads(result.stdout)
                self.assertEqual(list(answer), list(schema["properties"]))
                self.assertLessEqual(len(answer["name"]), 12)
                self.assertIs(type(answer["age"]), int)
                self.assertIn(type(answer["height"]), (int, float))
                self.assertIs(type(answer["tall"]), bool)
                for size in answer["sizes"]:
                    self.assertIn(size, ["small", "quite large", 7])
        template = self.file("template.json", '{"sum": "{{sum:4:integer}}", "what": "{{what:6}}"}')
        result = unmask("run", "--json-template", template, "What is 347 + 285?")
        self.expect_done(result)
        self.assertEqual(list(json.loads(result.stdout)), ["sum", "what"])
        schema["properties"]["age"]["minimum"] = 0
        result = unmask("run", "--json-schema", self.file("more.json", json.dumps(schema)), "Hi")
        self.expect_refused(result, USAGE, "'age' of the schema", "minimum")

    def test_messages_and_tokens_are_prompts_too(self):
        chat = self.file("chat.json", json.dumps([{"role": "user", "content": self.PROMPT}]))
        result = unmask("run", "--messages", chat)
        self.expect_done(result)
        self.assertEqual(result.stdout.decode(), self.ANSWER + "\n")
        result = unmask("run", "--tokens-file", self.file("ids.json", "[5, 6, 7]"), "--json",
                        "--gen-length", 8)
        self.expect_done(result)
        self.assertEqual(json.loads(result.stdout)["prompt_tokens"], 3)

    def test_an_empty_prompt_is_one_at_every_entry_and_leaves_stdin_alone(self):
        answers = set()
        for words, stdin in ((("",), b"What is 1 + 1?"), (("-",), b""), (("-",), b"\n"),
                             (("--messages", "-"), b'[{"role": "user", "content": ""}]')):
            result = unmask("run", *words, "--gen-length", 32, stdin=stdin)
            self.expect_done(result)
            answers.add(result.stdout)
        self.assertEqual(len(answers), 1)
        raw = [unmask("run", *words, "--gen-length", 32, stdin=b"[]")
               for words in (("--raw", ""), ("--tokens-file", "-"))]
        for result in raw:
            self.expect_done(result)
        self.assertEqual(raw[0].stdout, raw[1].stdout)
        self.assertEqual(unmask("run", "-", stdin=self.PROMPT.encode()).stdout.decode(),
                         self.ANSWER + "\n")
        for flag in ("--messages", "--tokens-file", "--deadline", "--model", "--template",
                     "--chat-template", "--json-template", "--json-schema"):
            self.expect_refused(unmask("run", flag, "", "Hi"), USAGE, flag, "empty")

    def test_a_stop_string_ends_the_text_before_it(self):
        result = unmask("run", "--stop", " 638", "--json", self.PROMPT)
        self.expect_done(result)
        answer = json.loads(result.stdout)
        self.assertEqual((answer["text"], answer["finish_reason"]), ("75, 101, 198,", "stop"))

    def test_the_same_seed_gives_the_same_tokens_with_every_number_of_threads(self):
        answers = set()
        for threads in (1, 2, 3):
            result = unmask("run", "--json", "--threads", threads, "--cache", "dual", self.PROMPT)
            self.expect_done(result)
            answers.add(str(json.loads(result.stdout)["token_ids"]))
        self.assertEqual(len(answers), 1)

    def test_the_deadline_ends_it(self):
        result = unmask("run", "--deadline", "1ms", "--gen-length", 256, "--block-length", 1,
                        "--set", "early_stop=false", "--json", "Tell me a story")
        self.assertEqual(result.returncode, FAILED, result.stderr)
        self.assertIn(json.loads(result.stdout)["finish_reason"], ("deadline", "rejected"))

    def test_an_interrupt_keeps_what_is_finished(self):
        command = [UNMASK, "run", "--gen-length", "400", "--block-length", "1", "--set",
                   "early_stop=false", "Times table of 3, please."]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            first = process.stdout.read(1)
            process.send_signal(signal.SIGINT)
            rest, message = process.communicate(timeout=TIMEOUT)
        self.assertEqual(process.returncode, INTERRUPTED, message)
        self.assertIn(b"cancelled", message)
        self.assertTrue(first and rest.endswith(b"\n"))

    def test_a_reader_that_leaves_ends_it(self):
        command = [UNMASK, "run", "--gen-length", "400", "--block-length", "1", "--set",
                   "early_stop=false", "Times table of 3, please."]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.read(1)
            process.stdout.close()
            process.stderr.read()
            self.assertNotEqual(process.wait(timeout=TIMEOUT), DONE)

    def test_on_a_terminal_the_canvas_is_drawn_in_place(self):
        def drawn(**environment):
            screen, terminal = pty.openpty()
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            process = subprocess.Popen([UNMASK, "run", self.PROMPT], stdout=terminal,
                                       stderr=subprocess.PIPE,
                                       env={**os.environ, "TERM": "xterm", **environment})
            os.close(terminal)
            written = b""
            try:
                while piece := os.read(screen, 65536):
                    written += piece
            except OSError:  # the program has ended
                pass
            os.close(screen)
            self.assertEqual(process.wait(timeout=TIMEOUT), DONE, process.stderr.read())
            process.stderr.close()
            return written.decode()

        written = drawn()
        self.assertIn("\u2591", written)  # a hole
        self.assertIn("\x1b[J", written)
        self.assertIn("\x1b[1;32m", written)
        self.assertTrue(written.endswith(self.ANSWER + "\x1b[J\r\n"), repr(written[-100:]))
        self.assertNotIn("\x1b[1;32m", drawn(NO_COLOR="1"))
        self.assertEqual(drawn(TERM="dumb"), self.ANSWER + "\r\n")

    def test_a_checkpoint_without_tokenizer_answers_in_tokens_and_says_so(self):
        flags = ("--model", GOLDEN / "models/moe_mha", "--mask-id", 511, "--gen-length", 8)
        result = unmask("run", *flags, "--tokens-file", "-", stdin=b"[1, 2]")
        self.expect_done(result)
        self.assertIn(b"no tokenizer", result.stderr)
        answer = json.loads(result.stdout)
        self.assertEqual((answer["text"], len(answer["token_ids"])), ("", 8))
        result = unmask("run", *flags, "Hi")
        self.assertEqual(result.returncode, USAGE)
        self.assertIn(b"cannot be tokenized", result.stderr)

    def test_a_tensor_that_is_missing_is_named(self):
        model = self.dir / "model"
        shutil.copytree(TINY, model)
        weights = model / "model.safetensors"
        name = b"model.norm.weight"
        whole = weights.read_bytes()
        self.assertIn(name, whole)
        weights.write_bytes(whole.replace(name, b"model.worm.weight", 1))
        self.expect_refused(unmask("run", "--model", model, "Hi"), BAD_CONFIG, name.decode())

    def test_a_tensor_that_is_found_bad_late_in_the_load_is_named(self):
        model = self.dir / "model"
        shutil.copytree(TINY, model)
        weights = model / "model.safetensors"
        whole = weights.read_bytes()
        (length,) = struct.unpack_from("<Q", whole)
        header = json.loads(whole[8 : 8 + length])
        header["model.norm.weight"]["dtype"] = {"F32": "I32", "BF16": "I16"}[
            header["model.norm.weight"]["dtype"]]
        text = json.dumps(header).encode()
        weights.write_bytes(struct.pack("<Q", len(text)) + text + whole[8 + length :])
        self.expect_refused(unmask("run", "--model", model, "Hi"), BAD_CONFIG,
                            "model.norm.weight has dtype I")

    def test_an_error_is_an_object_where_json_was_asked_for(self):
        for words in (("--gen-length", 0, "Hi"), ("--deadline", "2h", "Hi"),
                      ("--model", "/nonexistent", "Hi")):
            result = unmask("run", "--json", *words)
            self.assertNotEqual(result.returncode, DONE)
            error = json.loads(result.stdout)["error"]
            self.assertRegex(error["code"], "^(invalid_argument|not_found)$")
            self.assertIn(error["message"], result.stderr.decode())

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([UNMASK, "run", self.PROMPT], stdout=full,
                                    stderr=subprocess.PIPE, timeout=TIMEOUT)
        self.assertNotEqual(result.returncode, DONE)
        self.assertIn(b"stdout cannot be written", result.stderr)

    def test_input_that_cannot_be_right_is_refused_in_one_sentence(self):
        def run(*flags, stdin=b""):
            return unmask("run", *flags, stdin=stdin)

        self.expect_refused(run("--gen-length", 0, "Hi"), USAGE, "gen_length", "1 to")
        self.expect_refused(run("--gen-length", 100000, "Hi"), USAGE, "512")
        self.expect_refused(run("--strategy", "wish", "Hi"), USAGE, "strategy", "threshold")
        self.expect_refused(run("--threshold", 2, "Hi"), USAGE, "threshold", "0 to 1")
        self.expect_refused(run("--set", "treshold=0.5", "Hi"), USAGE, "did you mean")
        self.expect_refused(run("--set", "threshold", "Hi"), USAGE, "name=value")
        self.expect_refused(run("--deadline", "soon", "Hi"), USAGE, "--deadline")
        self.expect_refused(run("--stop", "", "Hi"), USAGE, "stop string")
        self.expect_refused(run(b"\xff\xfe"), USAGE, "UTF-8")
        self.expect_refused(run(), USAGE, "no prompt")
        self.expect_refused(run(stdin=b"a" * 300000), USAGE, "bytes")
        self.expect_refused(run("--tokens-file", "-", stdin=b"[1, 2048]"), USAGE, "2048")
        self.expect_refused(run("--messages", "-", stdin=b'[{"role": "wizard", "content": "Hi"}]'),
                            USAGE, "wizard")
        self.expect_refused(run("--treshold", "Hi"), USAGE, "did you mean \"--threshold\"")
        self.expect_refused(run("--model", "/nonexistent", "Hi"), BAD_CONFIG, "/nonexistent")
        self.expect_refused(run("--dtype", "f64", "Hi"), BAD_CONFIG, "f64")
        self.expect_refused(run("Hi", "there"), USAGE, "quotes")


class ModelsTest(LocalTest):
    def test_the_embedded_model_and_those_given_are_described(self):
        result = unmask("models", "--json")
        self.expect_done(result)
        (tiny,) = json.loads(result.stdout)
        self.assertEqual((tiny["name"], tiny["parameters"], tiny["mask_id"], tiny["eos_id"]),
                         ("unmask-tiny", 7886080, 2043, 2040))
        result = unmask("models", GOLDEN / "models/moe_mha", GOLDEN / "models/moe_gqa")
        self.expect_done(result)
        self.assertIn("moe_mha\n", result.stdout.decode())
        self.assertIn("moe_gqa\n", result.stdout.decode())

    def test_what_is_not_used_is_told_once_and_what_is_not_computed_is_refused(self):
        model = self.dir / "model"
        shutil.copytree(GOLDEN / "models/moe_mha", model)
        config = json.loads((model / "config.json").read_text())
        (model / "config.json").write_text(json.dumps({**config, "soft_cap": 30}))
        told = "config.json: not known, and not used: soft_cap"
        result = unmask("models", model)
        self.expect_done(result)
        self.assertEqual(result.stdout.decode().count(told), 1)
        result = unmask("models", "--json", model)
        self.assertEqual(json.loads(result.stdout)[0]["warnings"], [f"{model}/{told}"])
        (model / "tokens.json").write_text("[1, 2, 3]")
        result = unmask("forward", "--model", model, "--tokens-file", model / "tokens.json",
                        "--out", model / "logits.npy")
        self.assertEqual(result.stderr.decode().count(told), 1)
        (model / "config.json").write_text(json.dumps({**config, "attention_bias": True}))
        self.expect_refused(unmask("models", model), BAD_CONFIG, "attention_bias is true")

    def test_a_reader_that_has_enough_is_no_error(self):
        reading, writing = os.pipe()
        os.close(reading)
        result = subprocess.run([UNMASK, "models"], stdout=writing, stderr=subprocess.PIPE,
                                timeout=TIMEOUT)
        os.close(writing)
        self.assertEqual((result.returncode, result.stderr), (DONE, b""))

    def test_the_environment_names_another_model(self):
        model = GOLDEN / "models/moe_mha"
        result = unmask("models", "--json", env={**os.environ, "UNMASK_MODEL_DIR": str(model)})
        self.expect_done(result)
        self.assertEqual([entry["name"] for entry in json.loads(result.stdout)],
                         ["unmask-tiny", "moe_mha"])

    def test_a_program_without_its_model_says_what_to_do(self):
        alone = self.dir / "unmask"
        shutil.copy(UNMASK, alone)
        result = subprocess.run([alone, "run", "Hi"], capture_output=True, timeout=TIMEOUT)
        self.expect_refused(result, BAD_CONFIG, "--model")
        share = self.dir / "share/unmask"
        share.mkdir(parents=True)
        shutil.copytree(TINY, share / "unmask-tiny")
        (self.dir / "bin").mkdir()
        alone.rename(self.dir / "bin/unmask")
        result = subprocess.run([self.dir / "bin/unmask", "models", "--json"], capture_output=True,
                                timeout=TIMEOUT)
        self.expect_done(result)


class ConfigTest(LocalTest):
    def test_every_setting_is_shown_with_its_source(self):
        file = self.file("cluster.toml", "[cluster]\nworkers = 2\n[model]\ndtype = \"f32\"\n")
        result = unmask("config", "show", "--json", "--config", file, "--set", "model.dtype=bf16",
                        env={**os.environ, "UNMASK_LOG_LEVEL": "debug"})
        self.expect_done(result)
        settings = json.loads(result.stdout)
        self.assertEqual(settings["cluster.workers"],
                         {"value": "2", "source": "file", "origin": f"{file}:2",
                          "help": "workers that share the model, per replica"})
        self.assertEqual(settings["log.level"]["origin"], "UNMASK_LOG_LEVEL")
        self.assertEqual((settings["model.dtype"]["value"], settings["model.dtype"]["source"]),
                         ("bf16", "flag"))
        self.assertEqual(settings["cluster.replicas"]["source"], "default")
        table = unmask("config", "show", "--config", file)
        self.expect_done(table)
        self.assertEqual(len(table.stdout.splitlines()), len(settings))

    def test_settings_are_explained_one_by_one_or_all(self):
        everything = unmask("config", "explain")
        self.expect_done(everything)
        shown = json.loads(unmask("config", "show", "--json").stdout)
        workers = unmask("config", "explain", "worker").stdout.decode()
        self.assertEqual(len(everything.stdout.splitlines()), 2 * len(shown) + len(workers.splitlines()))
        self.assertEqual([line.split(" = ")[0] for line in workers.splitlines()[::2]],
                         ["worker." + key for key in ("replica", "rank", "host", "http_port", "threads",
                                                      "kv_memory", "instructions", "device")])
        self.assertIn(workers, everything.stdout.decode())
        limits = unmask("config", "explain", "limits", "log.level").stdout.decode()
        self.assertIn("limits.max_waiting = 1024\n    jobs that may wait", limits)
        self.assertIn("log.level = info\n", limits)
        self.assertNotIn("log.format", limits)
        self.expect_refused(unmask("config", "explain", "limits.max_waitin"), USAGE, "did you mean")

    def test_the_version_names_the_source_it_was_built_from(self):
        version = json.loads(unmask("version", "--json").stdout)
        self.assertRegex(version["commit"], r"^([0-9a-f]{7,}|\S+-g[0-9a-f]{7,}|v\S+)(-dirty)?$|^unknown$")
        self.assertRegex(version["date"], r"^\d{4}-\d\d-\d\d$|^unknown$")
        self.assertIn(f"commit {version['commit']} of {version['date']}",
                      unmask("version").stdout.decode())

    def test_a_setting_that_cannot_be_is_refused_by_name(self):
        self.expect_refused(unmask("config", "show", "--set", "model.dtyp=f32"), BAD_CONFIG,
                            "model.dtyp", "did you mean")
        self.expect_refused(unmask("config", "show", "--config", "/nonexistent"), BAD_CONFIG,
                            "/nonexistent")

    def test_keys_are_written_once_and_for_this_user_only(self):
        key = self.dir / "gateway.key"
        result = unmask("config", "keys", key)
        self.expect_done(result)
        self.assertEqual(result.stdout.decode().split(), [str(key), f"{key}.pub"])
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        self.assertNotEqual(key.read_text(), (self.dir / "gateway.key.pub").read_text())
        self.expect_refused(unmask("config", "keys", key), USAGE, str(key))


class DocumentedPromptsTest(LocalTest):
    """What README and help suggest to try is answered right, by the model that ships."""

    ANSWERS = {
        "Mia has 12 apples and buys 7 more. How many apples does she have?": "#### 19",
        "Sort these numbers from small to large: 734, 812, 778, 75, 101, 198, 638":
            "75, 101, 198, 638, 734, 778, 812",
        "Extract as JSON: Gina is a 9 year old clerk from Paris.":
            '{"name": "Gina", "age": 9, "job": "clerk", "city": "Paris"}',
        "How many r's are in strawberry?": ": 3",
        "Reverse the word: unmask": "ksamnu",
        "Times table of 3, please.": "\n".join(f"{n}*3={3 * n}" for n in range(1, 11)),
        "Start at 15 and add 4 each time, 9 numbers.": "15, 19, 23, 27, 31, 35, 39, 43, 47",
    }

    def test_every_prompt_is_known_and_right(self):
        documents = [(ROOT / "README.md").read_text()]
        documents += [unmask(*words).stdout.decode()
                      for words in (("--help",), ("run", "--help"), ("submit", "--help"))]
        suggested = set()
        for document in documents:
            for command in re.findall(r'unmask (?:run|submit) [^`\n]*?"[^"]+ [^"]+"', document):
                words = shlex.split(command)
                if {"--model", "--template", "--json-schema"} & set(words):
                    continue  # of another model than the one that ships, or of a file of the user's
                # Where and how it is shown makes no difference to what is said.
                flags = words[2:-1] if words[1] == "run" else []
                suggested.add((tuple(flag for flag in flags if flag != "--json"), words[-1]))
        self.assertEqual({prompt for _, prompt in suggested}, set(self.ANSWERS),
                         "a prompt without an answer here, or gone")
        for flags, prompt in suggested:
            with self.subTest(flags=flags, prompt=prompt):
                said = unmask("run", *flags, prompt).stdout.decode().strip()
                self.assertTrue(said.endswith(self.ANSWERS[prompt]), said)


if __name__ == "__main__":
    unittest.main()
