"""`--numerics fast` on an emulated GPU with the emulated cuBLASLt: what is said, what is kept from one
start to the next, and the answer. Needs nothing but Python's own library."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from cluster import TIMEOUT, UNMASK

PROMPT = ["--json", "--raw", "--gen-length", "8", "--block-length", "8", "--strategy", "fixed", "--set", "steps=2",
          "--set", "early_stop=false", "2 + 3 ="]
FEW_ROWS = "32"  # an emulated GPU takes long to try many


class FastProductsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="unmask-fast-")
        self.addCleanup(self.folder.cleanup)
        self.environment = {**os.environ, "UNMASK_EMULATED_GPUS": "1", "UNMASK_COMPUTE_MAX_ROWS": FEW_ROWS,
                            "XDG_CACHE_HOME": self.folder.name}

    def run_with(self, *words, **environment):
        """(result, what was said)"""
        run = subprocess.run([UNMASK, "run", "--device", "cuda", "--dtype", "bf16", *words, *PROMPT],
                             capture_output=True, text=True, timeout=2 * TIMEOUT, stdin=subprocess.DEVNULL,
                             env={**self.environment, **environment})
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout), run.stderr

    def kept(self):
        return sorted(pathlib.Path(self.folder.name).rglob("*.txt"))

    def test_a_start_says_what_computes_and_a_second_one_measures_nothing(self):
        exact, said = self.run_with("--numerics", "exact")
        self.assertNotIn("cuBLASLt", said)
        self.assertEqual(self.kept(), [])

        first, said = self.run_with("--numerics", "fast")
        self.assertRegex(said, r"unmask: cuBLASLt 13\.\S+ computes [1-9]\d* of 6 products .* 6 measured and kept in ")
        self.assertEqual(first["text"], exact["text"])
        (file,) = self.kept()
        self.assertEqual(file.parent.name, "unmask")
        text = file.read_text()

        # Were anything measured, it would now come out otherwise.
        second, said = self.run_with("--numerics", "fast", UNMASK_EMULATED_CUBLASLT_MICROS="1e6")
        self.assertIn(f"as measured before: {file}", said)
        self.assertEqual(second["text"], first["text"])
        self.assertEqual(file.read_text(), text)

    def test_without_the_library_it_computes_and_says_in_one_line_what_to_do(self):
        _, said = self.run_with("--numerics", "fast", UNMASK_COMPUTE_CUBLAS_LT_LIBRARY="/no/such/libcublasLt.so.13")
        (line,) = [line for line in said.splitlines() if "cuBLASLt" in line]
        for part in ("unmask's own kernels", "/no/such/libcublasLt.so.13", "libcublas-13-0",
                     "compute.cublas_lt_library"):
            self.assertIn(part, line)
        self.assertEqual(self.kept(), [])

    def test_nothing_is_kept_if_a_setting_says_so(self):
        _, said = self.run_with("--numerics", "fast", UNMASK_COMPUTE_CACHE_DIR="none")
        self.assertRegex(said, r"(?m)6 measured$")
        self.assertEqual(self.kept(), [])

    def test_devices_names_the_versions_of_the_libraries_or_what_is_missing(self):
        def devices(**environment):
            asked = [subprocess.run([UNMASK, "devices", *words], capture_output=True, text=True, timeout=TIMEOUT,
                                    check=True, env={**self.environment, **environment}).stdout
                     for words in ([], ["--json"])]
            return asked[0], json.loads(asked[1])

        text, found = devices()
        for library, name in (("nccl", "NCCL"), ("cublas_lt", "cuBLASLt")):
            self.assertEqual(found[library]["problem"], "")
            self.assertIn(f"{name} {found[library]['version']}\n", text)
        self.assertRegex(found["cublas_lt"]["version"], r"^13\.")
        text, found = devices(UNMASK_COMPUTE_CUBLAS_LT_LIBRARY="/no/such/libcublasLt.so.13")
        self.assertEqual(found["cublas_lt"]["version"], "")
        self.assertIn("/no/such/libcublasLt.so.13", found["cublas_lt"]["problem"])
        self.assertIn("none: cuBLASLt cannot be loaded: /no/such/libcublasLt.so.13", text)


if __name__ == "__main__":
    unittest.main()
