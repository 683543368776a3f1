"""What the figures say of the targets. Functions of the stages as the JSON file has them."""

MOE_LAYERS = 16
FORWARD_OVER_FLOOR = 1.65  # at 64 rows, through the whole program
FASTER_THAN_TORCH = 1.1    # at 64 rows
SLOWER_THAN_TORCH = 2.0    # at 512 rows, under fast numerics
OF_THE_SLOWER = 0.8        # of the disk's and the bus's bytes a second


def figure(stages, stage, *path):
    """None if it was not measured."""
    value = stages.get(stage, {}).get("figures", {})
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def torch_forward_ms(stages, rows):
    """Of LLaDA-MoE-7B, put together from its layer and its LM head."""
    for cell in figure(stages, "torch", "torch", "cells") or []:
        if cell["rows"] == rows and cell["layer_ms"]:
            return MOE_LAYERS * cell["layer_ms"] + cell["head_ms"]
    return None


def ratio(a, b):
    return round(a / b, 2) if a and b else None


def verdict(target, value, is_met):
    """`is_met` judges a value; without one the answer is still missing."""
    return {"target": target, "value": value, "is_met": None if value is None else is_met(value)}


def verdicts(stages):
    forward = {rows: figure(stages, "forward_moe", f"rows_{rows}", "forward_ms") for rows in (64, 512)}
    torch = {rows: torch_forward_ms(stages, rows) for rows in (64, 512)}
    bus = figure(stages, "operations", "copies_gbytes_per_s", "copy from pinned memory")
    disk = figure(stages, "forward_moe", "disk_gbytes_per_s")
    slower = min(bus, disk) if bus and disk else None
    at_512 = ratio(forward[512], torch[512])
    return [
        verdict(f"forward of 64 rows over the bytes' floor: at most {FORWARD_OVER_FLOOR}",
                figure(stages, "forward_moe", "rows_64", "over_floor"), lambda value: value <= FORWARD_OVER_FLOOR),
        verdict(f"PyTorch's time over ours, 64 rows: at least {FASTER_THAN_TORCH}", ratio(torch[64], forward[64]),
                lambda value: value >= FASTER_THAN_TORCH),
        verdict(f"our time over PyTorch's, 512 rows, --numerics fast: at most {SLOWER_THAN_TORCH}",
                at_512 if figure(stages, "forward_moe", "numerics") == "fast" else None,
                lambda value: value <= SLOWER_THAN_TORCH),
        verdict(f"start with a model over the slower of disk and bus: at least {OF_THE_SLOWER}",
                ratio(figure(stages, "forward_moe", "start_gbytes_per_s"), slower),
                lambda value: value >= OF_THE_SLOWER),
    ]


def table(stages):
    """A line a stage, then what was measured beside its floor, then the targets."""
    lines = [f"{'stage':16} {'state':8} {'seconds':>7}  why"]
    for name, stage in stages.items():
        why = stage["why"].splitlines()[0] if stage["why"] else ""
        lines.append(f"{name:16} {stage['state']:8} {stage['seconds']:7.1f}  {why}".rstrip())
    lines += ["", f"{'measured':56} {'time':>12} {'over floor':>10}", *times(stages), ""]
    lines += map(line_of, verdicts(stages))
    return "\n".join(lines)


def line_of(found):
    if found["is_met"] is None:
        return f"not known: {found['target']}"
    return f"{'met' if found['is_met'] else 'missed':9}: {found['target']}: {found['value']}"


def row(name, time, over_floor):
    return f"{name:56} {time:>12} {over_floor if over_floor is not None else '-':>10}"


def times(stages):
    for operation in figure(stages, "operations", "operations") or []:
        yield row(f"{operation['name']}, {operation['rows']} rows", f"{operation['us']:.1f} us",
                  operation["over_floor"])
    for cell in figure(stages, "bench", "bench", "forwards") or []:
        yield row(f"{cell['subject']}, {cell['weights']}, {cell['rows']} rows", f"{cell['total']['ms']:.4g} ms",
                  cell["over_floor"])
    for cell in figure(stages, "torch", "torch", "cells") or []:
        for part in ("layer", "head"):
            if cell[f"{part}_ms"]:
                yield row(f"PyTorch: {part}, {cell['rows']} rows", f"{cell[f'{part}_ms']:.4g} ms", None)
    for run in figure(stages, "forwards", "whole_forwards") or []:
        yield row(f"{run['model']}, {run['keys']} keys, {run['rows']} rows, {run['numerics']}", f"{run['ms']:.4g} ms",
                  run["over_floor"])
    for stage in ("forward_moe", "forward_dense"):
        for key, found in stages.get(stage, {}).get("figures", {}).items():
            if key.startswith("rows_"):
                yield row(f"{stage}, {key[len('rows_'):]} rows", f"{found['forward_ms']:.4g} ms", found["over_floor"])
    overhead = figure(stages, "small_model", "overhead_ms_per_step")
    if overhead is not None:
        yield row("unmask-tiny, host time of a step", f"{overhead:.3f} ms", None)
