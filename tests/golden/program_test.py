"""Golden data through the whole program on a GPU, emulated or not: every case of logits, and of the
traces one for each model, strategy and cache. Needs nothing but Python's own library.

  UNMASK=build/release/tests/cuda_emulation/unmask_emulated python3 tests/golden/program_test.py

environment: UNMASK_GOLDEN_EVERY  takes each n-th case alone (default: 1)
"""

import array
import concurrent.futures
import json
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import unittest

UNMASK = os.environ["UNMASK"]
GOLDEN = pathlib.Path(__file__).resolve().parent
DATA = GOLDEN / "data"
TIMEOUT = 300  # seconds, for one command
TOLERANCE = 1e-4  # of the largest number of a tensor
EVERY = int(os.environ.get("UNMASK_GOLDEN_EVERY", "1"))
ON_GPU = ["--device", "cuda", "--dtype", "f32"]


def unmask(*words, stdin=""):
    done = subprocess.run([UNMASK, *map(str, words)], capture_output=True, text=True, timeout=TIMEOUT,
                          input=stdin, env={**os.environ, "UNMASK_EMULATED_GPUS": "4"})
    assert done.returncode == 0, f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}"
    return done


def num_gpus():
    return sum(gpu["is_usable"] for gpu in json.loads(unmask("devices", "--json").stdout)["gpus"])


def model_of(case):
    """Of a file as tests/golden/data/{logits,traces}/MODEL/CASE."""
    return DATA / "models" / case.parent.name


def read_tensors(path):
    """A safetensors file of 4-byte numbers, as {name: array}."""
    data = path.read_bytes()
    begin = 8 + struct.unpack_from("<Q", data)[0]
    tensors = {}
    for name, tensor in json.loads(data[8:begin]).items():
        if name == "__metadata__":
            continue
        first, last = tensor["data_offsets"]
        tensors[name] = array.array({"F32": "f", "I32": "i"}[tensor["dtype"]], data[begin + first:begin + last])
    return tensors


def forward(case, folder, *words):
    """The bytes that `unmask forward` writes for a case of logits: (logits, all tensors)."""
    tokens = json.dumps(read_tensors(case)["tokens"].tolist())
    causal = re.search(r"-b(\d+)$", case.stem)
    logits, dump = pathlib.Path(folder, "logits.npy"), pathlib.Path(folder, "dump.safetensors")
    unmask("forward", "--model", model_of(case), *ON_GPU, "--tokens-file", "-", "--out", logits, "--dump", dump,
           "--block-length", int(causal[1]) if causal else 0, *words, stdin=tokens)
    return logits.read_bytes(), dump.read_bytes()


def trace(case, folder, *words):
    """The file that `unmask trace` writes for a golden trace."""
    out = pathlib.Path(folder, "trace.json")
    unmask("trace", "--model", model_of(case), *ON_GPU, "--job", case, "--out", out, *words)
    return out


def chosen_traces():
    """The shortest one for each model, strategy and cache, of those that are not refused."""
    lines = (GOLDEN / "refused_traces.txt").read_text().splitlines()
    refused = {line.split(": ")[0] for line in lines if not line.startswith("#")}
    chosen = {}
    for case in sorted(DATA.glob("traces/*/*.json")):
        if f"{case.parent.name}/{case.name}" in refused:
            continue
        job = json.loads(case.read_text())
        key = case.parent.name, job["strategy"]["name"], job["cache"]["name"]
        shortest = chosen.setdefault(key, (job["forwards"], case))
        chosen[key] = min(shortest, (job["forwards"], case))
    return [case for _, case in chosen.values()]


class ProgramTest(unittest.TestCase):
    num_logits = num_traces = num_equal = 0

    @classmethod
    def tearDownClass(cls):
        print(f"{cls.num_logits} cases of logits, {cls.num_traces} traces and {cls.num_equal} comparisons of "
              "1, 2 and 4 workers")

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="unmask-golden-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def check_each(self, cases, check):
        """check(case, folder) of each, as many at once as there are cores, each in a folder of its own."""
        def check_one(case):
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                check(case, folder)

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            checks = [(case, pool.submit(check_one, case)) for case in cases]
            for case, checked in checks:
                with self.subTest(case=f"{case.parent.name}/{case.name}"):
                    checked.result()

    def expect_agreement(self, ours, reference):
        self.assertEqual(ours.keys(), reference.keys())
        for name, expected in reference.items():
            self.assertEqual(len(ours[name]), len(expected), name)
            if expected.typecode == "i":
                self.assertEqual(ours[name], expected, name)
                continue
            # Written so that a NaN is not agreement.
            limit = TOLERANCE * max(map(abs, expected))
            self.assertTrue(all(abs(a - b) <= limit for a, b in zip(ours[name], expected)), name)

    def test_logits_hidden_states_and_routing_are_those_of_the_reference(self):
        cases = sorted(DATA.glob("logits/*/*.safetensors"))
        self.assertGreaterEqual(len(cases), 47)

        def check(case, folder):
            forward(case, folder)
            self.expect_agreement(read_tensors(pathlib.Path(folder, "dump.safetensors")), read_tensors(case))
            ProgramTest.num_logits += 1

        self.check_each(cases[::EVERY], check)

    def test_traces_make_every_decision_again(self):
        cases = chosen_traces()
        self.assertGreaterEqual(len(cases), 99)

        def check(case, folder):
            unmask("trace", "diff", trace(case, folder), case)
            ProgramTest.num_traces += 1

        self.check_each(cases[::EVERY], check)

    def test_any_number_of_workers_gives_the_same_bytes(self):
        self.sizes = [size for size in (2, 4) if size <= num_gpus()]
        if not self.sizes:
            self.skipTest("each worker takes a GPU of its own")
        for name in ("moe_gqa/n007_mask", "llada-gqa/n007", "llada2-a/n007-b08")[::EVERY]:
            case = DATA / "logits" / f"{name}.safetensors"
            alone = forward(case, self.folder)
            self.expect_same_of_more(name, alone, lambda *words, case=case: forward(case, self.folder, *words))
        for name in ("moe_gqa/16_threshold_dual", "llada-gqa/dfd-none-factor2")[::EVERY]:
            case = DATA / "traces" / f"{name}.json"
            alone = trace(case, self.folder).read_bytes()
            self.expect_same_of_more(
                name, alone, lambda *words, case=case: trace(case, self.folder, *words).read_bytes())

    def expect_same_of_more(self, name, alone, run):
        for workers in self.sizes:
            with self.subTest(case=name, workers=workers):
                self.assertTrue(run("--workers", workers) == alone)
                ProgramTest.num_equal += 1


if __name__ == "__main__":
    unittest.main()
