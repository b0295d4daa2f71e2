"""The tokenizer inside a GGUF file: byte-level BPE, for the `tokenizers` library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gguf
from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE

from model.errors import CheckpointError
from model.gguf.file import GgufFile
from model.gguf.metadata import TOKENS

# As in the published tokenizer.json of each.
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2_SPLIT = _WORDS % r"\p{N}"
LLAMA3_SPLIT = _WORDS % r"\p{N}{1,3}"
_ADDED = {gguf.TokenType.CONTROL, gguf.TokenType.USER_DEFINED}
_SPECIAL_TOKENS = {"bos_token": "bos_token_id", "eos_token": "eos_token_id"}


@dataclass(frozen=True, slots=True)
class _Kind:
    """How text is cut before the merges.

    Attributes:
        split: what a piece looks like; None for GPT-2's own pattern.
        digits: every digit is a piece.
        composed: characters are composed first (Unicode NFC).
        whole_words_first: a piece that is a token is taken whole, whatever the merges say.
    """

    split: str | None = None
    digits: bool = False
    composed: bool = False
    whole_words_first: bool = False


_GPT2 = _Kind()
_GPT2_DIGITS = _Kind(digits=True)
_QWEN2 = _Kind(QWEN2_SPLIT, composed=True)
_LLAMA3 = _Kind(LLAMA3_SPLIT, whole_words_first=True)
KINDS: Mapping[str, _Kind] = {
    "deepseek-r1-qwen": _QWEN2,
    "gpt-2": _GPT2,
    "llama-bpe": _LLAMA3,
    "llama-v3": _LLAMA3,
    "llama3": _LLAMA3,
    "olmo": _GPT2,
    "qwen2": _QWEN2,
    "refact": _GPT2_DIGITS,  # Granite's too
    "smollm": _GPT2_DIGITS,
}


def read_tokenizer(file: GgufFile) -> Tokenizer:
    """Build the tokenizer.

    Raises:
        CheckpointError: it is missing, damaged or of an unknown kind.
    """
    model, pre = (file.text(f"tokenizer.ggml.{key}") for key in ("model", "pre"))
    if model != "gpt2" or pre not in KINDS:
        raise CheckpointError(file.path, f"the tokenizer {(model, pre)} is not known")
    kind = KINDS[pre]
    try:
        tokenizer = Tokenizer(_merges(file, kind))
    except Exception as error:  # the library's errors have no type of their own
        raise CheckpointError(file.path, f"the tokenizer is damaged ({error})") from error
    if kind.composed:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = _pre_tokenizer(kind)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(_added_tokens(file))
    return tokenizer


def read_chat_template(file: GgufFile) -> str:
    """Return the model's own chat template, in Jinja.

    Raises:
        CheckpointError: the file has none.
    """
    return file.text("tokenizer.chat_template")


def special_tokens(file: GgufFile) -> dict[str, Any]:
    """Return what `tokenizer_config.json` says of the tokens that begin and end a text."""
    tokens = file.texts(TOKENS)
    numbers = {
        name: file.fields.get(f"tokenizer.ggml.{key}") for name, key in _SPECIAL_TOKENS.items()
    }
    return {
        name: tokens[number]
        for name, number in numbers.items()
        if isinstance(number, int) and 0 <= number < len(tokens)
    }


def _merges(file: GgufFile, kind: _Kind) -> BPE:
    vocabulary = {token: number for number, token in enumerate(file.texts(TOKENS))}
    pairs = (pair.partition(" ") for pair in file.texts("tokenizer.ggml.merges"))
    merges = [(first, second) for first, _, second in pairs]
    return BPE(vocabulary, merges, ignore_merges=kind.whole_words_first)


def _pre_tokenizer(kind: _Kind) -> pre_tokenizers.PreTokenizer:
    steps: list[pre_tokenizers.PreTokenizer] = []
    if kind.digits:
        steps.append(pre_tokenizers.Digits(individual_digits=True))
    if kind.split is not None:
        steps.append(pre_tokenizers.Split(Regex(kind.split), behavior="isolated"))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=kind.split is None)
    return pre_tokenizers.Sequence([*steps, byte_level])


def _added_tokens(file: GgufFile) -> list[AddedToken]:
    tokens, types = file.texts(TOKENS), file.value("tokenizer.ggml.token_type")
    if not isinstance(types, list) or len(tokens) != len(types):
        raise CheckpointError(file.path, "there is not one type for each token")
    return [
        AddedToken(token, special=True, normalized=False)
        for token, token_type in zip(tokens, types, strict=True)
        if token_type in _ADDED
    ]
