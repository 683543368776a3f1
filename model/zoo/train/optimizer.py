"""Muon for matrices, AdamW for the rest; f32 weights."""

import torch

MATRICES = ("q", "k", "v", "o", "gate", "up", "down", "dense_gate", "dense_up", "dense_down", "shared_gate",
            "shared_up", "shared_down")


def orthogonalize(g, steps: int = 5):
    """The nearest orthogonal matrices to g [n, rows, columns], rows <= columns, by Newton-Schulz, on a GPU in bf16."""
    x = g.bfloat16() if g.is_cuda else g
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        a = x @ x.mT
        b = torch.baddbmm(a, a, a, beta=-4.7750, alpha=2.0315)
        x = torch.baddbmm(x, b, x, beta=3.4445, alpha=1.0)
    return x


class Optimizer:
    """weights: f32 leaves by name. Rates are those at full learning rate."""

    def __init__(self, weights: dict, matrix_rate=0.02, rate=0.003, router_rate=0.001, decay=0.05):
        self._matrices = {name: weight for name, weight in weights.items() if name in MATRICES}
        self._momentum = {name: torch.zeros_like(weight) for name, weight in self._matrices.items()}
        self._matrix_rate, self._decay = matrix_rate, decay
        tables = [w for name, w in weights.items() if name not in MATRICES and name not in ("router", "bias")]
        groups = [{"params": tables, "lr": rate, "full": rate}]
        if "router" in weights:
            groups.append({"params": [weights["router"]], "lr": router_rate, "full": router_rate})
        self._adam = torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.0, fused=True)

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """factor: of the full learning rate."""
        for group in self._adam.param_groups:
            group["lr"] = group["full"] * factor
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)
        by_size = {}
        for name, weight in self._matrices.items():
            momentum = self._momentum[name]
            momentum.lerp_(weight.grad, 0.05)
            update = weight.grad.lerp_(momentum, 0.95).flatten(0, -3)
            is_tall = update.shape[-2] > update.shape[-1]
            update = update.mT if is_tall else update
            by_size.setdefault(tuple(update.shape[-2:]), []).append((weight, update, is_tall))
        for (_, columns), entries in by_size.items():
            update = orthogonalize(torch.cat([u for _, u, _ in entries]))
            rate = self._matrix_rate * factor * columns ** 0.5 / 16
            for (weight, u, is_tall), part in zip(entries, update.split([u.shape[0] for _, u, _ in entries])):
                part = part.mT if is_tall else part
                weight.mul_(1 - rate * self._decay).add_(part.reshape(weight.shape), alpha=-rate)
                weight.grad = None

    def state(self) -> dict:
        return {"momentum": self._momentum, "adam": self._adam.state_dict()}

    def restore(self, state: dict) -> None:
        for name, momentum in self._momentum.items():
            momentum.copy_(state["momentum"][name])
        full = [group["full"] for group in self._adam.param_groups]
        self._adam.load_state_dict(state["adam"])
        for group, rate in zip(self._adam.param_groups, full):
            group["full"] = rate
