"""Families of media types, as people name them when they look for "a spreadsheet"."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

Family = Literal["pdf", "text", "slides", "table", "mail", "web", "book", "picture"]

FAMILIES: Final[tuple[Family, ...]] = get_args(Family)

MEDIA_TYPES: Final[Mapping[Family, tuple[str, ...]]] = {
    "pdf": ("application/pdf",),
    "text": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/msword",
        "application/vnd.oasis.opendocument.text",
        "application/rtf",
        "text/plain",
        "text/markdown",
    ),
    "slides": (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.ms-powerpoint",
        "application/vnd.oasis.opendocument.presentation",
    ),
    "table": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel",
        "application/vnd.oasis.opendocument.spreadsheet",
        "text/csv",
    ),
    "mail": ("message/rfc822", "application/vnd.ms-outlook"),
    "web": ("text/html",),
    "book": ("application/epub+zip",),
    "picture": ("image/png", "image/jpeg", "image/tiff", "image/webp"),
}
FAMILY_OF: Final[Mapping[str, Family]] = {
    media_type: family for family, types in MEDIA_TYPES.items() for media_type in types
}
