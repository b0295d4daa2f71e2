"""The weights and the tokenizer of multilingual-e5-small, which nothing changes once loaded.

Wang et al., "Multilingual E5 Text Embeddings", 2024. The model was trained with the prefixes
"query: " and "passage: " and works markedly worse without them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from retrieval.embedding.bert import BertEncoder, Precision, dtype_of, load_encoder
from retrieval.embedding.e5_file import Sizes, SpecialIds, installed_file, read_e5_file
from retrieval.embedding.unigram import build_tokenizer

_QUERY_PREFIX = "query: "
_PASSAGE_PREFIX = "passage: "
_SPECIAL_TOKENS = 2


@dataclass(frozen=True, slots=True)
class E5Model:
    """What embedding and late interaction share; threads may share it too."""

    encoder: BertEncoder
    tokenizer: Tokenizer
    sizes: Sizes
    special: SpecialIds

    @property
    def passage_tokens_max(self) -> int:
        """What is left of the model's positions after special tokens and the prefix."""
        prefix = self.tokenizer.encode(_PASSAGE_PREFIX.rstrip())
        return self.sizes.positions - _SPECIAL_TOKENS - len(prefix)

    def query_ids(self, queries: Sequence[str]) -> list[list[int]]:
        """Return each question's token ids, with what the model was trained to see around it."""
        return self._ids([_QUERY_PREFIX + query for query in queries])

    def passage_ids(self, passages: Sequence[str]) -> list[list[int]]:
        """Return each passage's token ids, cut to what the model reads."""
        return self._ids([_PASSAGE_PREFIX + passage for passage in passages])

    def _ids(self, texts: list[str]) -> list[list[int]]:
        content_max = self.sizes.positions - _SPECIAL_TOKENS
        begin, end = self.special.begin, self.special.end
        encodings = self.tokenizer.encode_batch_fast(texts)
        return [[begin, *encoding.ids[:content_max], end] for encoding in encodings]


def load_e5_model(
    path: Path | None = None, precision: Precision = "auto", *, kernels: bool = True
) -> E5Model:
    """Load the file, by default the one of the installed package; `kernels` may be compiled.

    Raises:
        EmbeddingModelUnavailable: there is no such file.
        EmbeddingModelInvalid: it is not the file that this version was proved with.

    """
    file, dtype = read_e5_file(path or installed_file()), dtype_of(precision)
    return E5Model(
        encoder=load_encoder(file, dtype, kernels=kernels),
        tokenizer=build_tokenizer(file.vocabulary, file.special.unknown),
        sizes=file.sizes,
        special=file.special,
    )
