"""Tiny classifiers with random weights, written as Hugging Face folders are."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

POSITIONS = 64
_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
_PIECES = [*_SPECIAL, *"abcdefghijklmnopqrstuvwxyzWGI车停客访"]
_SIZES: dict[str, Any] = {
    "vocab_size": len(_PIECES),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "num_labels": 1,
    "pad_token_id": 1,
    "initializer_range": 0.5,  # the usual 0.02 would make all scores nearly the same
}


def write_checkpoint(folder: Path, kind: str, **changed: Any) -> Path:
    """Write config.json, model.safetensors and tokenizer.json; the same in every run."""
    torch.manual_seed(7)
    sizes = {**_SIZES, **changed}
    model: Any = (
        BertForSequenceClassification(BertConfig(max_position_embeddings=POSITIONS, **sizes))
        if kind == "bert"
        else XLMRobertaForSequenceClassification(
            XLMRobertaConfig(max_position_embeddings=POSITIONS + 2, **sizes)
        )
    )
    model.save_pretrained(folder)
    _tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def _tokenizer() -> Tokenizer:
    """Every letter is a token, and the second text's tokens are of the second kind."""
    vocabulary = {piece: number for number, piece in enumerate(_PIECES)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> $B:1 </s>:1",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return tokenizer
