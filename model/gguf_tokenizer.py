"""The tokenizer inside a GGUF file: Qwen2's byte-level BPE, for the `tokenizers` library."""

from pathlib import Path

import gguf
from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE

from model.errors import CheckpointError
from model.gguf_metadata import TOKENS, read_field

# As in Qwen2's published tokenizer.json.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_ADDED = {gguf.TokenType.CONTROL, gguf.TokenType.USER_DEFINED}


def read_tokenizer(path: Path, reader: gguf.GGUFReader) -> Tokenizer:
    """Build the tokenizer.

    Raises:
        CheckpointError: it is missing or of another kind than Qwen2's.
    """
    kind = tuple(read_field(path, reader, f"tokenizer.ggml.{key}") for key in ("model", "pre"))
    if kind != ("gpt2", "qwen2"):
        raise CheckpointError(path, f"the tokenizer {kind} is not known")
    tokens = read_field(path, reader, TOKENS)
    merges = [tuple(pair.split(" ")) for pair in read_field(path, reader, "tokenizer.ggml.merges")]
    tokenizer = Tokenizer(BPE({token: number for number, token in enumerate(tokens)}, merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    types = read_field(path, reader, "tokenizer.ggml.token_type")
    tokenizer.add_special_tokens(
        [
            AddedToken(token, special=True, normalized=False)
            for token, token_type in zip(tokens, types, strict=True)
            if token_type in _ADDED
        ]
    )
    return tokenizer


def read_chat_template(path: Path, reader: gguf.GGUFReader) -> str:
    """Return the model's own chat template, in Jinja.

    Raises:
        CheckpointError: the file has none.
    """
    return str(read_field(path, reader, "tokenizer.chat_template"))
