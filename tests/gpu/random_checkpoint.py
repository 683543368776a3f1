"""A Hugging Face folder with random weights: the shapes of a model, and nothing that it knows."""

import json
import math
import pathlib
import random
import shutil
import struct

TINY = pathlib.Path(__file__).resolve().parents[2] / "model/zoo/unmask-tiny"
# Weights repeat after so many numbers, a prime, so that no two rows of a matrix are alike.
NUM_NUMBERS = 1_000_003
DEVIATION = 0.02
# Of queries' and keys' norms: rows look at few keys each, and so choose experts of their own. With 1
# all holes, which have one embedding, would choose the same ones.
SHARPNESS = 4.0


def moe(vocab, hidden, layers, heads, experts, top_k, width):
    """config.json and the shapes of the tensors of a LLaDA-MoE."""
    dim = hidden // heads
    config = {"architectures": ["LLaDAMoEModelLM"], "model_type": "llada", "vocab_size": vocab,
              "hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads,
              "num_key_value_heads": heads, "head_dim": dim, "num_experts": experts, "num_experts_per_tok": top_k,
              "expert_intermediate_size": width, "rms_norm_eps": 1e-5, "rope_theta": 50000.0,
              "max_position_embeddings": 8192, "qk_layernorm": True, "hidden_act": "silu",
              "tie_word_embeddings": False, "norm_topk_prob": False, "eos_token_id": 2040,
              "mask_token_id": 2043, "torch_dtype": "bfloat16"}
    tensors = {"model.embed_tokens.weight": [vocab, hidden], "model.norm.weight": [hidden],
               "lm_head.weight": [vocab, hidden]}
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        tensors |= {prefix + f"{name}_layernorm.weight": [hidden] for name in ("input", "post_attention")}
        tensors |= {prefix + f"self_attn.{name}_norm.weight": [dim] for name in "qk"}
        tensors |= {prefix + f"self_attn.{name}_proj.weight": [hidden, hidden] for name in "qkvo"}
        tensors[prefix + "mlp.gate.weight"] = [experts, hidden]
        for expert in range(experts):
            name = prefix + f"mlp.experts.{expert}."
            tensors |= {name + "gate_proj.weight": [width, hidden], name + "up_proj.weight": [width, hidden],
                        name + "down_proj.weight": [hidden, width]}
    return config, tensors


def dense(vocab, hidden, layers, heads, width):
    """The same of a LLaDA."""
    config = {"architectures": ["LLaDAModelLM"], "model_type": "llada", "activation_type": "silu",
              "block_type": "llama", "d_model": hidden, "embedding_size": vocab, "vocab_size": vocab,
              "layer_norm_type": "rms", "max_sequence_length": 4096, "mlp_hidden_size": width, "n_heads": heads,
              "n_kv_heads": heads, "n_layers": layers, "rms_norm_eps": 1e-5, "rope": True, "rope_theta": 500000.0,
              "weight_tying": False, "include_bias": False, "include_qkv_bias": False, "eos_token_id": 2040,
              "mask_token_id": 2043, "torch_dtype": "bfloat16"}
    tensors = {"model.transformer.wte.weight": [vocab, hidden], "model.transformer.ln_f.weight": [hidden],
               "model.transformer.ff_out.weight": [vocab, hidden]}
    for layer in range(layers):
        prefix = f"model.transformer.blocks.{layer}."
        tensors |= {prefix + f"{name}_norm.weight": [hidden] for name in ("attn", "ff")}
        tensors |= {prefix + f"{name}.weight": [hidden, hidden] for name in ("q_proj", "k_proj", "v_proj", "attn_out")}
        tensors |= {prefix + f"{name}.weight": [width, hidden] for name in ("ff_proj", "up_proj")}
        tensors[prefix + "ff_out.weight"] = [hidden, width]
    return config, tensors


def bytes_of(shape):
    return 2 * math.prod(shape)


def bf16_numbers(count):
    """Of a normal distribution with a small deviation."""
    draw = random.Random(1).gauss
    return b"".join(struct.pack("<f", draw(0, DEVIATION))[2:] for _ in range(count))


def header_of(tensors):
    entries, at = {}, 0
    for name, shape in tensors.items():
        entries[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + bytes_of(shape)]}
        at += bytes_of(shape)
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header


def write(folder, config, tensors):
    """Norms are ones, but for those of queries and keys. The tokenizer is unmask-tiny's, which knows the
    first of the tokens alone."""
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TINY / name, folder)
    (folder / "config.json").write_text(json.dumps(config))
    numbers = bf16_numbers(min(NUM_NUMBERS, sum(map(math.prod, tensors.values()))))
    with open(folder / "model.safetensors", "wb") as file:
        file.write(header_of(tensors))
        at = 0
        for name, shape in tensors.items():
            if len(shape) == 1:
                is_of_head = name.endswith(("q_norm.weight", "k_norm.weight"))
                file.write(struct.pack("<f", SHARPNESS if is_of_head else 1.0)[2:] * shape[0])
                continue
            left = bytes_of(shape)
            while left:
                piece = numbers[at:at + left]
                file.write(piece)
                left -= len(piece)
                at = (at + len(piece)) % len(numbers)
