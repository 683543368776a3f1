"""aiperf, unmodified, with the tokenizer of the model that ships, against a real cluster."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from cluster import TIMEOUT, Cluster

MODEL = "unmask-tiny"
ROOT = pathlib.Path(__file__).resolve().parents[3]
NUM_REQUESTS = 6


class AiperfTest(unittest.TestCase):
    def test_a_short_run_has_every_answer_and_believes_the_usage(self):
        cluster = Cluster()
        self.addCleanup(cluster.stop)
        with tempfile.TemporaryDirectory() as folder:
            program = [pathlib.Path(sys.executable).parent / "aiperf", "profile", "-m", MODEL, "--endpoint-type", "chat",
                       "--streaming", "--url", cluster.process_of("gateway")["http"], "--tokenizer", ROOT / "model/zoo" / MODEL,
                       "--concurrency", "2", "--request-count", str(NUM_REQUESTS),
                       "--synthetic-input-tokens-mean", "30", "--synthetic-input-tokens-stddev", "0",
                       "--output-tokens-mean", "64", "--output-tokens-stddev", "0",
                       "--extra-inputs", "ignore_eos:true", "--use-server-token-count",
                       "--ui", "none", "--artifact-dir", folder]
            # The tokenizer is a folder; whoever asks a hub all the same finds none.
            done = subprocess.run(program, capture_output=True, text=True, timeout=3 * TIMEOUT, check=False,
                                  env={**os.environ, "HF_HOME": folder, "HF_ENDPOINT": "http://127.0.0.1:1"})
            (exported,) = pathlib.Path(folder).rglob("profile_export_aiperf.json")
            figures = json.loads(exported.read_text())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(figures["request_count"]["avg"], NUM_REQUESTS)
        self.assertEqual(figures.get("error_request_count", {"avg": 0})["avg"], 0)
        self.assertEqual(figures["output_sequence_length"]["avg"], 64)
        self.assertGreater(figures["time_to_first_token"]["avg"], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
