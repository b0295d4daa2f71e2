"""What people wrote beside a document: their comments, each with its author and place."""

from typing import Final

from ingest.blocks import Block
from ingest.parsers.characters import one_line

_QUOTED_CHARACTERS_MAX: Final = 120


def line(author: str | None, text: str, place: str = "", quoted: str = "") -> str:
    """Write a comment on one line; nothing for one that says nothing."""
    text, author, quoted = one_line(text), one_line(author or ""), one_line(quoted)
    if author and text.startswith(f"{author}:"):  # Excel writes the name into its notes
        text = text[len(author) + 1 :].strip()
    if not text:
        return ""
    if len(quoted) > _QUOTED_CHARACTERS_MAX:
        quoted = quoted[:_QUOTED_CHARACTERS_MAX] + "…"
    who = f" by {author}" if author else ""
    where = " ".join(filter(None, (place, f"“{quoted}”" if quoted else "")))
    return f"Comment{who}{f' on {where}' if where else ''}: {text}"


def block(author: str | None, text: str, place: str = "", quoted: str = "") -> Block:
    """Make the block of a comment."""
    return Block("text", line(author, text, place, quoted))
