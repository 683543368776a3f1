"""LLaDA-MoE, dense LLaDA and LLaDA2 as functions of stacked weights.

All experts are computed for every token, and those that were not chosen weigh nothing: for a few narrow experts two
wide matrix products are faster than any gathering.
"""

import torch
import torch.nn.functional as F

# Matrices are [out, in], stacked over layers and experts.
ATTENTION = ("attention_norm", "q", "k", "v", "o", "q_norm", "k_norm", "mlp_norm")
DENSE = ("dense_gate", "dense_up", "dense_down")
EXPERTS = ("router", "bias", "gate", "up", "down", "shared_gate", "shared_up", "shared_down")


def sizes(shape) -> dict:
    """Every weight's dimensions; empty ones are not part of this network."""
    width, layers, dense, moe = shape.width, shape.layers, shape.dense_layers, shape.moe_layers
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    norms = layers if shape.has_qk_norm else 0
    shared = moe if shape.shared_width else 0
    return {
        "embedding": (shape.vocab, width),
        "head": (0 if shape.is_tied else shape.vocab, width),
        "norm": (width,),
        "attention_norm": (layers, width),
        "q": (layers, queries, width),
        "k": (layers, keys, width),
        "v": (layers, keys, width),
        "o": (layers, width, queries),
        "q_norm": (norms, shape.head_dim),
        "k_norm": (norms, shape.head_dim),
        "mlp_norm": (layers, width),
        "dense_gate": (dense, shape.dense_width, width),
        "dense_up": (dense, shape.dense_width, width),
        "dense_down": (dense, width, shape.dense_width),
        "router": (moe, shape.experts, width),
        "bias": (moe if shape.architecture == "block" else 0, shape.experts),
        "gate": (moe, shape.experts, shape.expert_width, width),
        "up": (moe, shape.experts, shape.expert_width, width),
        "down": (moe, shape.experts, width, shape.expert_width),
        "shared_gate": (shared, shape.shared_width, width),
        "shared_up": (shared, shape.shared_width, width),
        "shared_down": (shared, width, shape.shared_width),
    }


def initial(shape, seed: int) -> dict:
    """f32, on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, size in sizes(shape).items():
        if 0 in size:
            continue
        if name.endswith("norm"):
            weights[name] = torch.ones(size)
        elif name == "bias":
            weights[name] = torch.zeros(size)
        else:
            spread = 0.02 if name in ("embedding", "head", "router") else 0.5 * size[-1] ** -0.5
            if name in ("o", "down", "dense_down", "shared_down"):
                spread *= (2 * shape.layers) ** -0.5
            weights[name] = torch.randn(size, generator=generator) * spread
    return weights


def rope_tables(shape, positions):
    """positions: i64 [n]. cos and sin: f32 [n, rotary]."""
    half = torch.arange(0, shape.rotary, 2, device=positions.device, dtype=torch.float32)
    angles = positions.float()[:, None] * (shape.theta ** (-half / shape.rotary))[None]
    angles = torch.cat((angles, angles), dim=1)
    return angles.cos(), angles.sin()


def rms_norm(x, weight, epsilon: float):
    wide = x.float()
    return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + epsilon)).to(x.dtype) * weight


def _turn(x, cos, sin, rotary: int):
    """x: [batch, heads, n, head_dim]"""
    turned, kept = x[..., :rotary].float(), x[..., rotary:]
    half = rotary // 2
    swapped = torch.cat((-turned[..., half:], turned[..., :half]), dim=-1)
    return torch.cat(((turned * cos + swapped * sin).to(x.dtype), kept), dim=-1)


def _attention(shape, x, w, cos, sin, mask):
    batch, n, _ = x.shape
    h = rms_norm(x, w["attention_norm"], shape.epsilon)
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    q, k, v = F.linear(h, torch.cat((w["q"], w["k"], w["v"]))).split((queries, keys, keys), dim=-1)
    q, k, v = (t.reshape(batch, n, -1, shape.head_dim) for t in (q, k, v))
    if shape.has_qk_norm:
        q, k = rms_norm(q, w["q_norm"], shape.epsilon), rms_norm(k, w["k_norm"], shape.epsilon)
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    q, k = _turn(q, cos, sin, shape.rotary), _turn(k, cos, sin, shape.rotary)
    repeats = shape.heads // shape.kv_heads
    if repeats > 1:
        k, v = k.repeat_interleave(repeats, dim=1), v.repeat_interleave(repeats, dim=1)
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return x + F.linear(out.transpose(1, 2).reshape(batch, n, queries), w["o"])


def _swiglu(h, gate, up, down):
    return F.linear(F.silu(F.linear(h, gate)) * F.linear(h, up), down)


def _largest(scores, count: int):
    """Whether a score is among the `count` largest of its row."""
    rest = scores
    for _ in range(count - 1):
        rest = rest.masked_fill(rest >= rest.amax(-1, keepdim=True), -1e30)
    return scores >= rest.amax(-1, keepdim=True)


def _routing(shape, h, router, bias):
    """Weights and choice of the experts [..., experts], and the probabilities before the choice. All f32."""
    logits = F.linear(h.float(), router.float())
    if shape.architecture == "moe":
        scores = logits.softmax(-1)
        chosen = _largest(scores, shape.top_k)
    else:
        scores = logits.sigmoid()
        biased = scores + bias.float()
        grouped = biased.unflatten(-1, (shape.groups, -1))
        best = (grouped * _largest(grouped, 2)).sum(-1)
        kept = _largest(best, shape.kept_groups)[..., None].expand_as(grouped).flatten(-2)
        chosen = _largest(biased.masked_fill(~kept, -1e30), shape.top_k)
    weights = scores * chosen
    if shape.renormalizes:
        weights = weights / (weights.sum(-1, keepdim=True) + 1e-20)
    return weights * shape.scale, chosen, scores


def _experts(shape, h, w, importance):
    """The layer's output, its balance loss, and the share of the tokens that each expert gets."""
    weights, chosen, scores = _routing(shape, h, w["router"], w.get("bias"))
    share = (chosen * importance[..., None]).sum((0, 1)) / (importance.sum() * shape.top_k)
    mean = (scores / (scores.sum(-1, keepdim=True)) * importance[..., None]).sum((0, 1)) / importance.sum()
    balance = shape.experts * (share.detach() * mean).sum()
    wide = F.linear(h, torch.cat((w["gate"].flatten(0, 1), w["up"].flatten(0, 1))))
    gate, up = wide.chunk(2, dim=-1)
    active = (F.silu(gate) * up).unflatten(-1, (shape.experts, -1)) * weights[..., None].to(h.dtype)
    out = active.flatten(-2) @ w["down"].transpose(1, 2).flatten(0, 1)
    if shape.shared_width:
        out = out + _swiglu(h, w["shared_gate"], w["shared_up"], w["shared_down"])
    return out, balance, share.detach()


def make_layer(shape, is_dense: bool):
    """A function of plain tensors, which the compiler sees once for all layers of a kind."""

    def layer(x, cos, sin, mask, importance, w):
        x = _attention(shape, x, w, cos, sin, mask)
        h = rms_norm(x, w["mlp_norm"], shape.epsilon)
        if is_dense:
            return x + _swiglu(h, w["dense_gate"], w["dense_up"], w["dense_down"])
        out, balance, share = _experts(shape, h, w, importance)
        return x + out, balance, share

    return layer


class Network:
    """Runs the layers; `compiled` makes them with torch.compile."""

    def __init__(self, shape, compiled: bool = False):
        self.shape = shape
        self._dense = make_layer(shape, True)
        self._moe = make_layer(shape, False)
        self._logits = logits_of
        self._loss = loss_of
        if compiled:
            self._dense, self._moe, self._loss = (
                torch.compile(f, dynamic=False) for f in (self._dense, self._moe, self._loss))

    def hidden(self, weights, tokens, positions, mask=None, importance=None, tap=None):
        """tokens: i64 [batch, n]. positions: i64 [n]. mask: bool [n, n] or None. Returns the last layer's output,
        the mean balance loss, and the experts' shares of each layer. tap: called with what each layer gives."""
        shape = self.shape
        if importance is None:
            importance = torch.ones(tokens.shape, device=tokens.device)
        cos, sin = rope_tables(shape, positions)
        layers = {name: weights[name].unbind(0) for name in (*ATTENTION, *DENSE, *EXPERTS) if name in weights}
        x = F.embedding(tokens, weights["embedding"])
        balance, shares = [], []
        for index in range(shape.layers):
            w = {name: layers[name][index] for name in ATTENTION if name in layers}
            if index < shape.dense_layers:
                w.update({name: layers[name][index] for name in DENSE})
                x = self._dense(x, cos, sin, mask, importance, w)
            else:
                at = index - shape.dense_layers
                w.update({name: layers[name][at] for name in EXPERTS if name in layers})
                x, layer_balance, share = self._moe(x, cos, sin, mask, importance, w)
                balance.append(layer_balance)
                shares.append(share)
            if tap is not None:
                tap(index, x)
        mean = torch.stack(balance).mean() if balance else torch.zeros((), device=tokens.device)
        return x, mean, shares

    def logits(self, weights, x):
        return self._logits(x, weights["norm"], weights.get("head", weights["embedding"]), self.shape.epsilon)

    def loss(self, weights, x, targets, token_weights):
        """Sum of the weighted cross entropies. targets: i64 [batch, n]."""
        head = weights.get("head", weights["embedding"])
        return self._loss(x, weights["norm"], head, self.shape.epsilon, targets, token_weights)


def logits_of(x, norm, head, epsilon: float):
    return F.linear(rms_norm(x, norm, epsilon), head)


def loss_of(x, norm, head, epsilon: float, targets, token_weights):
    logits = logits_of(x, norm, head, epsilon).flatten(0, 1).float()
    return (F.cross_entropy(logits, targets.flatten(), reduction="none") * token_weights.flatten()).sum()


def block_causal_mask(n: int, block: int, device):
    """bool [n, n]: a query sees all keys of its block and of earlier ones."""
    blocks = torch.arange(n, device=device) // block
    return blocks[:, None] >= blocks[None, :]
