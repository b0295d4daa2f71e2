"""The same as on Milvus Lite, on a real server; and what only a server has: TLS and users."""

from collections.abc import Iterator

import pytest

from retrieval.errors import VectorStoreUnavailable
from retrieval.vectors.milvus_collection import MilvusCollection
from retrieval.vectors.milvus_vectors import MilvusVectors
from tests.integration.retrieval.vectors.conformance import (
    DIMENSIONS,
    Open,
    VectorStoreConformance,
    document,
    put,
)
from tests.integration.retrieval.vectors.milvus_server import (
    RunningMilvus,
    certificate_for_localhost,
    running_milvus,
)


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMilvus]:
    with running_milvus(tmp_path_factory.mktemp("milvus")) as running:
        yield running


@pytest.fixture(scope="module")
def collection(milvus: RunningMilvus) -> Iterator[MilvusCollection]:
    collection = MilvusCollection(milvus.settings(), "test@1", DIMENSIONS)
    yield collection
    collection.close()


class TestMilvusServer(VectorStoreConformance):
    @pytest.fixture
    def open_store(self, collection: MilvusCollection) -> Iterator[Open]:
        yield lambda tenant_id: MilvusVectors(collection, tenant_id)
        collection.drop()


def test_contents_keep_their_name_and_get_another_when_they_are_lost(
    milvus: RunningMilvus, collection: MilvusCollection
) -> None:
    name = collection.name_of_contents()
    other = MilvusCollection(milvus.settings(), "test@1", DIMENSIONS)
    assert other.name_of_contents() == name
    other.drop()
    with pytest.raises(VectorStoreUnavailable):  # and the next try recovers
        put(MilvusVectors(collection, "t1"), document("d"))
    put(MilvusVectors(collection, "t1"), document("d"))
    assert collection.name_of_contents() != name
    other.close()


@pytest.mark.parametrize(
    "changes", [{"password": "wrong"}, {"user": "nobody"}, {"user": "", "password": ""}]
)
def test_who_does_not_sign_in_reads_nothing(
    milvus: RunningMilvus, changes: dict[str, object]
) -> None:
    settings = milvus.settings(request_seconds_max=2, **changes)
    with pytest.raises(VectorStoreUnavailable) as caught:
        MilvusCollection(settings, "test@1", DIMENSIONS).name_of_contents()
    assert "wrong" not in str(caught.value)


def test_a_server_with_another_certificate_is_not_believed(
    milvus: RunningMilvus, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other, _ = certificate_for_localhost(tmp_path_factory.mktemp("other"))
    settings = milvus.settings(request_seconds_max=2, ca_file=other)
    with pytest.raises(VectorStoreUnavailable):
        MilvusCollection(settings, "test@1", DIMENSIONS).name_of_contents()
