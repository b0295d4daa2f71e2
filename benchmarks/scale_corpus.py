"""Made-up chunks that are spread as real ones: in meaning, in words, in Chinese and English.

A chunk is mixed from three real passages of one language. Its text is made of their sentences. Its
vector is their vectors' common mean plus a combination of their differences from it, with weights
whose squares sum to 1: so mean and covariance are those of real vectors, and no chunk copies
another. Two numbers of its own in each text let the vocabulary grow with the corpus.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.datasets import read_dataset
from retrieval.embedding.port import Embedder, Vectors
from retrieval.lexical.analysis import terms
from retrieval.lexical.blind import BlindTokens
from retrieval.scripts import is_chinese

CHUNKS_A_DOCUMENT: Final = 20
SHARES: Final = (1, 10, 100)  # percent of the documents that somebody sees
CHINESE_SHARE: Final = 0.4
_SETS: Final = ("cranfield", "squad2_dev", "tatqa_dev", "clapnq_dev", "rgb_zh_dev", "crud_news")
_PASSAGES_A_LANGUAGE: Final = 2_000
_MIXED: Final = 3
_CHARACTERS: Final = {"en": 900, "zh": 300}  # of a chunk: about 200 tokens of the embedder
_SENTENCE: Final = re.compile(r"[^.!?。！？]{8,}[.!?。！？]*")


@dataclass(frozen=True, slots=True)
class Source:
    """Real passages of one language, as sentences, and their vectors (n, dimensions)."""

    language: str
    sentences: Sequence[Sequence[str]]
    mean: NDArray[np.float32]
    differences: Vectors


@dataclass(frozen=True, slots=True)
class MadeDocument:
    """A document; `share` is the smallest share of which it is part."""

    number: int
    language: str
    share: int
    texts: Sequence[str]
    tokens: Sequence[bytes]
    vectors: Vectors


def read_sources(data: Path, embedder: Embedder, kept: Path) -> tuple[list[Source], list[str]]:
    """Read real passages and embed them, or load their vectors from `kept`; also the questions."""
    sets = [read_dataset(data / "qa" / name) for name in _SETS]
    passages: dict[str, list[str]] = {"en": [], "zh": []}
    for one in sets:
        for passage in one.passages:
            language = "zh" if is_chinese(passage.text) else "en"
            passages[language].append(passage.text[: _CHARACTERS[language]])
    sources = [_source(language, texts, embedder, kept) for language, texts in passages.items()]
    return sources, _questions([question.text for one in sets for question in one.questions])


def _questions(texts: Sequence[str]) -> list[str]:
    """Shuffle the questions, with as large a part of them Chinese as of the chunks."""
    random = np.random.default_rng(2)
    chinese = [text for text in texts if is_chinese(text)]
    other = [text for text in texts if not is_chinese(text)]
    wanted = round(len(chinese) * (1 - CHINESE_SHARE) / CHINESE_SHARE)
    mixed = [*chinese, *(other[index] for index in random.permutation(len(other))[:wanted])]
    return [mixed[index] for index in random.permutation(len(mixed))]


def _source(language: str, texts: list[str], embedder: Embedder, kept: Path) -> Source:
    chosen = np.random.default_rng(1).permutation(len(texts))[:_PASSAGES_A_LANGUAGE]
    picked = [texts[index] for index in chosen.tolist()]
    file = kept / f"{language}.npy"
    if not file.exists():
        np.save(file, embedder.embed_passages(picked))
    vectors = np.load(file)
    mean = vectors.mean(axis=0)
    sentences = [_SENTENCE.findall(text) or [text] for text in picked]
    return Source(language, sentences, mean, vectors - mean)


@dataclass(frozen=True, slots=True)
class Mixer:
    """Makes documents by number: the same one each time."""

    sources: Sequence[Source]
    blind: BlindTokens | None = None
    """Without it, texts and words are left out."""
    _known: dict[str, bytes] = field(default_factory=dict)

    def documents(self, first: int, end: int) -> Iterator[MadeDocument]:
        """Make the documents of these numbers."""
        return map(self._document, range(first, end))

    def _document(self, number: int) -> MadeDocument:
        random = np.random.default_rng(number)
        source = self.sources[int(random.random() < CHINESE_SHARE)]
        picks = random.integers(len(source.sentences), size=(CHUNKS_A_DOCUMENT, _MIXED))
        weights = random.standard_normal((CHUNKS_A_DOCUMENT, _MIXED)).astype(np.float32)
        weights = np.abs(weights) / np.linalg.norm(weights, axis=1, keepdims=True)
        vectors = source.mean + np.einsum("cm,cmd->cd", weights, source.differences[picks])
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        chosen = list(map(partial(_sentences, source), picks, weights)) if self.blind else []
        own = [f"{number}-{place} {random.integers(10**9)}" for place in range(len(chosen))]
        return MadeDocument(
            number=number,
            language=source.language,
            share=1 if number % 100 == 0 else 10 if number % 10 == 0 else 100,
            texts=["".join([*parts, " ", last]) for parts, last in zip(chosen, own, strict=True)],
            tokens=[self._tokens(parts, last) for parts, last in zip(chosen, own, strict=True)],
            vectors=vectors,
        )

    def _tokens(self, sentences: Sequence[str], own: str) -> bytes:
        return b"".join([*map(self._blinded, sentences), self._blind(own)])

    def _blinded(self, sentence: str) -> bytes:
        if sentence not in self._known:
            self._known[sentence] = self._blind(sentence)
        return self._known[sentence]

    def _blind(self, text: str) -> bytes:
        if self.blind is None:
            raise ValueError("words need a key")
        return b"".join(self.blind.tokens(terms(text)))


def _sentences(source: Source, picks: NDArray[np.int64], weights: NDArray[np.float32]) -> list[str]:
    """Take of each passage as much as its vector weighs."""
    found: list[str] = []
    for pick, weight in zip(picks.tolist(), weights.tolist(), strict=True):
        room = weight**2 * _CHARACTERS[source.language]
        for sentence in source.sentences[pick]:
            if room <= 0:
                break
            found.append(sentence)
            room -= len(sentence)
    return found
