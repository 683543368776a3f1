"""Block decoding by threshold, many prompts at once."""

import torch

from network import block_causal_mask

PATIENCE = 80  # forwards, after which a canvas is left as it is


@torch.no_grad()
def decode(network, weights, prompts, mask_id, eos_id, gen_length=128, block=32, threshold=0.9):
    """prompts: lists of tokens. Returns each one's tokens before end-of-text and its number of forwards.

    Rows of the same prompt length share a canvas, as padding would be seen."""
    answers, forwards = [None] * len(prompts), [0] * len(prompts)
    by_length = {}
    for index, prompt in enumerate(prompts):
        by_length.setdefault(len(prompt), []).append(index)
    for length, rows in by_length.items():
        tokens, counts = _decode_rows(network, weights, [prompts[row] for row in rows], mask_id, eos_id, gen_length,
                                      block, threshold)
        for row, canvas, count in zip(rows, tokens, counts):
            text = canvas[length:]
            answers[row] = text[: text.index(eos_id)] if eos_id in text else text
            forwards[row] = count
    return answers, forwards


def _decode_rows(network, weights, prompts, mask_id, eos_id, gen_length, block, threshold):
    device = weights["norm"].device
    is_causal = network.shape.architecture == "block"
    length = len(prompts[0])
    n = length + gen_length
    if is_causal:
        n = (n + block - 1) // block * block
    canvas = torch.full((len(prompts), n), mask_id, dtype=torch.int64, device=device)
    canvas[:, :length] = torch.tensor(prompts, device=device)
    counts = torch.zeros(len(prompts), dtype=torch.int64, device=device)
    ended = torch.zeros(len(prompts), dtype=torch.bool, device=device)
    origin = length // block * block if is_causal else length
    for start in range(origin, n, block):
        end = min(start + block, n)
        shown = end if is_causal else n
        positions = torch.arange(shown, device=device)
        mask = block_causal_mask(shown, block, device) if is_causal else None
        while counts.max() < PATIENCE:
            holes = (canvas[:, start:end] == mask_id) & ~ended[:, None]
            if not holes.any():
                break
            hidden, _, _ = network.hidden(weights, canvas[:, :shown], positions, mask)
            logits = network.logits(weights, hidden[:, start:end]).float()
            confidence, guess = logits.softmax(-1).max(-1)
            confidence = confidence.masked_fill(~holes | (guess == mask_id), -1)
            best = confidence.amax(-1, keepdim=True)
            commit = holes & (confidence >= torch.minimum(best - 1e-5, torch.full_like(best, threshold)))
            canvas[:, start:end] = torch.where(commit, guess, canvas[:, start:end])
            counts += holes.any(-1)
        ended |= (canvas[:, length:end] == eos_id).any(-1)
        if ended.all() or counts.max() >= PATIENCE:
            break
    return canvas.tolist(), counts.tolist()
