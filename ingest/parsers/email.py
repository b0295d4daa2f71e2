"""Internet messages (EML) by the standard library; HTML bodies are read as web pages are."""

import email
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart
from pathlib import Path

from ingest.blocks import Attachment, Block, ParsedDocument
from ingest.errors import DocumentDamaged
from ingest.parsers import calendars, data_urls, html, mail, mail_headers, meetings, tnef
from ingest.parsers.attachments import named
from ingest.parsers.decoding import decode
from ingest.parsers.text import paragraphs
from ingest.settings import ParseLimits

_FIELDS = ("From", "To", "Cc", "Date")
# What the standard library lets escape from malformed messages.
_EMAIL_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:
    """Read a message; attachments are returned, not parsed, pictures in the text before others.

    Raises:
        DocumentDamaged: no library could make sense of it.
        DocumentTooLarge: see `mail.document`.
    """
    try:
        message: EmailMessage = email.message_from_bytes(
            path.read_bytes(), policy=mail_headers.AS_SENT
        )
        fields = [(name, _header(message, name)) for name in _FIELDS]
        subject, body = _header(message, "Subject"), _body(message)
        people = [value for _, value in fields if value]
        body = [*_meetings(message, people, described=not body), *body]
        return mail.document(subject, fields, body, _files(message, limits), limits)
    except (*_EMAIL_ERRORS, RecursionError) as error:
        raise DocumentDamaged from error


def _header(message: EmailMessage, name: str) -> str | None:
    """Decode a header; one that is too malformed to decode counts as absent."""
    try:
        value = message[name]
        return str(value) if value else None
    except _EMAIL_ERRORS:
        return None


def _body(message: EmailMessage) -> list[Block]:
    """Read the HTML body, or the plain one where there is none or nothing to be seen in it."""
    for kind in ("html", "plain"):
        part = message.get_body(preferencelist=(kind,))
        if part is None:
            continue
        text = _decoded(part)
        blocks = html.read(text) if kind == "html" else paragraphs(text)
        if any(block.text.strip() for block in blocks):
            return blocks
    return []


def _meetings(message: EmailMessage, people: list[str], *, described: bool) -> list[Block]:
    """Read what the message invites to; programs send it beside the body."""
    blocks: list[Block] = []
    for part in filter(_is_invitation, _parts(message)):
        charset = part.get_content_charset()
        found = meetings.read(_payload(part), charset, people, described=described)
        blocks += found or paragraphs(_decoded(part))
    return blocks


def _decoded(part: MIMEPart) -> str:
    return decode(_payload(part), part.get_content_charset())


def _payload(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _files(message: EmailMessage, limits: ParseLimits) -> Iterator[Attachment]:
    page = message.get_body(preferencelist=("html",))
    yield from mail.pasted(data_urls.contents(_decoded(page)) if page else (), limits)
    yield from mail.pasted((_payload(part) for part in _parts(message) if _is_pasted(part)), limits)
    yield from _attachments(message)


def _attachments(message: EmailMessage) -> Iterator[Attachment]:
    if message.get_content_type().startswith(("text/", "multipart/alternative")):
        return
    invited = {_words(part) for part in _parts(message) if _is_invitation(part)}
    body = {id(message.get_body(preferencelist=(kind,))) for kind in ("html", "plain")}
    for part in _parts(message):
        if id(part) in body or _is_decoration(part):
            continue
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload(0)
            if isinstance(inner, EmailMessage):
                name = part.get_filename() or f"{inner.get('Subject') or 'message'}.eml"
                yield named(str(name), inner.as_bytes())
        elif tnef.is_tnef(content := _payload(part)):
            yield from tnef.files(content)
        elif content and not (calendars.is_calendar(content) and _words(part) in invited):
            yield named(part.get_filename(), content)


def _parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """All parts but containers; an attached message is one part."""
    if message.get_content_maintype() != "multipart":
        yield message
        return
    payload = message.get_payload()
    for part in payload if isinstance(payload, list) else []:
        if isinstance(part, EmailMessage):
            yield from _parts(part)


def _is_pasted(part: EmailMessage) -> bool:
    """Whether it is a picture that belongs into the body."""
    if part.get_content_maintype() != "image" or not part.get("Content-ID"):
        return False
    return part.get_content_disposition() != "attachment"


def _is_invitation(part: EmailMessage) -> bool:
    """Whether it is a calendar that is sent as another form of the body."""
    is_file = part.get_content_disposition() == "attachment"
    return part.get_content_type() == "text/calendar" and not is_file


def _words(part: EmailMessage) -> tuple[bytes, ...]:
    """Return what is compared of a calendar, for many programs send it once more as a file."""
    return tuple(calendars.unfolded(_payload(part)).split())


def _is_decoration(part: EmailMessage) -> bool:
    """Whether it is the other form of the body, or a picture that belongs into it."""
    if _is_pasted(part) or _is_invitation(part):
        return True
    return part.get_content_maintype() == "text" and not (
        part.get_filename() or part.get_content_disposition() == "attachment"
    )
