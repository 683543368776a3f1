"""Checkpoint folders as Hugging Face has them: config.json and model.safetensors."""

import json
import pathlib

import torch
from safetensors.torch import load_file, save_file

from network import sizes
from shape import shape_of

_MOE_LAYER = {
    "attention_norm": "input_layernorm.weight", "mlp_norm": "post_attention_layernorm.weight",
    "q": "self_attn.q_proj.weight", "k": "self_attn.k_proj.weight", "v": "self_attn.v_proj.weight",
    "o": "self_attn.o_proj.weight", "q_norm": "self_attn.q_norm.weight", "k_norm": "self_attn.k_norm.weight",
}
_DENSE_LAYER = {
    "attention_norm": "attn_norm.weight", "mlp_norm": "ff_norm.weight", "q": "q_proj.weight", "k": "k_proj.weight",
    "v": "v_proj.weight", "o": "attn_out.weight", "dense_gate": "ff_proj.weight", "dense_up": "up_proj.weight",
    "dense_down": "ff_out.weight",
}
_BLOCK_LAYER = {
    "attention_norm": "input_layernorm.weight", "mlp_norm": "post_attention_layernorm.weight",
    "o": "attention.dense.weight", "q_norm": "attention.query_layernorm.weight",
    "k_norm": "attention.key_layernorm.weight", "dense_gate": "mlp.gate_proj.weight", "dense_up": "mlp.up_proj.weight",
    "dense_down": "mlp.down_proj.weight",
}
_EXPERTS = {
    "router": "mlp.gate.weight", "bias": "mlp.gate.expert_bias", "shared_gate": "mlp.shared_experts.gate_proj.weight",
    "shared_up": "mlp.shared_experts.up_proj.weight", "shared_down": "mlp.shared_experts.down_proj.weight",
}
_QKV = "attention.query_key_value.weight"
_LAYERS = {"moe": _MOE_LAYER, "dense": _DENSE_LAYER, "block": _BLOCK_LAYER}
_LAYER_PREFIX = {"moe": "model.layers.", "dense": "model.transformer.blocks.", "block": "model.layers."}
_TOP = {
    "moe": {"embedding": "model.embed_tokens.weight", "head": "lm_head.weight", "norm": "model.norm.weight"},
    "dense": {"embedding": "model.transformer.wte.weight", "head": "model.transformer.ff_out.weight",
              "norm": "model.transformer.ln_f.weight"},
    "block": {"embedding": "model.word_embeddings.weight", "head": "lm_head.weight", "norm": "model.norm.weight"},
}


def names(shape):
    """(stored name, weight, index in its stack) of every tensor but LLaDA2's joined query_key_value."""
    present = {name for name, size in sizes(shape).items() if 0 not in size}
    for weight, name in _TOP[shape.architecture].items():
        if weight in present:
            yield name, weight, ()
    for index in range(shape.layers):
        prefix = f"{_LAYER_PREFIX[shape.architecture]}{index}."
        for weight, name in _LAYERS[shape.architecture].items():
            if weight in present and not (weight.startswith("dense") and index >= shape.dense_layers):
                yield prefix + name, weight, (index,)
        if index < shape.dense_layers:
            continue
        at = index - shape.dense_layers
        for weight, name in _EXPERTS.items():
            if weight in present:
                yield prefix + name, weight, (at,)
        for expert in range(shape.experts):
            for weight in ("gate", "up", "down"):
                yield f"{prefix}mlp.experts.{expert}.{weight}_proj.weight", weight, (at, expert)


def save(folder: pathlib.Path, config: dict, weights: dict) -> None:
    """In bf16, but LLaDA2's expert bias in f32."""
    shape = shape_of(config)
    tensors = {}
    for name, weight, index in names(shape):
        dtype = torch.float32 if weight == "bias" else torch.bfloat16
        tensors[name] = weights[weight][index].detach().to("cpu", dtype).contiguous()
    if shape.architecture == "block":
        for index in range(shape.layers):
            joined = torch.cat([weights[part][index] for part in "qkv"])
            tensors[f"model.layers.{index}.{_QKV}"] = joined.detach().to("cpu", torch.bfloat16).contiguous()
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / "model.safetensors.part"
    save_file(tensors, part, metadata={"format": "pt"})
    part.rename(folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def load(folder: pathlib.Path):
    """Config, shape and weights in f32 on the CPU."""
    config = json.loads((folder / "config.json").read_text())
    shape = shape_of(config)
    tensors = {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors.update(load_file(file))
    weights = {name: torch.empty(size) for name, size in sizes(shape).items() if 0 not in size}
    for name, weight, index in names(shape):
        weights[weight][index] = tensors.pop(name).float()
    if shape.architecture == "block":
        keys = shape.kv_heads * shape.head_dim
        for index in range(shape.layers):
            joined = tensors.pop(f"model.layers.{index}.{_QKV}").float()
            parts = joined.split((shape.heads * shape.head_dim, keys, keys))
            for part, value in zip("qkv", parts):
                weights[part][index] = value
    if tensors:
        raise ValueError(f"{folder}: unknown tensors {sorted(tensors)[:3]}")
    return config, shape, weights
