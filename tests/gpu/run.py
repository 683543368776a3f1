"""Runs the stages, each within its limit, and writes what they found: one JSON file, flushed after every
figure, and one table. tests/gpu/run.sh calls it.
"""

import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cluster"))

import limits
import verdicts
from commands import Failed
from record import Record
from stage import Context, Skipped
from stages import STAGES

LEAST_SECONDS = 3  # a stage that gets less is not begun
EMULATED_LIMITS = 3  # times those of GPUs: other work may share the processor


def state_of(stage, context, seconds):
    """Runs it, if it can be; (state, why)."""
    if context.is_emulated and not stage.on_emulated:
        return "skipped", "it takes a GPU"
    if seconds < LEAST_SECONDS:
        return "skipped", "no time is left"
    return outcome_of(lambda: stage.run(context), seconds)


def outcome_of(work, seconds):
    """(state, why) of what returns if all is well and raises otherwise."""
    try:
        with limits.limit(seconds):
            work()
    except Skipped as reason:
        return "skipped", str(reason)
    except limits.Overrun:
        return "overran", f"it took more than {seconds:.0f} s"
    except (Failed, AssertionError, OSError, LookupError, ValueError) as error:
        return "failed", f"{type(error).__name__}: {error}"
    return "passed", ""


def parse():
    lines = [f"  {stage.name:16} {stage.limit_seconds:3} s  {stage.about}" for stage in STAGES]
    parser = argparse.ArgumentParser(prog="tests/gpu/run.sh", formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description="What only a GPU can tell.",
                                     epilog="stages, in their order:\n" + "\n".join(lines))
    parser.add_argument("file", nargs="?", type=pathlib.Path, help="where the JSON goes (default: BUILD/gpu.json)")
    parser.add_argument("--build", type=pathlib.Path, default="build/cuda", help="folder of the built programs")
    parser.add_argument("--only", help="these stages, with commas between")
    parser.add_argument("--limit", type=float, default=470, help="seconds for everything (default: 470)")
    parser.add_argument("--numerics", choices=("exact", "fast"), default="exact", help="of the whole forwards")
    parser.add_argument("--emulated", action="store_true",
                        help="UNMASK is unmask_emulated: few and small cases, no times that mean anything")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else [stage.name for stage in STAGES]
    for name in set(names) - {stage.name for stage in STAGES}:
        parser.error(f"there is no stage {name}")
    return options, [stage for stage in STAGES if stage.name in names]


def main():
    options, stages = parse()
    record = Record(options.file or options.build / "gpu.json", options.emulated)
    end = time.monotonic() + options.limit
    for stage in stages:
        print(f"== {stage.name}", flush=True)
        begin = time.monotonic()
        context = Context(record, stage.name, options)
        seconds = stage.limit_seconds * (EMULATED_LIMITS if options.emulated else 1)
        state, why = state_of(stage, context, min(seconds, end - begin))
        record.end(stage.name, state, why, time.monotonic() - begin)
        if why:
            print(f"{state}: {why}", flush=True)
    record.put("verdicts", None, verdicts.verdicts(record.stages))
    print(verdicts.table(record.stages))
    print(f"== {record.file}")
    return 1 if any(stage["state"] in ("failed", "overran") for stage in record.stages.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
