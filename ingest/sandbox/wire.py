"""The answer of a parser child: JSON, trusted by nobody until every field has been checked."""

import base64
import json
import math
from datetime import date
from typing import Any, get_args

from ingest.blocks import Attachment, Block, BlockKind, Origin, ParsedDocument
from ingest.errors import PARSE_ERRORS, IngestError, ParserCrashed
from ingest.omissions import Omission, Part
from retrieval.corpus import Box

_KINDS = frozenset(get_args(BlockKind))
_PARTS = frozenset(get_args(Part))
_LEVEL_MAX = 6
_BOX_NUMBERS = 5


def encode_document(document: ParsedDocument) -> bytes:
    """Write a document as bytes for `decode`."""
    blocks = [
        [
            block.kind,
            block.text,
            block.level,
            block.page,
            [box_numbers(each) for each in block.boxes],
            block.beside,
        ]
        for block in document.blocks
    ]
    message = {
        "title": document.title,
        "page_count": document.page_count,
        "language": document.language,
        "unread_pages": document.unread_pages,
        "attachments": [
            [each.name, base64.b64encode(each.content).decode("ascii"), each.pasted]
            for each in document.attachments
        ],
        "omissions": [
            [each.part, each.reason, each.count, each.pages] for each in document.omissions
        ],
        "recogniser": document.recogniser,
        "author": document.origin.author,
        "dated_on": document.origin.dated_on and document.origin.dated_on.isoformat(),
        "blocks": blocks,
    }
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")


def encode_error(error: IngestError) -> bytes:
    """Write a typed error as bytes for `decode`: its code only."""
    return json.dumps({"error": error.code}).encode()


PAGE_END = b"\n"
"""Ends what a child that reads scans writes after each page: a document of all pages so far.

JSON has no line ends of its own, so what follows the last one is the answer.
"""


def decode(answer: bytes) -> ParsedDocument:
    """Read the document of an answer.

    Raises:
        ParseError: the one that the answer names.
        ParserCrashed: the answer is not what `encode_document` or `encode_error` makes.
    """
    try:
        message = json.loads(answer)
        if "error" in message:
            raise PARSE_ERRORS[message["error"]]
        return _document(message)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise ParserCrashed from error


def box_numbers(place: Box) -> list[float]:
    """Write a box for `box`."""
    return [place.page, place.left, place.top, place.right, place.bottom]


def _document(message: dict[str, Any]) -> ParsedDocument:
    return ParsedDocument(
        title=_text_or_none(message["title"]),
        blocks=tuple(_block(*fields) for fields in message["blocks"]),
        unread_pages=tuple(_page_number(page) for page in message.get("unread_pages", ())),
        attachments=tuple(_attachment(*fields) for fields in message.get("attachments", ())),
        page_count=_count_or_none(message["page_count"]),
        language=_text_or_none(message["language"]),
        origin=_origin(message.get("author"), message.get("dated_on")),
        omissions=tuple(_omission(*fields) for fields in message.get("omissions", ())),
        recogniser=_text_or_none(message.get("recogniser")),
    )


def _origin(author: object, dated_on: object) -> Origin:
    day = _text_or_none(dated_on)
    return Origin(_text_or_none(author), None if day is None else date.fromisoformat(day))


def _block(
    kind: Any, text: object, level: object, page: object, boxes: list[Any], *beside: object
) -> Block:
    if kind not in _KINDS or not isinstance(text, str):
        raise ValueError
    if beside not in ((), (False,), (True,)):
        raise ValueError
    if type(level) is not int or not 0 <= level <= _LEVEL_MAX:
        raise ValueError
    if kind == "picture" and len(boxes) != 1:
        raise ValueError
    return Block(
        kind=kind,
        text=text,
        level=level,
        page=_count_or_none(page),
        boxes=tuple(box(numbers) for numbers in boxes),
        beside=bool(*beside),
    )


def box(numbers: list[Any]) -> Box:
    """Read what `box_numbers` wrote. Raises: ValueError."""
    page, *edges = numbers
    if type(page) is not int or page < 1 or len(numbers) != _BOX_NUMBERS:
        raise ValueError
    if not all(
        type(edge) in (int, float) and math.isfinite(edge) and 0 <= edge <= 1 for edge in edges
    ):
        raise ValueError
    return Box(page, *edges)


def _attachment(name: object, content: object, pasted: object) -> Attachment:
    if not isinstance(name, str) or not isinstance(content, str) or not isinstance(pasted, bool):
        raise TypeError
    return Attachment(name, base64.b64decode(content, validate=True), pasted)


def _omission(part: Any, reason: object, count: Any, pages: Any = ()) -> Omission:
    if part not in _PARTS or reason not in PARSE_ERRORS:
        raise ValueError
    stretches = tuple((_page_number(first), _page_number(last)) for first, last in pages)
    if any(last < first for first, last in stretches):
        raise ValueError
    return Omission(part, str(reason), _page_number(count), stretches)


def _page_number(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError
    return value


def _text_or_none(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError
    return value


def _count_or_none(value: Any) -> int | None:
    return None if value is None else _page_number(value)
