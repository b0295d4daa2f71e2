"""Comments on the slides of a presentation (PPTX), in the old form and the one of threads."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lxml import etree

from ingest.blocks import Block
from ingest.parsers import comments, package

_COMMENTS: Final = "/comments"
_AUTHORS: Final = ("/commentAuthors", "/authors")


def authors(deck: Any) -> Mapping[str, str]:
    """Name the people who commented on a presentation of python-pptx, by their numbers."""
    return {
        one.get("id", ""): one.get("name", "")
        for root in _parts(deck.part.rels, _AUTHORS)
        for one in root.iter("{*}cmAuthor", "{*}author")
    }


def of_slide(slide: Any, names: Mapping[str, str]) -> Iterator[Block]:
    """Yield the comments on a slide."""
    for root in _parts(slide.part.rels, (_COMMENTS,)):
        for one in root.iter("{*}cm", "{*}reply"):
            found = comments.block(names.get(one.get("authorId", "")), _text(one))
            if found.text:
                yield found


def _text(comment: etree._Element) -> str:
    """Read the comment itself, without the replies in it."""
    plain = comment.findtext("{*}text") or ""
    return plain + " ".join(part.text or "" for part in comment.iterfind("{*}txBody//{*}t"))


def _parts(relations: Any, kinds: tuple[str, ...]) -> Iterator[etree._Element]:
    for relation in relations.values():
        if relation.reltype.endswith(kinds) and not relation.is_external:
            try:
                yield package.xml(relation.target_part.blob)
            except etree.XMLSyntaxError:  # the slides still count
                continue
