"""What `unmask doctor` says of a machine, a cluster file and a model, from outside. Needs nothing but
Python's own library; cases about GPUs need the program on emulated ones, too.

  UNMASK=build/release/unmask UNMASK_ON_EMULATED_GPUS=build/release/tests/cuda_emulation/unmask_emulated \\
    python3 tests/cluster/doctor_test.py
"""

import json
import os
import pathlib
import pty
import shutil
import socket
import subprocess
import tempfile
import unittest

UNMASK = os.environ["UNMASK"]
EMULATED = os.environ.pop("UNMASK_ON_EMULATED_GPUS", "")
NCCL = os.environ.get("UNMASK_COLLECTIVE_NCCL_LIBRARY", "")  # of the emulated GPUs
ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ROOT / "model/zoo/unmask-tiny"
MOE = ROOT / "tests/golden/data/models/moe_mha"
TIMEOUT = 120  # seconds, of one command
DONE, FAILED, USAGE, BAD_CONFIG = 0, 1, 2, 3


def unmask(*words, program=UNMASK, **variables):
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True,
                          timeout=TIMEOUT, stdin=subprocess.DEVNULL,
                          env={**os.environ, **variables})


class DoctorTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def answer(self, *words, exit_code=DONE, **options):
        """The JSON object; its checks by name, the first of each."""
        result = unmask("doctor", *words, "--json", **options)
        self.assertEqual(result.returncode, exit_code, result.stdout + result.stderr)
        answer = json.loads(result.stdout)
        self.assertEqual(answer["problems"] == 0, exit_code == DONE)
        answer["checks"] = {check["name"]: check for check in reversed(answer["checks"])}
        return answer

    def checks(self, *words, **options):
        return self.answer(*words, **options)["checks"]

    def verdicts(self, *words, **options):
        return {name: check["verdict"] for name, check in self.checks(*words, **options).items()}

    def cluster_file(self, text):
        path = self.dir / "cluster.toml"
        path.write_text(text)
        return path


class MachineTest(DoctorTest):
    def test_a_machine_that_runs_this_test_has_no_problem(self):
        verdicts = self.verdicts("--device", "cpu")
        self.assertLessEqual({"driver", "CPU", "memory", "huge pages", "descriptors", "clock",
                              "loopback", "model", "worker"}, set(verdicts))
        self.assertEqual({verdicts[name] for name in ("loopback", "model", "worker")}, {"ok"})

    def test_people_see_the_same_and_colors_only_on_a_terminal(self):
        piped = unmask("doctor").stdout
        names = self.checks()
        for name in names:
            self.assertIn(f" {name} ", piped)
        self.assertRegex(piped.splitlines()[-1], r"^\d+ checks: \d+ notes?, 0 problems$")
        self.assertNotIn("\x1b", piped)
        ours, theirs = pty.openpty()
        with open(ours, "rb", buffering=0) as screen:
            with open(theirs, "wb", buffering=0) as terminal:
                variables = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
                process = subprocess.Popen([UNMASK, "doctor"], stdout=terminal,
                                           env={**variables, "TERM": "xterm"})
            shown = b""
            try:
                while chunk := screen.read(4096):
                    shown += chunk
            except OSError:  # the other end is closed
                pass
            self.assertEqual(process.wait(TIMEOUT), DONE)
        self.assertIn(b"\x1b[32mok", shown)

    def test_a_folder_that_is_no_model_is_a_problem(self):
        checks = self.checks("--model", self.dir, exit_code=FAILED)
        self.assertEqual(checks["model"]["verdict"], "problem")
        self.assertIn(str(self.dir), checks["model"]["found"])
        self.assertNotIn("worker", checks)

    def test_a_cluster_file_that_cannot_be_read_is_refused(self):
        result = unmask("doctor", "--config", self.dir / "none.toml")
        self.assertEqual((result.returncode, result.stdout), (BAD_CONFIG, ""))


class ClusterFileTest(DoctorTest):
    def test_an_address_that_is_taken_is_a_problem(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            file = self.cluster_file(f'[gateway]\naddress = "127.0.0.1:{port}"\nhttp_port = 0\n'
                                     '[coordinator]\naddress = "127.0.0.1:0"\n')
            checks = self.checks("--config", file, exit_code=FAILED)
            self.assertEqual(checks["gateway"]["verdict"], "problem")
            self.assertIn(f"127.0.0.1:{port}", checks["gateway"]["found"])
            self.assertEqual(checks["coordinator"]["verdict"], "ok")
        self.assertEqual(self.verdicts("--config", file)["gateway"], "ok", "it is free again")

    def test_an_address_of_another_machine_is_a_note(self):
        file = self.cluster_file('[gateway]\naddress = "192.0.2.1:7400"\nhttp_port = 0\n'
                                 '[coordinator]\naddress = "127.0.0.1:0"\n'
                                 '[security]\ninsecure = true\n')
        self.assertEqual(self.verdicts("--config", file)["gateway"], "note")

    def test_workers_that_do_not_fit_are_a_problem_with_the_figures(self):
        checks = self.checks("--kv-memory", "900TiB", exit_code=FAILED)
        self.assertEqual(checks["worker"]["verdict"], "problem")
        self.assertIn("900.0 TiB", checks["worker"]["found"])


class ModelTest(DoctorTest):
    def test_every_tensor_is_checked_and_every_number_of_workers_planned(self):
        answer = self.answer("model", TINY)
        self.assertEqual(answer["name"], "unmask-tiny")
        self.assertEqual({check["verdict"] for check in answer["checks"].values()}, {"ok"})
        self.assertIn("267", answer["checks"]["tensors"]["found"])
        fits = answer["fits"]
        self.assertEqual([(fit["device"], fit["workers"]) for fit in fits],
                         [(device, n) for device in ("cpu", "gpu") for n in (1, 2, 4, 8)])
        alone = fits[0]
        self.assertEqual((alone["canvas_positions"], alone["canvases"], alone["problem"]),
                         (512, 64, ""))
        self.assertEqual(alone["kv_bytes"], 64 * alone["canvas_bytes"])
        for fewer, more in zip(fits[:4], fits[1:4]):
            self.assertGreater(fewer["weight_bytes"], more["weight_bytes"])
        table = unmask("doctor", "model", TINY).stdout
        self.assertIn("\nCPU            1 ", table)
        self.assertIn("64 of 512, 256 of 128\n", table)

    def test_flags_say_which_device_which_weights_and_how_long_a_canvas(self):
        whole = self.answer("model", TINY, "--device", "cpu", "--dtype", "f32")["fits"]
        half = self.answer("model", TINY, "--device", "cpu", "--dtype", "bf16")["fits"]
        self.assertEqual({fit["device"] for fit in whole}, {"cpu"})
        self.assertGreater(whole[0]["weight_bytes"], 1.5 * half[0]["weight_bytes"])
        short = self.answer("model", TINY, "--device", "cpu", "--max-rows", "256")["fits"][0]
        self.assertEqual(short["canvas_positions"], 256)
        self.assertLess(short["scratch_bytes"], half[0]["scratch_bytes"])

    def test_a_program_without_gpus_says_that_it_fits_none(self):
        answer = self.answer("model", TINY, "--device", "cuda", exit_code=FAILED,
                             CUDA_VISIBLE_DEVICES="")
        self.assertEqual({fit["problem"] for fit in answer["fits"]}, {"this machine has no GPU"})
        self.assertEqual(answer["checks"]["memory"]["verdict"], "problem")

    def test_a_tensor_of_another_shape_is_named(self):
        model = self.dir / "model"
        shutil.copytree(MOE, model)
        config = json.loads((model / "config.json").read_text())
        (model / "config.json").write_text(json.dumps({**config, "expert_intermediate_size": 48}))
        checks = self.checks("model", model, exit_code=FAILED)
        self.assertEqual(checks["tensors"]["verdict"], "problem")
        self.assertIn("experts.0.down_proj.weight has shape [64, 32], but [64, 48] is needed",
                      checks["tensors"]["found"])
        shown = unmask("doctor", "model", model).stdout
        self.assertEqual(shown.count("has shape"), 8)
        self.assertIn("and 40 others", shown)

    def test_what_is_no_model_is_refused_and_so_is_a_length_that_cannot_be(self):
        for words, exit_code in ((("model", self.dir), BAD_CONFIG),
                                 (("model", TINY, "--max-rows", "0"), BAD_CONFIG),
                                 (("model", TINY, "--device", "tpu"), BAD_CONFIG),
                                 (("model",), USAGE)):
            result = unmask("doctor", *words)
            self.assertEqual((result.returncode, result.stdout), (exit_code, ""), words)


@unittest.skipUnless(EMULATED, "no program on emulated GPUs")
class EmulatedGpusTest(DoctorTest):
    def gpus(self, *words, count=4, exit_code=DONE, **variables):
        return self.answer(*words, exit_code=exit_code, program=EMULATED,
                           UNMASK_EMULATED_GPUS=str(count),
                           **{f"UNMASK_EMULATED_{key}": str(value)
                              for key, value in variables.items()})

    def test_every_gpu_is_named_and_whether_they_reach_each_other(self):
        checks = self.gpus(count=1)["checks"]
        self.assertIn("emulated GPU, sm_80, 8.0 GiB", checks["GPU 0"]["found"])
        self.assertNotIn("peer access", checks)
        self.assertIn("GPU 0", checks["worker"]["found"])
        if not NCCL:
            self.skipTest("no emulated NCCL")
        checks = self.gpus()["checks"]
        self.assertEqual((checks["peer access"]["verdict"], checks["NCCL"]["verdict"]), ("ok", "ok"))
        checks = self.gpus(LINKED=2)["checks"]
        self.assertEqual(checks["peer access"]["verdict"], "note")
        self.assertIn("GPUs 0 and 2", checks["peer access"]["found"])

    def test_several_gpus_need_nccl_and_one_does_not(self):
        missing = ("--set", "collective.nccl_library=/nonexistent/libnccl.so.2")
        self.assertEqual(self.gpus(*missing, count=1)["checks"]["NCCL"]["verdict"], "note")
        checks = self.gpus(*missing, count=2, exit_code=FAILED)["checks"]
        self.assertEqual(checks["NCCL"]["verdict"], "problem")

    def test_a_gpu_that_is_wanted_and_cannot_be_had_is_a_problem(self):
        for variables in ({"count": 0}, {"DRIVER": 0}, {"CAPABILITY": 75}, {"DRIVER": 12080}):
            with self.subTest(variables):
                checks = self.gpus("--device", "cuda", exit_code=FAILED,
                                   **{"count": 1, **variables})["checks"]
                self.assertEqual(checks["worker"]["verdict"], "problem")

    def test_a_model_fits_as_many_gpus_as_there_are(self):
        fits = self.gpus("model", TINY, "--device", "cuda")["fits"]
        self.assertEqual([fit["problem"] for fit in fits], ["", "", "", "this machine has 4 GPUs"])
        self.assertEqual(fits[0]["canvases"], 64)
        small = self.gpus("model", TINY, "--device", "cuda", exit_code=FAILED,
                          GPU_MEMORY=32 << 20)["fits"]
        self.assertIn("are free for it", small[0]["problem"])


if __name__ == "__main__":
    unittest.main()
