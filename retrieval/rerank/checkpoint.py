"""A sequence classifier of the BERT family, as Hugging Face folders hold it.

`config.json` has the sizes, `model.safetensors` the weights (nothing in it can be run). BERT and
(XLM-)RoBERTa differ in the names of tensors, in where positions begin, and in the name of the head:
a dense layer, tanh, and a linear layer over the first token's state.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from retrieval.embedding.bert import fastest_layers
from retrieval.embedding.layers import Layers, LayerWeights
from retrieval.rerank.errors import RerankerInvalid

_ATTENTION = "attention.self."
_LINEARS = (
    (f"{_ATTENTION}query", f"{_ATTENTION}key", f"{_ATTENTION}value"),
    ("attention.output.dense",),
    ("intermediate.dense",),
    ("output.dense",),
)
_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


class Config(BaseModel):
    """What of `config.json` matters; only these kinds of models are known to run alike."""

    model_type: Literal["bert", "roberta", "xlm-roberta"]
    hidden_act: Literal["gelu"] = "gelu"
    position_embedding_type: Literal["absolute"] = "absolute"
    num_attention_heads: int = Field(ge=1)
    num_hidden_layers: int = Field(ge=1)
    max_position_embeddings: int
    layer_norm_eps: float
    pad_token_id: int = 0

    @property
    def first_position(self) -> int:
        """Where positions begin: RoBERTa leaves out those up to the padding's id."""
        return 0 if self.model_type == "bert" else self.pad_token_id + 1

    @property
    def tokens_max(self) -> int:
        """Longest input."""
        return self.max_position_embeddings - self.first_position


@dataclass(frozen=True, slots=True)
class Classifier:
    """Weights of the whole model; the head is (dense, out), each (weight, bias) in float32."""

    word_VH: Tensor  # noqa: N815 - capitals are the tensor's axes: vocabulary, hidden size
    position_TH: Tensor  # noqa: N815 - as above: positions
    type_KH: Tensor  # noqa: N815 - as above: kinds, of question and of passage
    layers: Layers
    head: tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]


def read_config(folder: Path) -> Config:
    """Read what kind of model it is.

    Raises:
        RerankerInvalid: it is missing, or not of a kind that can be run.

    """
    try:
        return Config.model_validate(json.loads((folder / "config.json").read_bytes()))
    except (OSError, ValueError, ValidationError) as error:
        raise RerankerInvalid(
            "The reranker's folder needs a config.json of a BERT or XLM-RoBERTa classifier."
        ) from error


def read_classifier(
    folder: Path, config: Config, dtype: torch.dtype, *, kernels: bool
) -> Classifier:
    """Read the weights and convert them to `dtype`, but for the head; `kernels` may be compiled.

    Raises:
        RerankerInvalid: they are missing, damaged, or do not end in one score.

    """
    try:
        weights = _Weights(load_file(folder / "model.safetensors"), config, dtype)
        classifier = weights.classifier(kernels=kernels)
    except (OSError, SafetensorError, KeyError) as error:
        raise RerankerInvalid(
            "The reranker's folder needs a model.safetensors that fits its config.json."
        ) from error
    if len(classifier.head[1][1]) != 1:
        raise RerankerInvalid("The reranker gives several scores for a passage; it must give one.")
    return classifier


class _Weights:
    """The file's tensors, put in the order of the pass."""

    def __init__(self, tensors: dict[str, Tensor], config: Config, dtype: torch.dtype) -> None:
        self._tensors = tensors
        self._config = config
        self._dtype = dtype
        self._is_bert = config.model_type == "bert"
        self._body = "bert" if self._is_bert else "roberta"

    def classifier(self, *, kernels: bool) -> Classifier:
        dense, out = (
            ("bert.pooler.dense", "classifier")
            if self._is_bert
            else ("classifier.dense", "classifier.out_proj")
        )
        return Classifier(
            word_VH=self._of("embeddings.word_embeddings.weight"),
            position_TH=self._of("embeddings.position_embeddings.weight"),
            type_KH=self._kinds(),
            layers=fastest_layers(self._layers(), kernels=kernels),
            head=(self._linear(dense), self._linear(out)),
        )

    def _kinds(self) -> Tensor:
        table = self._of("embeddings.token_type_embeddings.weight")
        # RoBERTa was trained without kinds: whatever a tokenizer says, all tokens are of the first.
        return table if self._is_bert else table[:1].expand(2, -1)

    def _layers(self) -> LayerWeights:
        layers = [f"encoder.layer.{number}." for number in range(self._config.num_hidden_layers)]
        parts = [[layer + part for part in names] for layer in layers for names in _LINEARS]
        norms = ["embeddings.LayerNorm", *(layer + norm for layer in layers for norm in _NORMS)]
        return LayerWeights(
            heads=self._config.num_attention_heads,
            epsilon=self._config.layer_norm_eps,
            weights=[self._joined(names, "weight") for names in parts],
            biases=[self._joined(names, "bias") for names in parts],
            norm_weights=[self._of(f"{name}.weight") for name in norms],
            norm_biases=[self._of(f"{name}.bias") for name in norms],
        )

    def _joined(self, names: list[str], kind: str) -> Tensor:
        return torch.cat([self._of(f"{name}.{kind}") for name in names])

    def _of(self, name: str) -> Tensor:
        return self._tensors[f"{self._body}.{name}"].to(self._dtype)

    def _linear(self, name: str) -> tuple[Tensor, Tensor]:
        weight, bias = self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"]
        return weight.to(torch.float32), bias.to(torch.float32)
