"""What a GGUF file says about its model, apart from weights and tokenizer."""

from pathlib import Path
from typing import Any

import gguf

from model.config import DecoderConfig
from model.errors import CheckpointError

TOKENS = "tokenizer.ggml.tokens"
END_TOKENS = ("<|im_end|>", "<|endoftext|>")  # Qwen2's generation settings end at both


def read_field(path: Path, reader: gguf.GGUFReader, key: str) -> Any:
    """Return one metadata value.

    Raises:
        CheckpointError: the file does not have it.
    """
    field = reader.get_field(key)
    if field is None:
        raise CheckpointError(path, f"the value {key} is missing")
    return field.contents()


def read_config(path: Path, reader: gguf.GGUFReader) -> DecoderConfig:
    """Return the decoder's sizes.

    Raises:
        CheckpointError: the family is unknown or a value is missing.
    """
    family = read_field(path, reader, "general.architecture")
    if family != "qwen2":
        raise CheckpointError(path, f"the architecture {family!r} is not known; known is 'qwen2'")

    def value(key: str) -> Any:
        return read_field(path, reader, f"{family}.{key}")

    tokens = read_field(path, reader, TOKENS)
    return DecoderConfig(
        vocabulary_size=len(tokens),
        hidden_size=value("embedding_length"),
        feed_forward_size=value("feed_forward_length"),
        layer_count=value("block_count"),
        query_heads=value("attention.head_count"),
        key_value_heads=value("attention.head_count_kv"),
        context_tokens_max=value("context_length"),
        rope_base=value("rope.freq_base"),
        norm_epsilon=value("attention.layer_norm_rms_epsilon"),
        head_tied_to_embedding=all(tensor.name != "output.weight" for tensor in reader.tensors),
        end_tokens=tuple(tokens.index(token) for token in END_TOKENS if token in tokens),
    )
