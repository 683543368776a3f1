"""The models of the hub as they are downloaded, but thin: every key of their configs, every layer,
expert and tensor name, the whole vocabulary; only widths are shrunk. They load and run, so nobody
meets a wrong name at the end of a 16 GB download. Needs nothing but Python's own library.

Sources of configs/: the model cards and configs of GSAI-ML/LLaDA-8B (LLaDA-1.5 has the same),
inclusionAI/LLaDA-MoE-7B-A1B and inclusionAI/LLaDA2.0 and 2.1, mini and flash.
"""

import json
import math
import os
import pathlib
import random
import struct
import subprocess
import tempfile
import unittest

UNMASK = os.environ["UNMASK"]
CONFIGS = pathlib.Path(__file__).resolve().parent / "configs"
TIMEOUT = 300  # seconds, for one command
MASK_OF_MOE = 156895  # of the tokenizer: these configs do not say it
HEAD_DIM = 8


def unmask(*words, stdin=""):
    return subprocess.run([UNMASK, *map(str, words)], capture_output=True, text=True, timeout=TIMEOUT, input=stdin)


def read_config(name):
    return json.loads((CONFIGS / f"{name}.json").read_text())


def thin_llada(config):
    config.update(d_model=HEAD_DIM * config["n_heads"], mlp_hidden_size=64)


def thin_llada_moe(config):
    config.update(hidden_size=HEAD_DIM * config["num_attention_heads"], expert_intermediate_size=16,
                  dense_intermediate_size=16)


def thin_llada2(config):
    config.update(hidden_size=64, intermediate_size=64, moe_intermediate_size=16, head_dim=HEAD_DIM,
                  rotary_dim=HEAD_DIM // 2)


def tensors_of_llada(c):
    hidden, width = c["d_model"], c["mlp_hidden_size"]
    yield "model.transformer.wte.weight", (c["embedding_size"], hidden)
    for i in range(c["n_layers"]):
        block = f"model.transformer.blocks.{i}."
        for norm in ("attn_norm", "ff_norm"):
            yield f"{block}{norm}.weight", (hidden,)
        for square in ("q_proj", "k_proj", "v_proj", "attn_out"):
            yield f"{block}{square}.weight", (hidden, hidden)
        for up in ("ff_proj", "up_proj"):
            yield f"{block}{up}.weight", (width, hidden)
        yield f"{block}ff_out.weight", (hidden, width)
    yield "model.transformer.ln_f.weight", (hidden,)
    yield "model.transformer.ff_out.weight", (c["embedding_size"], hidden)


def mlp(prefix, hidden, width):
    yield f"{prefix}gate_proj.weight", (width, hidden)
    yield f"{prefix}up_proj.weight", (width, hidden)
    yield f"{prefix}down_proj.weight", (hidden, width)


def tensors_of_llada_moe(c):
    hidden = c["hidden_size"]
    head_dim = hidden // c["num_attention_heads"]
    yield "model.embed_tokens.weight", (c["vocab_size"], hidden)
    for i in range(c["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        for norm in ("input_layernorm", "post_attention_layernorm"):
            yield f"{layer}{norm}.weight", (hidden,)
        for square in "qkvo":
            yield f"{layer}self_attn.{square}_proj.weight", (hidden, hidden)
        for norm in "qk":
            yield f"{layer}self_attn.{norm}_norm.weight", (head_dim,)
        yield f"{layer}mlp.gate.weight", (c["num_experts"], hidden)
        for e in range(c["num_experts"]):
            yield from mlp(f"{layer}mlp.experts.{e}.", hidden, c["expert_intermediate_size"])
    yield "model.norm.weight", (hidden,)
    yield "lm_head.weight", (c["vocab_size"], hidden)


def tensors_of_llada2(c):
    hidden, head_dim = c["hidden_size"], c["head_dim"]
    num_heads, num_kv_heads = c["num_attention_heads"], c["num_key_value_heads"]
    yield "model.word_embeddings.weight", (c["vocab_size"], hidden)
    for i in range(c["num_hidden_layers"]):
        layer = f"model.layers.{i}."
        for norm in ("input_layernorm", "post_attention_layernorm"):
            yield f"{layer}{norm}.weight", (hidden,)
        yield f"{layer}attention.query_key_value.weight", ((num_heads + 2 * num_kv_heads) * head_dim, hidden)
        for norm in ("query", "key"):
            yield f"{layer}attention.{norm}_layernorm.weight", (head_dim,)
        yield f"{layer}attention.dense.weight", (hidden, num_heads * head_dim)
        if i < c["first_k_dense_replace"]:
            yield from mlp(f"{layer}mlp.", hidden, c["intermediate_size"])
            continue
        yield f"{layer}mlp.gate.weight", (c["num_experts"], hidden)
        yield f"{layer}mlp.gate.expert_bias", (c["num_experts"],)
        for e in range(c["num_experts"]):
            yield from mlp(f"{layer}mlp.experts.{e}.", hidden, c["moe_intermediate_size"])
        yield from mlp(f"{layer}mlp.shared_experts.", hidden, c["moe_intermediate_size"] * c["num_shared_experts"])
    yield "model.norm.weight", (hidden,)
    yield "lm_head.weight", (c["vocab_size"], hidden)


def small_numbers(dtype):
    """As many bytes of a dtype as a prime number of small values takes: no two rows are alike."""
    draw = random.Random(7)
    values = [draw.uniform(-0.2, 0.2) for _ in range(100_003)]
    if dtype == "F32":
        return struct.pack(f"<{len(values)}f", *values)
    return b"".join(struct.pack("<f", value)[2:] for value in values)  # cut to bf16


def write_safetensors(path, tensors):
    """tensors: (name, shape, dtype)."""
    numbers = {dtype: small_numbers(dtype) for dtype in {dtype for _, _, dtype in tensors}}
    header, begin = {}, 0
    for name, shape, dtype in tensors:
        size = math.prod(shape) * (4 if dtype == "F32" else 2)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, begin + size]}
        begin += size
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in header.values():
            first, last = tensor["data_offsets"]
            source = numbers[tensor["dtype"]]
            copies, rest = divmod(last - first, len(source))
            file.write(source * copies + source[:rest])


class HubTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="unmask-hub-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def write(self, config, tensors, renamed=None, bias_dtype="BF16"):
        """renamed: {name: what it is called instead}."""
        (self.folder / "config.json").write_text(json.dumps(config))
        named = [((renamed or {}).get(name, name), shape, bias_dtype if name.endswith("expert_bias") else "BF16")
                 for name, shape in tensors]
        write_safetensors(self.folder / "model.safetensors", named)
        return named

    def expect_run(self, architecture, num_parameters, *words):
        told = unmask("models", "--json", self.folder)
        self.assertEqual(told.returncode, 0, told.stdout + told.stderr)
        model = json.loads(told.stdout)[0]
        self.assertEqual(model["architecture"], architecture)
        self.assertEqual(model["parameters"], num_parameters)
        self.assertEqual(model["warnings"], [])
        for numbers in ("f32", "bf16"):
            done = unmask("trace", "--model", self.folder, "--device", "cpu", "--dtype", numbers, "--gen-length", 8,
                          "--block-length", 8, "--tokens-file", "-", *words, stdin="[1, 22, 333, 4444, 55555]")
            self.assertEqual(done.returncode, 0, done.stderr)
            trace = json.loads(done.stdout)
            self.assertEqual(len(trace["canvas"]), 5 + 8)
            self.assertGreater(trace["forwards"], 0)
            confidences = [candidate[2] for forward in trace["iterations"] for candidate in forward["candidates"]]
            self.assertTrue(confidences and all(0 <= confidence <= 1 for confidence in confidences))

    def expect_refusal_of_a_wrong_name(self, config, tensors, name):
        self.write(config, tensors, renamed={name: name + "_of_another_version"})
        refused = unmask("trace", "--model", self.folder, "--device", "cpu", "--tokens-file", "-", "--mask-id", 7,
                         stdin="[1]")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn(name, refused.stderr)

    def expect_all(self, architecture, name, thin, tensors_of, *words, wrong):
        config = read_config(name)
        thin(config)
        tensors = list(tensors_of(config))
        num_parameters = sum(math.prod(shape) for _, shape in tensors)
        self.write(config, tensors)
        self.expect_run(architecture, num_parameters, *words)
        self.expect_refusal_of_a_wrong_name(config, tensors, wrong)

    def test_llada_8b_and_1_5(self):
        self.expect_all("LLaDA", "LLaDA-8B", thin_llada, tensors_of_llada,
                        wrong="model.transformer.blocks.31.ff_out.weight")

    def test_llada_moe_7b_a1b(self):
        self.expect_all("LLaDA-MoE", "LLaDA-MoE-7B-A1B", thin_llada_moe, tensors_of_llada_moe,
                        "--mask-id", MASK_OF_MOE, wrong="model.layers.15.mlp.experts.63.down_proj.weight")

    def test_llada2_mini(self):
        self.expect_all("LLaDA2-MoE", "LLaDA2-mini", thin_llada2, tensors_of_llada2, "--mask-id", MASK_OF_MOE,
                        wrong="model.layers.19.mlp.shared_experts.up_proj.weight")

    def test_llada2_flash(self):
        self.expect_all("LLaDA2-MoE", "LLaDA2-flash", thin_llada2, tensors_of_llada2, "--mask-id", MASK_OF_MOE,
                        wrong="model.layers.1.mlp.gate.expert_bias")

    def test_llada2_1_keeps_the_bias_of_its_router_in_f32(self):
        config = read_config("LLaDA2-mini")
        thin_llada2(config)
        tensors = list(tensors_of_llada2(config))
        self.write(config, tensors, bias_dtype="F32")
        self.expect_run("LLaDA2-MoE", sum(math.prod(shape) for _, shape in tensors), "--mask-id", MASK_OF_MOE)

    def test_the_shapes_before_they_are_thinned_are_those_of_the_hub(self):
        for name, tensors_of, expected in (("LLaDA-MoE-7B-A1B", tensors_of_llada_moe, 7_356_880_896),
                                           ("LLaDA-8B", tensors_of_llada, 8_015_581_184),
                                           ("LLaDA2-mini", tensors_of_llada2, 16_255_643_392),
                                           ("LLaDA2-flash", tensors_of_llada2, 102_889_705_216)):
            with self.subTest(model=name):
                shapes = [shape for _, shape in tensors_of(read_config(name))]
                self.assertEqual(sum(math.prod(shape) for shape in shapes), expected)


if __name__ == "__main__":
    unittest.main()
