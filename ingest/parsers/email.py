"""Messages (EML, MSG) by `unstructured`: subject, the people and date, the body."""

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from unstructured.partition.email import partition_email
from unstructured.partition.msg import partition_msg

from ingest.blocks import Block, ParsedDocument
from ingest.parsers import building, elements
from ingest.settings import ParseLimits

_FIELDS = ("From", "To", "Cc", "Date")
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0"


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:  # noqa: ARG001 - one signature for all
    """Read a message; its subject becomes a heading and title; attachments are not read.

    Raises:
        DocumentDamaged: see `elements.partition`.
    """
    data = path.read_bytes()
    if data.startswith(_OLE_SIGNATURE):
        found = elements.partition(partition_msg, filename=str(path), process_attachments=False)
        subject, fields = _of_elements(found)
    else:
        found = elements.partition(partition_email, filename=str(path), process_attachments=False)
        subject, fields = _of_headers(data)
    body = elements.blocks(found, headings=elements.depth_level)
    return building.document([*_head(subject, fields), *body], title=subject)


def _head(subject: str | None, fields: list[str]) -> Iterator[Block]:
    if subject:
        yield building.heading(subject, 1)
    yield Block("text", "\n".join(fields))


def _of_headers(data: bytes) -> tuple[str | None, list[str]]:
    message = email.message_from_bytes(data, policy=email.policy.default)
    values = {name: _header(message, name) for name in (*_FIELDS, "Subject")}
    return values["Subject"], [f"{name}: {values[name]}" for name in _FIELDS if values[name]]


def _header(message: EmailMessage, name: str) -> str | None:
    """Decode a header; one that is too malformed to decode counts as absent."""
    try:
        value = message[name]
        return str(value) if value else None
    except (ValueError, LookupError, AttributeError, TypeError):
        return None


def _of_elements(found: list[Any]) -> tuple[str | None, list[str]]:
    if not found:
        return None, []
    metadata = found[0].metadata
    values = {
        "From": ", ".join(metadata.sent_from or []),
        "To": ", ".join(metadata.sent_to or []),
        "Date": metadata.last_modified or "",
    }
    return metadata.subject, [f"{name}: {value}" for name, value in values.items() if value]
