"""The stores of vectors, all held to the same."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from retrieval.settings import RetrievalSettings
from retrieval.vectors.faiss_vectors import FaissVectors
from retrieval.vectors.milvus_collection import MilvusCollection
from retrieval.vectors.milvus_vectors import MilvusVectors
from retrieval.vectors.settings import MilvusSettings
from retrieval.visibility import VisibilityClasses
from tests.integration.retrieval.vectors.conformance import (
    DIMENSIONS,
    Open,
    VectorStoreConformance,
)


def _in_memory(exact_vectors_max: int) -> Open:
    settings = RetrievalSettings(exact_vectors_max=exact_vectors_max)

    @cache
    def opened(_tenant_id: str) -> FaissVectors:
        classes = VisibilityClasses()
        return FaissVectors(
            classes, DIMENSIONS, settings, lambda _script: np.full(DIMENSIONS, 0.25, "f4")
        )

    return opened


class TestExact(VectorStoreConformance):
    @pytest.fixture
    def open_store(self) -> Open:
        return _in_memory(1000)


class TestSketched(VectorStoreConformance):
    @pytest.fixture
    def open_store(self) -> Open:
        return _in_memory(1)


@pytest.fixture(scope="module")
def milvus_lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusCollection]:
    file = tmp_path_factory.mktemp("milvus") / "milvus.db"
    settings = MilvusSettings(uri=str(file), partitions=4)
    collection = MilvusCollection(settings, "test@1", DIMENSIONS)
    yield collection
    collection.close()


class TestMilvusLite(VectorStoreConformance):
    @pytest.fixture
    def open_store(self, milvus_lite: MilvusCollection) -> Iterator[Open]:
        yield lambda tenant_id: MilvusVectors(milvus_lite, tenant_id)
        milvus_lite.drop()
