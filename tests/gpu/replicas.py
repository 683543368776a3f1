"""More processes than one: two on a GPU that know nothing of each other, and two that sum over NCCL."""

import pathlib
import tempfile

import small_model
from commands import Failed, output_of
from served import answer, answers_at_once, served
from stage import UNMASK, Skipped


ONE_GPU = {"CUDA_VISIBLE_DEVICES": "0", "UNMASK_EMULATED_GPUS": "1"}


def share_a_gpu(context):
    flags, prompt = small_model.job_of(context)
    with served("--workers", "1", "--replicas", "2", "--share-gpus", "--dtype", "auto",
                environment=ONE_GPU) as cluster:
        if len(cluster.workers()) != 2:
            raise Failed(f"{len(cluster.workers())} workers instead of 2")
        texts = {one["text"] for one in answers_at_once(cluster, [prompt] * 2, *flags)}
    if len(texts) != 1:
        raise Failed(f"two answers to one prompt: {texts}")
    alone = context.figure("small_model", "run")
    if alone and texts != {alone["text"]}:
        raise Failed(f"another text than that of `run`: {texts}")


def traced(folder, num_workers, words):
    file = pathlib.Path(folder, f"{num_workers}.json")
    output_of([UNMASK, "trace", "--device", "cuda", "--workers", num_workers, "--out", file, *words])
    return file.read_bytes()


def over_two_gpus(context):
    num_gpus = context.num_gpus()
    if num_gpus < 2:
        raise Skipped(f"it takes 2 GPUs, and there is {num_gpus}")
    flags, prompt = small_model.job_of(context)
    with tempfile.TemporaryDirectory() as folder:
        if traced(folder, 1, [*flags, prompt]) != traced(folder, 2, [*flags, prompt]):
            raise Failed("the trace of two workers is not that of one")
    context.put("same_bytes", True)
    with served("--workers", "2", "--dtype", "auto") as cluster:
        context.put("up", small_model.best_of([answer(cluster, *flags, prompt)]))
