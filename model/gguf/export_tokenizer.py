"""A checkpoint folder's tokenizer and chat template -> a GGUF file's metadata."""

import json
from pathlib import Path
from typing import Any

import gguf
from tokenizers import Tokenizer

from model.config import DecoderConfig
from model.errors import CheckpointError
from model.gguf.tokenizer import QWEN2_SPLIT
from model.tokenizer import CHAT_TEMPLATE, TOKENIZER


def write_tokenizer(writer: gguf.GGUFWriter, folder: Path, config: DecoderConfig) -> None:
    """Write vocabulary, merges, special tokens and chat template.

    Raises:
        CheckpointError: a file is missing or damaged, or the tokenizer is not Qwen2's.
    """
    values = _values(folder / TOKENIZER)
    tokens, types = _tokens(folder / TOKENIZER, values, config.vocabulary_size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(pair) for pair in values["model"]["merges"]])
    writer.add_add_bos_token(False)  # noqa: FBT003 - the package's own interface
    if config.end_tokens:
        writer.add_eos_token_id(config.end_tokens[0])
    try:
        writer.add_chat_template((folder / CHAT_TEMPLATE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(folder / CHAT_TEMPLATE, str(error)) from error


def _values(path: Path) -> dict[str, Any]:
    """Return a `tokenizer.json` as the library writes it today, whatever version wrote it."""
    try:
        values: dict[str, Any] = json.loads(Tokenizer.from_buffer(path.read_bytes()).to_str())
    except (OSError, ValueError) as error:
        raise CheckpointError(path, str(error)) from error
    steps = (values.get("pre_tokenizer") or {}).get("pretokenizers", [])
    if {"Regex": QWEN2_SPLIT} not in [step.get("pattern") for step in steps]:
        raise CheckpointError(path, "is not a tokenizer of the Qwen2 kind")
    return values


def _tokens(
    path: Path, values: dict[str, Any], size: int
) -> tuple[list[str], list[gguf.TokenType]]:
    """Return all tokens with their types; numbers without a token are unused."""
    tokens = [f"[PAD{number}]" for number in range(size)]
    types = [gguf.TokenType.UNUSED] * size
    added = {entry["content"]: entry for entry in values["added_tokens"]}
    numbers = values["model"]["vocab"] | {token: entry["id"] for token, entry in added.items()}
    for token, number in numbers.items():
        if number >= size:
            raise CheckpointError(path, f"the token {number} is beyond the embedding")
        tokens[number], types[number] = token, _type(added.get(token))
    return tokens, types


def _type(added: dict[str, Any] | None) -> gguf.TokenType:
    if added is None:
        return gguf.TokenType.NORMAL
    return gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
