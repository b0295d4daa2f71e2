"""Files inside a document: their names, and how many of how many bytes are taken."""

from collections.abc import Iterable

from ingest.blocks import Attachment
from ingest.errors import DocumentTooLarge
from ingest.settings import ParseLimits

_UNNAMED = "attachment"


def named(name: str | None, content: bytes) -> Attachment:
    """Make an attachment; a name is shown, and never used as a path."""
    return Attachment(name or _UNNAMED, content)


def admitted(attachments: Iterable[Attachment], limits: ParseLimits) -> tuple[Attachment, ...]:
    """Take the attachments of a document.

    Raises:
        DocumentTooLarge: more of them, or more bytes in them, than allowed.
    """
    kept: list[Attachment] = []
    size = 0
    for attachment in attachments:
        kept.append(attachment)
        size += len(attachment.content)
        if len(kept) > limits.attachments_max or size > limits.attachment_bytes_max:
            raise DocumentTooLarge
    return tuple(kept)
