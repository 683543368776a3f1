"""The numbers of a network, read from a config.json of any of the three architectures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    architecture: str  # moe, dense or block
    vocab: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    rotary: int  # dimensions that RoPE turns
    theta: float
    epsilon: float
    has_qk_norm: bool
    is_tied: bool
    dense_layers: int  # the first ones
    dense_width: int
    experts: int = 0
    top_k: int = 0
    expert_width: int = 0
    shared_width: int = 0
    renormalizes: bool = False
    scale: float = 1.0  # of the experts' sum
    groups: int = 1
    kept_groups: int = 1

    @property
    def moe_layers(self) -> int:
        return self.layers - self.dense_layers


def shape_of(config: dict) -> Shape:
    kind = config["architectures"][0]
    if kind == "LLaDAModelLM":
        width, heads = config["d_model"], config["n_heads"]
        return Shape(
            "dense", config["embedding_size"], width, config["n_layers"], heads, config["n_kv_heads"] or heads,
            width // heads, width // heads, config["rope_theta"], config["rms_norm_eps"], False,
            config["weight_tying"], config["n_layers"], config["mlp_hidden_size"])
    width, heads = config["hidden_size"], config["num_attention_heads"]
    head_dim = config.get("head_dim") or width // heads
    common = (config["vocab_size"], width, config["num_hidden_layers"], heads, config["num_key_value_heads"], head_dim)
    if kind == "LLaDAMoEModelLM":
        return Shape(
            "moe", *common, head_dim, config["rope_theta"], config["rms_norm_eps"], config["qk_layernorm"],
            config["tie_word_embeddings"], 0, 0, config["num_experts"], config["num_experts_per_tok"],
            config["expert_intermediate_size"], 0, bool(config["norm_topk_prob"]))
    if kind == "LLaDA2MoeModelLM":
        return Shape(
            "block", *common, config["rotary_dim"], config["rope_theta"], config["rms_norm_eps"],
            config["use_qk_norm"], config["tie_word_embeddings"], config["first_k_dense_replace"],
            config["intermediate_size"], config["num_experts"], config["num_experts_per_tok"],
            config["moe_intermediate_size"], config["moe_intermediate_size"] * config["num_shared_experts"],
            config["norm_topk_prob"], config["routed_scaling_factor"], config["n_group"], config["topk_group"])
    raise ValueError(f"unknown architecture {kind}")
