"""What the workflow engine may store."""

import pytest

from ingest.pipeline.state import StateSerializer

serializer = StateSerializer()


@pytest.mark.parametrize(
    "value", [None, True, 7, "", "document_damaged", "0a1b:2", {"args": ["a", 1], "kwargs": {}}]
)
def test_ids_and_codes(value: object) -> None:
    assert serializer.deserialize(serializer.serialize(value)) == value


@pytest.mark.parametrize(
    "value",
    ["two words", "季度", "report.pdf?", "a" * 81, 1.5, b"bytes", ["ok", "not ok"], {"a b": 1}],
)
def test_text_is_refused(value: object) -> None:
    with pytest.raises(TypeError) as caught:
        serializer.serialize(value)
    assert str(value) not in str(caught.value)


def test_an_exception_keeps_its_class_only() -> None:
    assert serializer.serialize(ValueError("secret words")) == '"ValueError"'
