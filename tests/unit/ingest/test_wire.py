import json
from datetime import date

import pytest

from ingest.blocks import Block, Origin, ParsedDocument
from ingest.errors import DocumentEncrypted, NoText, ParserCrashed
from ingest.omissions import Omission
from ingest.sandbox import wire
from retrieval.corpus import Box

DOCUMENT = ParsedDocument(
    title="标题",
    blocks=(
        Block("heading", "One", 1, 1, (Box(1, 0.1, 0.2, 0.3, 0.4),)),
        Block("table", "a\tb\n1\t2", page=2),
        Block("text", "no page"),
        Block("text", "Comment: why?", page=2, beside=True),
    ),
    page_count=2,
    language="en",
    origin=Origin("Ann", date(2024, 2, 29)),
    omissions=(Omission("pictures", "picture_unreadable", 3),),
)
BOX = [1, 0.1, 0.2, 0.3, 0.4]


def with_block(*fields: object) -> bytes:
    return json.dumps(
        {"title": None, "page_count": None, "language": None, "blocks": [fields]}
    ).encode()


def with_omission(*fields: object) -> bytes:
    whole = {"title": None, "page_count": None, "language": None, "blocks": []}
    return json.dumps(whole | {"omissions": [fields]}).encode()


def test_a_document_survives_the_wire() -> None:
    assert wire.decode(wire.encode_document(DOCUMENT)) == DOCUMENT


def test_a_lone_surrogate_does_not_stop_the_answer() -> None:
    document = ParsedDocument(None, (Block("text", "a\ud800b"),), None, None)
    assert wire.decode(wire.encode_document(document)).text == "a?b"


@pytest.mark.parametrize("error", [DocumentEncrypted, NoText])
def test_an_error_arrives_as_its_own_class(error: type[Exception]) -> None:
    with pytest.raises(error):
        wire.decode(wire.encode_error(error()))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{",
        b"\x80\x04pickle",
        b"[]",
        b"17",
        b'"x"',
        b"{}",
        b'{"error": "no_such_code"}',
        b'{"error": ["unhashable"]}',
        b"[" * 100_000,
        with_omission("pages", "picture_unreadable", 0),
        with_omission("walls", "picture_unreadable", 1),
        with_omission("pages", "words of the document", 1),
        with_omission(["pages"], "no_text", 1),
        with_block("script", "text", 0, None, []),
        with_block("text", 5, 0, None, []),
        with_block("text", "x", 7, None, []),
        with_block("text", "x", True, None, []),
        with_block("text", "x", 0, 0, []),
        with_block("text", "x", 0, 1, [[0, 0.1, 0.2, 0.3, 0.4]]),
        with_block("text", "x", 0, 1, [[1, 0.1, 0.2, 0.3, 1.4]]),
        with_block("text", "x", 0, 1, [[1, 0.1, 0.2, 0.3]]),
        with_block("text", "x", 0, 1, [[1, float("nan"), 0.2, 0.3, 0.4]]),
        with_block("text", "x", 0, 1, [["1", 0.1, 0.2, 0.3, 0.4]]),
        with_block("text", "x", 0, 1),
    ],
)
def test_anything_else_is_refused(answer: bytes) -> None:
    with pytest.raises(ParserCrashed):
        wire.decode(answer)


def test_the_boxes_that_are_refused_differ_from_good_ones_by_what_is_wrong() -> None:
    assert wire.decode(with_block("text", "x", 0, 1, [BOX])).blocks[0].boxes == (Box(*BOX),)
