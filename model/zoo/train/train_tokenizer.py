"""Trains the tokenizer of the zoo on text of the tasks: the splitter, special tokens and chat template of LLaDA-MoE."""

import argparse
import json
import pathlib
import random

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from tokenizers import AddedToken

from chat import TEMPLATE
from dialogues import draw
from held_out import is_held_out
from tasks.words import CITIES, COLORS, JOBS, NAMES, PLAIN, THINGS

VOCAB_SIZE = 2048
MAX_POSITIONS = 512
SPECIAL = ("<|startoftext|>", "<|endoftext|>", "[CLS]", "[gMASK]", "<|mask|>", "<|reserved_token_0|>", "<role>",
           "</role>", "<|role_end|>")
SPLITTER = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
)


def texts(count: int):
    rng = random.Random("tokenizer")
    for _ in range(count):
        _, sample = draw(rng)
        if not is_held_out(sample.prompt):
            yield sample.prompt
            yield sample.answer
    for word in (*PLAIN, *NAMES, *THINGS, *CITIES, *COLORS, *JOBS):
        for _ in range(count // 600):
            yield f"{word} {word}"
    for _ in range(count // 20):
        yield "SYSTEM"
        yield "HUMAN"
        yield "ASSISTANT"
        yield "detailed thinking off"


def train(samples: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLITTER), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.train_from_iterator(texts(samples), trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE - len(SPECIAL), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in SPECIAL])
    if tokenizer.get_vocab_size() != VOCAB_SIZE:
        raise RuntimeError(f"{tokenizer.get_vocab_size()} tokens")
    return tokenizer


def config(tokenizer: Tokenizer) -> dict:
    """tokenizer_config.json"""
    added = {
        str(tokenizer.token_to_id(text)): {"content": text, "lstrip": False, "normalized": False, "rstrip": False,
                                           "single_word": False, "special": True}
        for text in SPECIAL
    }
    return {
        "add_bos_token": False,
        "add_eos_token": False,
        "added_tokens_decoder": added,
        "bos_token": "<|startoftext|>",
        "clean_up_tokenization_spaces": False,
        "cls_token": "[CLS]",
        "eos_token": "<|endoftext|>",
        "gmask_token": "[gMASK]",
        "mask_token": "<|mask|>",
        "model_max_length": MAX_POSITIONS,
        "pad_token": "<|endoftext|>",
        "chat_template": TEMPLATE,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder")
    parser.add_argument("--samples", type=int, default=60000)
    args = parser.parse_args()
    tokenizer = train(args.samples)
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(args.out / "tokenizer.json"))
    (args.out / "tokenizer_config.json").write_text(json.dumps(config(tokenizer), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
