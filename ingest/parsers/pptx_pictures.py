"""Pictures on slides, where `unstructured` asks for them, and of objects, where it does not.

Linked pictures are not fetched.
"""

from collections.abc import Iterator
from typing import Any

from pptx.exc import InvalidXmlError
from pptx.oxml.ns import qn
from unstructured.partition.pptx import register_picture_partitioner

from ingest.blocks import Block
from ingest.parsers import embedded
from ingest.parsers.elements import Placed

_OBJECT, _BLIP, _EMBED = qn("p:oleObj"), qn("a:blip"), qn("r:embed")
_ON = ("1", "true")


class _SlidePictures:
    """What the library calls for each picture of a slide."""

    @classmethod
    def iter_elements(cls, picture: Any, options: Any) -> Iterator[Placed]:
        """Yield a picture, unless nobody sees it or it is malformed."""
        try:
            link = picture._pic.blip_rId
            if link is None or _is_hidden(picture) or _is_off_slide(picture):
                return
            target = picture.part.rels[link]
        except (InvalidXmlError, KeyError):
            return
        if target.is_external:
            return
        edges = picture.crop_left, picture.crop_top, 1 - picture.crop_right, 1 - picture.crop_bottom
        yield Placed(embedded.draft(str(target.target_part.partname), edges), options.page_number)


def of_objects(slide: Any, relations: Any) -> Iterator[Block]:
    """Yield the pictures that embedded objects, such as sheets, show of themselves."""
    for found in slide.iter(_OBJECT):
        for shown in found.iter(_BLIP):
            key = shown.get(_EMBED)
            if key in relations and not relations[key].is_external:
                yield embedded.draft(str(relations[key].target_part.partname))


def _is_hidden(picture: Any) -> bool:
    return picture._pic.nvPicPr.cNvPr.get("hidden") in _ON


def _is_off_slide(picture: Any) -> bool:
    """Whether it lies wholly beside the slide; in a group it has the group's own coordinates."""
    if picture._pic.getparent().tag.endswith("grpSp"):
        return False
    left, top = picture.left or 0, picture.top or 0
    deck = picture.part.package.presentation_part.presentation
    return bool(
        left + (picture.width or 0) <= 0
        or top + (picture.height or 0) <= 0
        or left >= deck.slide_width
        or top >= deck.slide_height
    )


def register() -> None:
    """Tell the library whom to ask, in this process."""
    register_picture_partitioner(_SlidePictures)
