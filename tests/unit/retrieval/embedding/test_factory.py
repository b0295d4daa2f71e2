import pytest
from pydantic import ValidationError

from retrieval.embedding.errors import EmbeddingServerError
from retrieval.embedding.factory import create_embedder
from retrieval.embedding.settings import EmbeddingSettings


@pytest.mark.models
def test_the_default_is_e5() -> None:
    embedder = create_embedder(EmbeddingSettings())
    assert embedder.name.startswith("multilingual-e5-small")
    assert embedder.dimensions == 384


def test_a_configured_server_is_asked() -> None:
    settings = EmbeddingSettings.model_validate(
        {"backend": "openai", "url": "http://127.0.0.1:1/v1", "model": "m", "attempts_max": 1}
    )
    with pytest.raises(EmbeddingServerError):
        create_embedder(settings)


@pytest.mark.parametrize(
    ("incomplete", "missing"),
    [
        ({"backend": "sentence-transformers"}, "folder"),
        ({"backend": "openai", "model": "m"}, "url"),
        ({"backend": "openai", "url": "http://127.0.0.1:1/v1"}, "model"),
    ],
)
def test_an_incomplete_section_says_what_is_missing(
    incomplete: dict[str, str], missing: str
) -> None:
    with pytest.raises(ValidationError, match=missing):
        EmbeddingSettings.model_validate(incomplete)
