"""Messages of Outlook (MSG) by python-oxmsg; HTML bodies are read as web pages are."""

import mimetypes
from collections.abc import Iterator
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

from oxmsg import Message
from oxmsg.domain.constants import PID_ATTACH_CONTENT_ID

from ingest.blocks import Attachment, Block, ParsedDocument
from ingest.errors import DocumentDamaged, DocumentEncrypted
from ingest.parsers import data_urls, html, mail
from ingest.parsers.attachments import named
from ingest.parsers.text import paragraphs
from ingest.settings import ParseLimits

_ENCRYPTED_CLASSES = ("IPM.Note.SMIME", "IPM.Note.rpmsg")
_SIGNED = "MultipartSigned"


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:
    """Read a message; attachments are returned, not parsed.

    Raises:
        DocumentDamaged, DocumentEncrypted.
        DocumentTooLarge: see `mail.document`.
    """
    try:
        with path.open("rb") as file:
            message = Message.load(file)
            kind = message.message_class or ""
            if kind.startswith(_ENCRYPTED_CLASSES) and not kind.endswith(_SIGNED):
                raise DocumentEncrypted
            return mail.document(
                message.subject, _fields(message), _body(message), _files(message, limits), limits
            )
    except (OSError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise DocumentDamaged from error


def _fields(message: Any) -> Iterator[tuple[str, str | None]]:
    yield "From", _decoded(message.sender or "")
    yield "To", ", ".join(filter(None, map(_address, message.recipients)))
    yield "Date", message.sent_date.isoformat(sep=" ") if message.sent_date else None


def _decoded(value: str) -> str:
    """Decode the encoded words (RFC 2047) that some programs leave in a name."""
    try:
        return str(make_header(decode_header(value)))
    except (ValueError, LookupError):
        return value


def _address(recipient: Any) -> str:
    name, address = recipient.name or "", recipient.email_address or ""
    return f"{name} <{address}>" if name and address and name != address else name or address


def _body(message: Any) -> list[Block]:
    """Read the HTML body, or the plain one where there is none or nothing to be seen in it."""
    blocks = html.read(message.html_body) if message.html_body else []
    return blocks or paragraphs(message.body or "")


def _files(message: Any, limits: ParseLimits) -> Iterator[Attachment]:
    page = message.html_body or ""
    files = [
        one for one in message.attachments if one.attached_by_value and one.file_bytes is not None
    ]
    in_text = [one for one in files if _is_pasted(one, page)]
    yield from mail.pasted(data_urls.contents(page), limits)
    yield from mail.pasted((one.file_bytes for one in in_text), limits)
    for attachment in files:
        if attachment not in in_text and attachment.file_bytes:
            yield named(attachment.file_name, attachment.file_bytes)


def _is_pasted(attachment: Any, page: str) -> bool:
    """Whether it is a picture that belongs into the body."""
    name = attachment.properties.str_prop_value(PID_ATTACH_CONTENT_ID)
    kind = mimetypes.guess_type(attachment.file_name or "")[0] or attachment.mime_type
    return bool(name) and kind.startswith("image/") and f"cid:{name}" in page
