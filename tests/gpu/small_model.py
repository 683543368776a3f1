"""The model that ships, by one process and by a cluster: what the host costs when the GPU has little to do."""

import json

from commands import Failed, output_of
from served import answer, page_of, served, sum_of
from stage import UNMASK

PROMPT = "Start at 15 and add 4 each time, 9 numbers."
# Short, and yet several forwards: the first of a kind records the graph that the next ones replay.
EMULATED_JOB = ["--raw", "--gen-length", "8", "--block-length", "8", "--strategy", "fixed", "--set", "steps=2",
                "--set", "early_stop=false"]
RUNS = 4  # the first one is the warm-up
KEPT = ("text", "tokens", "forwards", "seconds", "tokens_per_second")


def job_of(context):
    """(flags, prompt)"""
    return (EMULATED_JOB, "x") if context.is_emulated else (["--gen-length", "64"], PROMPT)


def overhead_ms(page):
    """Of a step, on average; None if there was none."""
    count = sum_of(page, "unmask_step_overhead_seconds_count")
    return round(sum_of(page, "unmask_step_overhead_seconds_sum") / count * 1e3, 3) if count else None


def best_of(answers):
    best = max(answers, key=lambda one: one["tokens_per_second"])
    return {key: best[key] for key in KEPT}


def measure(context):
    flags, prompt = job_of(context)
    words = [*flags, prompt]
    alone = json.loads(output_of([UNMASK, "run", "--json", "--device", "cuda", *words]))
    context.put("run", {key: alone[key] for key in KEPT})
    with served("--workers", "1", "--dtype", "auto") as cluster:
        answers = [answer(cluster, *words) for _ in range(1 if context.is_emulated else RUNS)]
        context.put("up", best_of(answers))
        worker = page_of(cluster, "worker")
        context.put("recorded_forwards", sum_of(worker, "unmask_worker_recorded_forwards"))
        context.put("replayed_forwards", sum_of(worker, "unmask_worker_replayed_forwards_total"))
        context.put("overhead_ms_per_step", overhead_ms(page_of(cluster, "coordinator")))
    if {one["text"] for one in answers} != {alone["text"]}:
        raise Failed("`run` and `up` answered differently")
    if not context.figure("small_model", "replayed_forwards"):
        raise Failed("no forward was replayed as a CUDA graph")
