"""lm-evaluation-harness, unmodified, on a task of two questions against a real cluster."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

from cluster import TIMEOUT
from live import ANSWER, MODEL, PROMPT, Live

QUESTIONS = [{"question": PROMPT, "answer": ANSWER.split("=")[1]}, {"question": "What is 12 + 30?", "answer": "42"}]
#: Of its YAML files, which are JSON, too.
TASK = {
    "task": "sums",
    "dataset_path": "json",
    "test_split": "test",
    "output_type": "generate_until",
    "doc_to_text": "{{question}}",
    "doc_to_target": "{{answer}}",
    "generation_kwargs": {"until": ["\n\n", "Question:"], "max_gen_toks": 32, "do_sample": False},
    "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    "filter_list": [{"name": "last", "filter": [
        {"function": "regex", "regex_pattern": "(\\d+)$"}, {"function": "take_first"}]}],
}


def setUpModule():
    global live
    live = Live()


def tearDownModule():
    live.stop()


def evaluate(model, path, *arguments, tokenizer="tokenizer_backend=None"):
    """Scores and answers of `lm_eval run` on the task."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "sums.jsonl").write_text("".join(json.dumps(question) + "\n" for question in QUESTIONS))
        data = {"dataset_kwargs": {"data_files": {"test": str(folder / "sums.jsonl")}}}
        (folder / "sums.yaml").write_text(json.dumps({**TASK, **data}))
        program = [pathlib.Path(sys.executable).parent / "lm_eval", "run", "--model", model,
                   "--model_args", f"model={MODEL},base_url={live.api}{path},max_retries=1,{tokenizer}",
                   "--include_path", folder, "--tasks", "sums", "--output_path", folder, "--log_samples", *arguments]
        nothing_is_fetched = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": name}
        done = subprocess.run(program, capture_output=True, text=True, timeout=3 * TIMEOUT, check=False,
                              env={**os.environ, **nothing_is_fetched})
        assert done.returncode == 0, done.stdout + done.stderr
        (results,) = folder.rglob("results_*.json")
        (samples,) = folder.rglob("samples_sums_*.jsonl")
        answers = [json.loads(line)["resps"][0][0] for line in samples.read_text().splitlines()]
        return json.loads(results.read_text())["results"]["sums"], answers


class LmEvalTest(unittest.TestCase):
    def test_chats_are_evaluated(self):
        scores, answers = evaluate("local-chat-completions", "/chat/completions", "--apply_chat_template")
        self.assertEqual(scores["exact_match,last"], 1)
        self.assertEqual(answers[0], ANSWER)

    def test_texts_are_evaluated(self):
        scores, answers = evaluate("local-completions", "/completions")
        self.assertIn(scores["exact_match,last"], (0, 0.5, 1))  # a chat model, without its template
        self.assertEqual(len(answers), len(QUESTIONS))

    def test_the_tokenizer_is_asked_for_where_there_is_no_copy_of_it(self):
        _, as_tokens = evaluate("local-completions", "/completions", tokenizer="tokenizer_backend=auto")
        _, as_texts = evaluate("local-completions", "/completions")
        self.assertEqual(as_tokens, as_texts)

    def test_a_likelihood_is_refused_and_the_field_named(self):
        body = {"model": MODEL, "prompt": [[1, 2, 3]], "temperature": 0, "max_tokens": 1, "logprobs": 1, "seed": 1234,
                "echo": True}  # as its LocalCompletionsAPI makes it
        request = urllib.request.Request(live.api + "/completions", json.dumps(body).encode())
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        with refused.exception as answer:
            error = json.load(answer)["error"]
        self.assertEqual((refused.exception.code, error["param"], error["code"]),
                         (400, "logprobs", "unsupported_parameter"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
