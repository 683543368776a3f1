"""Which tokens are masked, and how much each one's cross entropy weighs.

Masked diffusion as in LLaDA: a ratio t, uniform in (0, 1], of the answer is masked and the loss weighs 1/t. Half of the
rows show what block decoding sees instead: earlier blocks decided, one block partly masked, later blocks all masked.
"""

from dataclasses import dataclass

import torch

SMALLEST_RATIO = 0.02
LARGEST_WEIGHT = 10.0
FILL_WEIGHT = 0.1  # of end-of-text tokens after the first
BLOCKS = (32, 32, 32, 32, 16, 64)
UNTOUCHED = 0.1  # share of rows in which nothing is decided yet: every decoding begins so


@dataclass
class Masked:
    inputs: torch.Tensor  # i64 [batch, n]
    weights: torch.Tensor  # f32 [batch, n]; their sum is about 1
    importance: torch.Tensor  # f32 [batch, n], of a token for the balance of experts


def _ratios(rows: int, generator, device):
    """Stratified over the rows, in random order, and some 1."""
    steps = (torch.arange(rows, device=device) + torch.rand(rows, generator=generator, device=device)) / rows
    order = torch.rand(rows, generator=generator, device=device).argsort()
    ratios = SMALLEST_RATIO + (1 - SMALLEST_RATIO) * steps[order]
    return torch.where(torch.rand(rows, generator=generator, device=device) < UNTOUCHED, 1.0, ratios)


def _weighted(region, masked, real, t):
    """Long answers weigh more than short ones, but not as much more as they are longer."""
    worth = torch.where(real, 1.0, FILL_WEIGHT)
    content = (region & real).sum(1).clamp(min=1).float()
    scale = content.rsqrt()
    weights = masked * worth * scale[:, None] * (1 / t).clamp(max=LARGEST_WEIGHT)
    return weights / (content * scale).sum()


def mask_canvas(tokens, prompts, lengths, mask_id: int, generator) -> Masked:
    """For full attention. tokens: i64 [batch, n], filled up with end-of-text. prompts, lengths: i64 [batch], of the
    prompt and of prompt and answer without end-of-text."""
    rows, n = tokens.shape
    device = tokens.device
    random = lambda *size: torch.rand(size, generator=generator, device=device)
    at = torch.arange(n, device=device)[None]
    real = at <= lengths[:, None]
    answer = at >= prompts[:, None]
    t = _ratios(rows, generator, device)[:, None]

    is_block = random(rows) < 0.5
    sizes = torch.tensor(BLOCKS, device=device)
    size = sizes[(random(rows) * len(BLOCKS)).long()]
    origin = torch.where(random(rows) < 0.8, prompts, 0)
    first, last = (prompts - origin) // size, (lengths - origin) // size
    block = first + (random(rows) * (last - first + 1)).long()
    start, end = origin + block * size, origin + (block + 1) * size
    inside = answer & (at >= start[:, None]) & (at < end[:, None])
    later = is_block[:, None] & (at >= end[:, None])

    region = torch.where(is_block[:, None], inside, answer)
    masked = region & (random(rows, n) < t)
    inputs = torch.where(masked | later, mask_id, tokens)
    return Masked(inputs, _weighted(region, masked, real, t), torch.where(real, 1.0, FILL_WEIGHT))


def mask_blocks(tokens, prompts, lengths, mask_id: int, generator, block: int) -> Masked:
    """For block-causal attention: the masked canvas followed by the clean one, each block with a ratio of its own."""
    rows, n = tokens.shape
    device = tokens.device
    at = torch.arange(n, device=device)[None]
    real = at <= lengths[:, None]
    region = at >= prompts[:, None]
    blocks = (n + block - 1) // block
    t = _ratios(rows * blocks, generator, device).view(rows, blocks).repeat_interleave(block, 1)[:, :n]
    masked = region & (torch.rand((rows, n), generator=generator, device=device) < t)
    inputs = torch.cat((torch.where(masked, mask_id, tokens), tokens), dim=1)
    weights = _weighted(region, masked, real, t)
    importance = torch.where(real, 1.0, FILL_WEIGHT)
    return Masked(inputs, torch.cat((weights, torch.zeros_like(weights)), 1), torch.cat((importance, importance), 1))


def doubled_mask(n: int, block: int, device):
    """bool [2n, 2n] for mask_blocks: a masked block sees itself and the clean blocks before it, a clean block sees the
    clean ones up to itself."""
    at = torch.arange(2 * n, device=device)
    blocks, is_clean = (at % n) // block, at >= n
    query, key = blocks[:, None], blocks[None]
    own = (query == key) & (is_clean[:, None] == is_clean[None])
    return own | (is_clean[None] & (key < query))
