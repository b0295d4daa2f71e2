"""The word index beside tantivy, whose statistics are those of the whole index: time.

    python -m benchmarks.words [--chunks 100000] [--queries 150]

Both hold the same made-up chunks of 150 words and take turns, so that their ratio holds on a busy
machine too. tantivy scores with what it counts over everything; it is the measure for speed only.
"""

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from tantivy import Document, Index, Occur, Query, SchemaBuilder

from retrieval.kernels.loading import kernels_used
from retrieval.lexical.word_index import WordIndex
from retrieval.settings import RetrievalSettings

CHUNKS_A_DOCUMENT, WORDS_A_CHUNK, WORDS_A_QUERY, LIMIT = 20, 150, 8, 100
SHARES = {1: (1,), 10: (1, 2), 100: (1, 2, 3)}
"""Percent of the documents that a scope sees, and the classes that hold them."""


class Tantivy:
    """As the product used it before it counted by scope."""

    def __init__(self) -> None:
        builder = SchemaBuilder()
        builder.add_unsigned_field("chunk", fast=True)
        builder.add_unsigned_field("visibility", indexed=True, fast=True)
        builder.add_text_field("tokens", tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        self._index = Index(self._schema)
        self._writer = self._index.writer(50_000_000, num_threads=1)

    def put(self, visibility: int, chunk_ids: Sequence[int], tokens: Sequence[bytes]) -> None:
        for chunk_id, joined in zip(chunk_ids, tokens, strict=True):
            entry = Document()
            entry.add_unsigned("chunk", chunk_id)
            entry.add_unsigned("visibility", visibility)
            entry.add_text("tokens", joined.hex(" ", 8))
            self._writer.add_document(entry)

    def publish(self) -> None:
        self._writer.commit()
        self._index.reload()
        self._searcher = self._index.searcher()

    def search(self, tokens: Sequence[bytes], visible: NDArray[np.bool_], limit: int) -> list[int]:
        words = [
            (Occur.Should, Query.term_query(self._schema, "tokens", token.hex(), "freq"))
            for token in dict.fromkeys(tokens)
        ]
        classes = [int(number) for number in np.flatnonzero(visible)]
        filtered = Query.term_set_query(self._schema, "visibility", classes)
        seen = Query.const_score_query(filtered, 0.0)
        query = Query.boolean_query([(Occur.Must, Query.boolean_query(words)), (Occur.Must, seen)])
        hits = self._searcher.search(query, limit, count=False).hits
        return list(self._searcher.fast_field_values("chunk", [address for _, address in hits]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=150)
    options = parser.parse_args()
    random = np.random.default_rng(7)
    vocabulary = [int(n).to_bytes(8, "little") for n in random.integers(0, 2**63, 50_000)]

    def words(count: int) -> list[bytes]:
        return [vocabulary[pick] for pick in random.zipf(1.2, count) % len(vocabulary)]

    settings = RetrievalSettings()
    weight, kernels = settings.document_weight, kernels_used(settings)
    peer, ours = Tantivy(), WordIndex(50_000_000, 0.2, weight, kernels=kernels)
    _fill(peer, ours, options.chunks, words)
    for share, classes in SHARES.items():
        visible = np.isin(np.arange(4), classes)
        asked = [words(WORDS_A_QUERY) for _ in range(options.queries)]
        spent = [
            [_seconds(index.search, query, visible, LIMIT) for index in (peer, ours)]
            for query in asked
        ]
        theirs_ms, ours_ms = 1000 * np.median(spent, 0)
        print(
            f"{share:>4} % visible: tantivy {theirs_ms:.2f} ms, ours {ours_ms:.2f} ms, "
            f"ratio {ours_ms / theirs_ms:.2f}"
        )


def _fill(peer: Tantivy, ours: WordIndex, chunks: int, words: Callable[[int], list[bytes]]) -> None:
    theirs_seconds = ours_seconds = 0.0
    for document in range(chunks // CHUNKS_A_DOCUMENT):
        visibility = 1 if document % 100 == 0 else 2 if document % 10 == 0 else 3
        first = document * CHUNKS_A_DOCUMENT
        ids = range(first, first + CHUNKS_A_DOCUMENT)
        tokens = [b"".join(words(WORDS_A_CHUNK)) for _ in ids]
        theirs_seconds += _seconds(peer.put, visibility, ids, tokens)
        ours_seconds += _seconds(ours.put, str(document), visibility, ids, tokens)
    theirs_seconds += _seconds(peer.publish)
    ours_seconds += _seconds(ours.commit) + _seconds(ours.publish)
    print(f"{chunks:,} chunks: tantivy {theirs_seconds:.1f} s, ours {ours_seconds:.1f} s to build")


def _seconds(work: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
