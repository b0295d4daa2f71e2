"""What messages of both kinds become: subject, the people and date, the body, the attachments."""

import io
from collections.abc import Iterable, Iterator

from ingest.blocks import Attachment, Block, ParsedDocument
from ingest.parsers import building, embedded
from ingest.parsers.attachments import admitted
from ingest.settings import ParseLimits


def document(
    subject: str | None,
    fields: Iterable[tuple[str, str | None]],
    body: Iterable[Block],
    attachments: Iterable[Attachment],
    limits: ParseLimits,
) -> ParsedDocument:
    """Build the document of a message; its subject is heading and title.

    Raises:
        DocumentTooLarge: see `attachments.admitted`.
    """
    lines = [f"{name}: {value}" for name, value in fields if value]
    head = _head(subject, lines)
    return building.document(
        [*head, *body], title=subject, attachments=admitted(attachments, limits)
    )


def pasted(pictures: Iterable[bytes], limits: ParseLimits) -> Iterator[Attachment]:
    """Make attachments without a name of the pictures in the text that are to be read."""
    for content in pictures:
        if content and embedded.is_readable(io.BytesIO(content), limits):
            yield Attachment("", content, pasted=True)


def _head(subject: str | None, lines: list[str]) -> Iterator[Block]:
    if subject:
        yield building.heading(subject, 1)
    yield Block("text", "\n".join(lines))
