"""Times of operations, of a layer and of the LM head, and PyTorch's beside them."""

import json
import pathlib
import re
import sys

import floors
from commands import output_of, run
from stage import Skipped

ROWS = "8,64,512"


def operation_of(line):
    """A line of kernels_bench; None if it is another one."""
    found = re.match(r"(.+?) +rows +(\d+) +([\d.]+) us +([\d.]+) GB/s$", line)
    if not found:
        return None
    return {"name": found[1], "rows": int(found[2]), "us": float(found[3]), "gbytes_per_s": float(found[4])}


def operations(context):
    lines = output_of([context.program("kernels_bench")]).splitlines()
    found = [operation for operation in map(operation_of, lines) if operation]
    if not found:
        raise Skipped("; ".join(lines))
    copies = {operation["name"]: operation["gbytes_per_s"] for operation in found
              if operation["name"].startswith("copy ")}
    context.put("copies_gbytes_per_s", copies)
    copy = copies["copy within the memory"]
    context.put("operations", [{**operation, "over_floor": floors.over_floor(operation["gbytes_per_s"], copy)}
                               for operation in found if operation["name"] not in copies])


def bench(context):
    measured = json.loads(output_of([context.program("unmask_bench"), "--device", "cuda", "--quick", "--only",
                                     "layer,head", "--json", "-"]))
    for cell in measured["forwards"]:
        cell["over_floor"] = floors.over_floor(cell["total"]["gbytes_per_s"], measured["peaks"]["gbytes_per_s"])
    context.put("bench", measured)


def forwards(context):
    """Whole forwards without `up` around them, by canvas and rows, each beside the bytes' floor."""
    measured = json.loads(output_of([context.program("unmask_bench"), "--device", "cuda", "--quick", "--only", "forward",
                                     "--numerics", context.numerics, "--json", "-"]))
    context.put("whole_forwards", measured["whole_forwards"])


def torch(context):
    if run([sys.executable, "-c", "import torch"]).returncode != 0:
        raise Skipped(f"{sys.executable} has no PyTorch")
    said = output_of([sys.executable, pathlib.Path(__file__).with_name("torch_baseline.py"), "--rows", ROWS])
    context.put("torch", json.loads(said.splitlines()[-1]))
