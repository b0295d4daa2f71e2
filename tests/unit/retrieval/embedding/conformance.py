"""What every embedder must do; each adapter's tests inherit this class."""

import threading
from abc import ABC, abstractmethod

import numpy as np
import pytest

from retrieval.embedding.port import Embedder

PASSAGES = [
    "The warehouse closes at six.",
    "仓库每天下午六点关闭。",
    "x",
    "Revenue grew by 12.5 % to $1,234.5 million in 2025, " * 12,
    "发票必须在三十天内支付。" * 9,
]


class EmbedderConformance(ABC):
    @pytest.fixture
    @abstractmethod
    def embedder(self) -> Embedder:
        """Return the adapter under test."""

    def test_says_what_it_is(self, embedder: Embedder) -> None:
        assert embedder.name
        assert embedder.dimensions > 0
        assert embedder.passage_tokens_max > 0

    def test_rows_are_float32_of_length_one(self, embedder: Embedder) -> None:
        for vectors in (embedder.embed_passages(PASSAGES), embedder.embed_queries(PASSAGES)):
            assert vectors.dtype == np.float32
            assert vectors.shape == (len(PASSAGES), embedder.dimensions)
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)

    def test_a_batch_gives_what_each_text_gives_alone_and_keeps_the_order(
        self, embedder: Embedder
    ) -> None:
        together = embedder.embed_passages(PASSAGES)
        alone = np.concatenate([embedder.embed_passages([text]) for text in PASSAGES])
        np.testing.assert_array_less(0.999, (together * alone).sum(axis=1))

    def test_nothing_in_nothing_out(self, embedder: Embedder) -> None:
        assert embedder.embed_passages([]).shape == (0, embedder.dimensions)
        assert embedder.embed_queries([]).shape == (0, embedder.dimensions)
        assert embedder.count_tokens([]) == []

    def test_an_empty_text_has_a_vector(self, embedder: Embedder) -> None:
        vectors = embedder.embed_passages(["", "text"])
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)

    def test_a_text_over_the_limit_is_cut(self, embedder: Embedder) -> None:
        vectors = embedder.embed_passages(["word " * (embedder.passage_tokens_max + 200)])
        assert vectors.shape == (1, embedder.dimensions)

    def test_counts_are_not_cut(self, embedder: Embedder) -> None:
        short, long = embedder.count_tokens(["word", "word " * 2000])
        assert 0 < short < embedder.passage_tokens_max < long

    def test_is_the_same_from_several_threads(self, embedder: Embedder) -> None:
        expected = embedder.embed_passages(PASSAGES)
        results: list[object] = []

        def embed() -> None:
            results.append(embedder.embed_passages(PASSAGES))

        threads = [threading.Thread(target=embed) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(results) == len(threads)
        for result in results:
            np.testing.assert_allclose(result, expected, atol=1e-3)
