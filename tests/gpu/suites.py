"""Tests that exist anyway, on a real GPU."""

import os
import pathlib
import re
import shutil
import sys

from commands import Failed, output_of, run
from stage import UNMASK, Skipped

TESTS = pathlib.Path(__file__).resolve().parent.parent
# Those that run every kernel once, at sizes that a sanitizer finishes.
SANITIZED = "*AgreesWithTheReference*:*AgreeWithTheReference*:*RowsThatChose*"
# Of the golden data: as much as fits.
EVERY = 2


def counted(said):
    """What GoogleTest says in brief, as {passed, skipped, failed}."""
    counts = {}
    for word in ("PASSED", "SKIPPED"):
        found = re.search(rf"\[ +{word} +\] (\d+) tests?", said)
        counts[word.lower()] = int(found[1]) if found else 0
    counts["failed"] = len(set(re.findall(r"^\[ +FAILED +\] (\S+[.]\S+)", said, re.MULTILINE)))
    return counts


def google_test(context, name):
    done = run([context.program(name), "--gtest_brief=1"])
    counts = counted(done.stdout)
    context.put("tests", counts)
    if done.returncode != 0:
        raise Failed(f"{name}: exit code {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-1000:]}")
    if counts["passed"] == 0:
        raise Skipped("none of them could be run here")


def kernels(context):
    google_test(context, "kernels_cuda_tests")


def golden(context):
    google_test(context, "golden_cuda_tests")


def nccl(context):
    google_test(context, "nccl_gpu_tests")


def without_driver(_context):
    output_of([sys.executable, TESTS / "cluster/without_driver_test.py"])


def program(context):
    said = output_of([sys.executable, TESTS / "golden/program_test.py"],
                     {"UNMASK": UNMASK, "UNMASK_GOLDEN_EVERY": str(EVERY)})
    context.put("cases", said.strip())
    context.put("every", EVERY)


def sanitizer(tool):
    """The stage of one of compute-sanitizer's tools."""

    def check(context):
        found = shutil.which("compute-sanitizer", path=f"{os.environ.get('PATH', '')}:/usr/local/cuda/bin")
        if not found:
            raise Skipped("there is no compute-sanitizer in PATH or /usr/local/cuda/bin")
        said = output_of([found, "--tool", tool, "--error-exitcode", "1",
                          context.program("kernels_cuda_tests"), "--gtest_brief=1", f"--gtest_filter={SANITIZED}"])
        context.put("tests", counted(said))

    return check
