"""Forwards of big models through the whole program: random weights come from the disk, jobs of a fixed
number of forwards go through `unmask up`, and the forwards by which two jobs differ are what is timed.
"""

import json
import math
import os
import pathlib
import shutil
import tempfile
import time

import floors
import random_checkpoint
from commands import Failed
from served import answer, page_of, served, sum_of
from stage import Skipped

MOE = random_checkpoint.moe(vocab=157184, hidden=2048, layers=16, heads=16, experts=64, top_k=8, width=1024)
DENSE = random_checkpoint.dense(vocab=126464, hidden=4096, layers=32, heads=32, width=12288)
SMALL_MOE = random_checkpoint.moe(vocab=3000, hidden=64, layers=2, heads=2, experts=4, top_k=2, width=16)
SMALL_DENSE = random_checkpoint.dense(vocab=3000, hidden=64, layers=2, heads=2, width=64)
CANVAS = 1024  # tokens, prompt and answer
ROWS, STEPS = (64, 512), (2, 18)
EMULATED_CANVAS, EMULATED_ROWS, EMULATED_STEPS = 24, (8,), (2, 3)
REPEATS = 2  # the least counts; another one before them records the graphs
READ_BYTES, PIECE = 2 << 30, 16 << 20


def forget(file):
    """Has the next read come from the disk."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def disk_gbytes_per_s(file):
    """Of one reader from the beginning on."""
    forget(file)
    begin, done = time.monotonic(), 0
    with open(file, "rb", buffering=0) as reader:
        while done < READ_BYTES and (piece := reader.read(PIECE)):
            done += len(piece)
    seconds = time.monotonic() - begin
    forget(file)
    return round(done / seconds / 1e9, 3)


def job_ms(cluster, words, steps):
    """(milliseconds of the job, those that its worker computed, forwards)"""
    before = sum_of(page_of(cluster, "worker"), "unmask_worker_forward_seconds_sum")
    job = answer(cluster, *words, "--set", f"steps={steps}")
    computed = sum_of(page_of(cluster, "worker"), "unmask_worker_forward_seconds_sum") - before
    return job["seconds"] * 1e3, computed * 1e3, job["forwards"]


def forward_ms(cluster, words, steps, repeats):
    """A forward of the block's rows: (with all that the host does, computing alone).

    What a job has beside them, such as the forward of the whole canvas, both jobs have."""
    few, many = ([job_ms(cluster, words, count) for _ in range(repeats)] for count in steps)
    num_forwards = many[0][2] - few[0][2]
    if num_forwards <= 0:
        raise Failed(f"jobs of {few[0][2]} and {many[0][2]} forwards")
    return tuple(round((min(job[i] for job in many) - min(job[i] for job in few)) / num_forwards, 4)
                 for i in (0, 1))


def bytes_read(config, tensors):
    """By a forward whose rows choose every expert: all weights but the table of embeddings, and keys and
    values of bf16 of the whole canvas."""
    weights = sum(map(random_checkpoint.bytes_of, tensors.values()))
    table = next(shape for name, shape in tensors.items() if "embed_tokens" in name or "wte" in name)
    layers = config.get("num_hidden_layers") or config["n_layers"]
    hidden = config.get("hidden_size") or config["d_model"]
    return weights - random_checkpoint.bytes_of(table) + 2 * 2 * layers * hidden * CANVAS


def job_words(folder, canvas, rows):
    """One block of so many holes, behind as long a prompt as the canvas has room for."""
    prompt = folder / "prompt.json"
    prompt.write_text(json.dumps([7 + i % 1000 for i in range(canvas - rows)]))
    return ["--tokens-file", prompt, "--gen-length", rows, "--block-length", rows, "--cache", "dual",
            "--strategy", "fixed", "--set", "early_stop=false"]


def measure(context, config, tensors, folder):
    file = folder / "model.safetensors"
    random_checkpoint.write(folder, config, tensors)
    context.put("file_bytes", file.stat().st_size)
    context.put("disk_gbytes_per_s", disk_gbytes_per_s(file))
    canvas, all_rows, steps, repeats = CANVAS, ROWS, STEPS, REPEATS
    if context.is_emulated:
        canvas, all_rows, steps, repeats = EMULATED_CANVAS, EMULATED_ROWS, EMULATED_STEPS, 1
    memory = context.figure("bench", "bench", {}).get("peaks", {}).get("gbytes_per_s")
    begin = time.monotonic()
    with served("--workers", "1", "--dtype", "bf16", "--model", folder, "--numerics", context.numerics) as cluster:
        seconds = time.monotonic() - begin
        context.put("start_seconds", round(seconds, 2))
        context.put("start_gbytes_per_s", round(file.stat().st_size / seconds / 1e9, 3))
        context.put("numerics", context.numerics)
        for rows in all_rows:
            words = job_words(folder, canvas, rows)
            job_ms(cluster, words, steps[0])
            whole, computing = forward_ms(cluster, words, steps, repeats)
            floor = round(floors.floor_ms(bytes_read(config, tensors), memory), 3) if memory else None
            context.put(f"rows_{rows}", {"forward_ms": whole, "computing_ms": computing, "floor_ms": floor,
                                         "over_floor": round(whole / floor, 2) if floor else None})
        context.put("replayed_forwards", sum_of(page_of(cluster, "worker"), "unmask_worker_replayed_forwards_total"))


def of(context, config, tensors):
    num_bytes = sum(2 * math.prod(shape) for shape in tensors.values())
    with tempfile.TemporaryDirectory(prefix="unmask-random-") as name:
        if shutil.disk_usage(name).free < 1.2 * num_bytes:
            raise Skipped(f"{name} has no room for {num_bytes / 1e9:.0f} GB: TMPDIR names another folder")
        measure(context, config, tensors, pathlib.Path(name))


def of_moe(context):
    of(context, *(SMALL_MOE if context.is_emulated else MOE))


def of_dense(context):
    of(context, *(SMALL_DENSE if context.is_emulated else DENSE))
