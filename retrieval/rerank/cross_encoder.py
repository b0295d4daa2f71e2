"""A cross-encoder: question and passage are read together, and every token sees every other.

Nogueira and Cho, "Passage Re-ranking with BERT", 2019. It runs in the same pass as the embedder.
"""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import torch
from tokenizers import Encoding, Tokenizer
from torch.nn import functional

from retrieval.embedding.bert import Precision, dtype_of
from retrieval.embedding.lanes import Lanes
from retrieval.rerank.batches import scored_in_batches
from retrieval.rerank.checkpoint import read_classifier, read_config
from retrieval.rerank.errors import RerankerInvalid
from retrieval.rerank.port import IsLate


class CrossEncoder:
    """A classifier from a local folder; nothing is ever downloaded.

    Raises:
        RerankerInvalid: the folder holds no model that can be read.

    """

    def __init__(
        self,
        folder: Path,
        *,
        threads: int,
        precision: Precision,
        tokens_max: int,
        kernels: bool = True,
    ) -> None:
        config = read_config(folder)
        self._first_position = config.first_position
        self._tokenizer = _tokenizer(folder, min(tokens_max, config.tokens_max))
        self._lanes = Lanes(threads, "rerank")
        dtype = dtype_of(precision)
        self._model = self._lanes.run(
            lambda: read_classifier(folder, config, dtype, kernels=kernels)
        )

    def scores(
        self, question: str, passages: Sequence[str], is_late: IsLate
    ) -> Sequence[float] | None:
        """Return the classifier's one output, before any sigmoid."""
        pairs = self._tokenizer.encode_batch([(question, passage) for passage in passages])

        def score(batch: list[int]) -> list[float]:
            return self._score([pairs[place] for place in batch])

        return scored_in_batches(self._lanes, [len(pair) for pair in pairs], score, is_late)

    @torch.inference_mode()
    def _score(self, pairs: Sequence[Encoding]) -> list[float]:
        model, lengths = self._model, [len(pair) for pair in pairs]
        ids = torch.tensor(list(chain.from_iterable(pair.ids for pair in pairs)))
        kinds = torch.tensor(list(chain.from_iterable(pair.type_ids for pair in pairs)))
        places = torch.tensor(list(chain.from_iterable(map(range, lengths))))
        rows = model.word_VH[ids] + model.type_KH[kinds]
        rows = rows + model.position_TH[places + self._first_position]
        states = model.layers.states(rows.to(model.layers.dtype), lengths)
        first = torch.stack([text[0] for text in torch.split(states, lengths)])
        dense, out = model.head
        hidden = functional.linear(first.to(torch.float32), *dense).tanh()
        scores: list[float] = functional.linear(hidden, *out).squeeze(1).tolist()
        return scores


def _tokenizer(folder: Path, tokens_max: int) -> Tokenizer:
    """Load the tokenizer; of a pair that is too long the longer text is cut."""
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the library raises nothing narrower
        raise RerankerInvalid("The reranker's folder needs a tokenizer.json.") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens_max, strategy="longest_first")
    return tokenizer
