"""All stages. First what the others are judged by, last what may be cut short."""

import figures
import machine
import replicas
import small_model
import suites
import whole_forward
from stage import Stage

STAGES = (
    Stage("machine", 20, "doctor, devices, clocks", machine.look, on_emulated=True),
    Stage("kernels", 60, "kernel tests", suites.kernels),
    Stage("golden", 60, "golden tests of the network", suites.golden),
    Stage("nccl", 20, "collectives, by as many ranks as there are GPUs", suites.nccl),
    Stage("without_driver", 20, "the program where there is no driver", suites.without_driver),
    Stage("small_model", 40, "`run` and `up` with unmask-tiny: tokens/s, replayed forwards, overhead of a step",
          small_model.measure, on_emulated=True),
    Stage("replicas", 30, "two processes on one GPU, without NCCL", replicas.share_a_gpu, on_emulated=True),
    Stage("two_gpus", 40, "two workers over NCCL: the bytes of one", replicas.over_two_gpus, on_emulated=True),
    Stage("operations", 40, "kernels_bench: every operation, and copies", figures.operations),
    Stage("bench", 90, "unmask_bench: a layer and the LM head as CUDA graphs", figures.bench),
    Stage("forwards", 90, "unmask_bench: whole forwards of LLaDA-MoE-7B and LLaDA-8B, by canvas and rows",
          figures.forwards),
    Stage("torch", 60, "torch_baseline.py: the same by PyTorch", figures.torch),
    Stage("forward_moe", 110, "LLaDA-MoE-7B with random weights through `up`, and its way from the disk",
          whole_forward.of_moe, on_emulated=True),
    Stage("program", 70, "golden data through the program", suites.program),
    Stage("memcheck", 35, "compute-sanitizer over the kernel tests", suites.sanitizer("memcheck")),
    Stage("racecheck", 40, "the same", suites.sanitizer("racecheck")),
    Stage("synccheck", 20, "the same", suites.sanitizer("synccheck")),
    Stage("initcheck", 20, "the same", suites.sanitizer("initcheck")),
    Stage("forward_dense", 110, "LLaDA-8B, as forward_moe", whole_forward.of_dense, on_emulated=True),
)
