import pytest
from pydantic import ValidationError

from retrieval.vectors.milvus_version import Capabilities, capabilities
from retrieval.vectors.settings import MilvusSettings, VectorSettings


@pytest.mark.parametrize(
    "uri",
    [
        "https://milvus.example:19530",
        "http://127.0.0.1:19530",
        "http://[::1]:1",
        "http://localhost",
    ],
)
def test_nobody_on_a_network_reads_along(uri: str) -> None:
    assert MilvusSettings(uri=uri).uri == uri


@pytest.mark.parametrize("uri", ["http://milvus:19530", "tcp://milvus:19530", "http://localhost.a"])
def test_another_machine_is_not_reached_in_the_clear(uri: str) -> None:
    with pytest.raises(ValidationError, match="allow_unencrypted"):
        MilvusSettings(uri=uri)
    assert MilvusSettings(uri=uri, allow_unencrypted=True).uri == uri


def test_a_server_needs_an_address() -> None:
    with pytest.raises(ValidationError, match=r"milvus\.uri"):
        VectorSettings(store="milvus")


def test_secrets_are_not_shown() -> None:
    shown = repr(MilvusSettings(uri="https://m", password="hunter2", token="t0ken"))  # type: ignore[arg-type]
    assert "hunter2" not in shown
    assert "t0ken" not in shown


@pytest.mark.parametrize(
    ("version", "able"),
    [
        ("v2.3.5-lite", Capabilities(upserts=False, half_precision=False, full_text=False)),
        ("2.4.15", Capabilities(upserts=True, half_precision=True, full_text=False)),
        ("v2.6.0", Capabilities(upserts=True, half_precision=True, full_text=True)),
        ("unknown", Capabilities(upserts=False, half_precision=False, full_text=False)),
    ],
)
def test_a_version_says_what_a_server_can_do(version: str, able: Capabilities) -> None:
    assert capabilities(version) == able
