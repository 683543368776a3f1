"""Compares the networks' logits with those of the reference implementations.

    python compare_golden.py SHARED/golden"""

import pathlib
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from checkpoint import load
from network import Network, block_causal_mask


def largest_difference(golden: pathlib.Path, model: str) -> tuple:
    """Over all files of a model: (files, difference / standard deviation of the logits)."""
    _, shape, weights = load(golden / "models" / model)
    network = Network(shape)
    worst, files = 0.0, sorted((golden / "logits" / model).glob("*.safetensors"))
    for file in files:
        expected = load_file(file)
        with safe_open(file, "pt") as stored:
            metadata = stored.metadata() or {}
        tokens = expected["tokens"].long()[None]
        n = tokens.shape[1]
        block = int(metadata.get("block_length", 0))
        mask = block_causal_mask(n, block, "cpu") if block else None
        with torch.no_grad():
            hidden, _, _ = network.hidden(weights, tokens, torch.arange(n), mask)
            logits = network.logits(weights, hidden)[0]
        worst = max(worst, ((logits - expected["logits"]).abs().max() / expected["logits"].std()).item())
    return len(files), worst


def main() -> None:
    golden = pathlib.Path(sys.argv[1])
    failed = False
    for model in sorted(path.name for path in (golden / "models").iterdir()):
        files, worst = largest_difference(golden, model)
        limit = 0.05 if "bf16" in model else 1e-4
        failed |= worst > limit
        print(f"{model:22} {files} files, largest difference {worst:.2e} standard deviations")
    sys.exit(failed)


if __name__ == "__main__":
    main()
