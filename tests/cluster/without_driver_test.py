"""The program of a build with CUDA, where there is no NVIDIA driver: it starts, computes on the CPU
and says what a GPU would take. A machine that has a driver hides it. Needs nothing but Python's own
library.

  UNMASK=build/cuda/unmask python3 tests/cluster/without_driver_test.py
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

UNMASK = os.environ["UNMASK"]
TIMEOUT = 120  # seconds, of one command
BAD_CONFIG = 3
# What only machines with GPUs have: linked statically, or loaded by whoever wants it.
NOT_NEEDED = ("libcuda", "libcudart", "libnccl", "libcublas")


class WithoutDriverTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        # The loader finds this before any driver, and it cannot be loaded.
        (pathlib.Path(folder.name) / "libcuda.so.1").touch()
        cls.environment = {**os.environ, "LD_LIBRARY_PATH": folder.name, "UNMASK_MODEL_DTYPE": "f32"}

    def unmask(self, *words):
        return subprocess.run([UNMASK, *words], capture_output=True, text=True, timeout=TIMEOUT,
                              stdin=subprocess.DEVNULL, env=self.environment)

    def test_no_library_of_cuda_is_needed_to_start(self):
        for command in (["readelf", "-d", UNMASK], ["ldd", UNMASK]):
            listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            self.assertIn("libstdc++", listed)
            for library in NOT_NEEDED:
                self.assertNotIn(library, listed, command[0])

    def test_it_says_that_there_is_no_driver_and_chooses_the_cpu(self):
        result = self.unmask("devices", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        devices = json.loads(result.stdout)
        self.assertEqual((devices["gpus"], devices["driver"]), ([], "0.0"))
        self.assertIn("no NVIDIA driver", devices["gpu_problem"])
        self.assertNotEqual(devices["cuda"], "", "this is a build with CUDA")
        for library in ("nccl", "cublas_lt"):
            self.assertNotEqual(bool(devices[library]["version"]), bool(devices[library]["problem"]), library)
        self.assertIn("the CPU", devices["chosen"])
        self.assertIn("CUDA", self.unmask("version").stdout)

    def test_the_doctor_finds_that_a_gpu_is_missing_only_if_one_is_wanted(self):
        result = self.unmask("doctor")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertRegex(result.stdout, "note +driver .*workers compute on the CPU")
        result = self.unmask("doctor", "--device", "cuda")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, "problem +driver .*")

    def test_a_prompt_is_answered_on_the_cpu(self):
        result = self.unmask("run", "What is 347 + 285?")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("632", result.stdout)

    def test_a_gpu_that_somebody_insists_on_is_refused_in_one_sentence(self):
        for device in ("cuda", "cuda:0"):
            result = self.unmask("run", "--device", device, "hi")
            self.assertEqual((result.returncode, result.stdout), (BAD_CONFIG, ""))
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
            self.assertIn("no NVIDIA driver", result.stderr)


if __name__ == "__main__":
    unittest.main()
