"""What a worker tells of its device in /metrics, on a CPU and on an emulated GPU.

  UNMASK=build/release/unmask python3 tests/cluster/worker_info_test.py
"""

import json
import re
import subprocess
import unittest
import urllib.request

from cluster import TIMEOUT, UNMASK, Cluster


def labels_of_worker(dtype, *words):
    """Those of unmask_worker_info, of a cluster of one worker."""
    cluster = Cluster("--set", "cluster.workers=1", "--set", f"model.dtype={dtype}", *words)
    try:
        (worker,) = cluster.workers()
        with urllib.request.urlopen(f"{worker['http']}/metrics", timeout=TIMEOUT) as answer:
            metrics = answer.read().decode()
    finally:
        cluster.stop()
    (labels,) = re.findall(r"^unmask_worker_info\{(.*)\} 1$", metrics, re.MULTILINE)
    return dict(re.findall(r'(\w+)="([^"]*)"', labels))


class WorkerInfoTest(unittest.TestCase):
    def setUp(self):
        devices = subprocess.run([UNMASK, "devices", "--json"], capture_output=True, text=True,
                                 timeout=TIMEOUT, check=True)
        self.devices = json.loads(devices.stdout)

    def test_a_cpu_keeps_keys_and_values_as_f32(self):
        instructions = self.devices["cpu"]["instructions"]
        self.assertEqual(labels_of_worker("bf16", "--device", "cpu"),
                         {"device": f"the CPU ({instructions})", "kv_dtype": "f32", "weights": "bf16",
                          "numerics": "exact", "class": f"cpu-{instructions}"})

    def test_a_gpu_keeps_them_as_the_weights(self):
        if not self.devices["gpus"]:
            self.skipTest("no GPU, emulated or not")
        gpu = self.devices["gpus"][0]
        for dtype in ("bf16", "f32"):
            self.assertEqual(labels_of_worker(dtype, "--device", "cuda:0"),
                             {"device": f"GPU 0 ({gpu['name']})", "kv_dtype": dtype,
                              "weights": dtype, "numerics": "exact",
                              "class": f"cuda-sm{gpu['capability']}"})


if __name__ == "__main__":
    unittest.main()
