from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification

from retrieval.rerank.cross_encoder import CrossEncoder
from retrieval.rerank.errors import RerankerInvalid
from retrieval.rerank.port import Reranker
from tests.unit.retrieval.rerank.checkpoints import POSITIONS, write_checkpoint
from tests.unit.retrieval.rerank.conformance import (
    PASSAGES,
    QUESTION,
    RerankerConformance,
    never,
)


@pytest.fixture(scope="module", params=["bert", "xlm-roberta"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"), request.param)


def opened(folder: Path, **changed: Any) -> CrossEncoder:
    options = {"threads": 1, "precision": "float32", "tokens_max": 512} | changed
    return CrossEncoder(folder, **options)


class TestCrossEncoder(RerankerConformance):
    @pytest.fixture
    def reranker(self, folder: Path) -> Reranker:
        return opened(folder, threads=2)


def scores_of_transformers(folder: Path, tokens_max: int) -> list[float]:
    """Score by the reference, which pads a batch to its longest text."""
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(tokens_max)
    tokenizer.enable_padding(pad_id=1, pad_token="<pad>")
    pairs = tokenizer.encode_batch([(QUESTION, passage) for passage in PASSAGES])
    inputs = {
        "input_ids": torch.tensor([pair.ids for pair in pairs]),
        "attention_mask": torch.tensor([pair.attention_mask for pair in pairs]),
    }
    if model.config.model_type == "bert":
        inputs["token_type_ids"] = torch.tensor([pair.type_ids for pair in pairs])
    with torch.inference_mode():
        scores: list[float] = model(**inputs).logits.squeeze(1).tolist()
    return scores


@pytest.mark.parametrize("tokens_max", [POSITIONS, 40])
def test_scores_are_those_of_transformers(folder: Path, tokens_max: int) -> None:
    expected = scores_of_transformers(folder, tokens_max)
    found = opened(folder, tokens_max=tokens_max).scores(QUESTION, PASSAGES, never)
    assert found == pytest.approx(expected, abs=1e-4)
    assert max(expected) - min(expected) > 0.1


def test_halved_precision_is_near(folder: Path) -> None:
    exact, half = (
        opened(folder, precision=precision).scores(QUESTION, PASSAGES, never)
        for precision in ("float32", "bfloat16")
    )
    assert np.corrcoef(np.array([exact, half]))[0, 1] > 0.9
    assert half != exact


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("content", [None, b"{}", b"\xff\x00"])
def test_a_folder_that_cannot_be_read_is_refused_by_the_name_of_the_file(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    path = write_checkpoint(tmp_path, "bert") / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(RerankerInvalid, match=name):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"num_labels": 2}, "several scores"),
        ({"hidden_act": "relu"}, r"config\.json"),
        ({"num_hidden_layers": 3}, r"model\.safetensors"),
    ],
)
def test_a_model_of_another_kind_is_refused(
    tmp_path: Path, changed: dict[str, Any], reason: str
) -> None:
    write_checkpoint(tmp_path, "bert", **changed)
    if "num_hidden_layers" in changed:
        config = tmp_path / "config.json"
        config.write_text(config.read_text().replace('_layers": 3', '_layers": 4'))
    with pytest.raises(RerankerInvalid, match=reason):
        opened(tmp_path)
