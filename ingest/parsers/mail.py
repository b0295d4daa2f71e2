"""What messages of both kinds become: subject, the people and date, the body, the attachments."""

from collections.abc import Iterable, Iterator

from ingest.blocks import Attachment, Block, ParsedDocument
from ingest.errors import DocumentTooLarge
from ingest.parsers import building
from ingest.settings import ParseLimits

_UNNAMED = "attachment"


def document(
    subject: str | None,
    fields: Iterable[tuple[str, str | None]],
    body: Iterable[Block],
    attachments: Iterable[Attachment],
    limits: ParseLimits,
) -> ParsedDocument:
    """Build the document of a message; its subject is heading and title.

    Raises:
        DocumentTooLarge: more attachments, or more bytes in them, than allowed.
    """
    lines = [f"{name}: {value}" for name, value in fields if value]
    head = _head(subject, lines)
    return building.document(
        [*head, *body], title=subject, attachments=_admitted(attachments, limits)
    )


def named(name: str | None, content: bytes) -> Attachment:
    """Make an attachment; a name is shown, and never used as a path."""
    return Attachment(name or _UNNAMED, content)


def _head(subject: str | None, lines: list[str]) -> Iterator[Block]:
    if subject:
        yield building.heading(subject, 1)
    yield Block("text", "\n".join(lines))


def _admitted(attachments: Iterable[Attachment], limits: ParseLimits) -> tuple[Attachment, ...]:
    kept: list[Attachment] = []
    size = 0
    for attachment in attachments:
        kept.append(attachment)
        size += len(attachment.content)
        if len(kept) > limits.attachments_max or size > limits.attachment_bytes_max:
            raise DocumentTooLarge
    return tuple(kept)
