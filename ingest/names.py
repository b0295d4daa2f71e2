"""Names that people give: cleaned before they are stored, shown or sent back in a header."""

import unicodedata

from ingest.errors import InvalidName
from ingest.parsers.visible import visible

FILE_NAME_CHARACTERS_MAX = 200
COLLECTION_NAME_CHARACTERS_MAX = 200
_NAMELESS = "document"
# Control, format (direction overrides, zero-width), surrogate and line-separator characters: they
# cannot be seen, and some of them make one name look like another.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def clean_file_name(name: str) -> str:
    """Return the last part of a path, normalised (NFC) and without unseen characters.

    Too long a name loses characters before its extension.
    """
    last = _seen(name).replace("\\", "/").rstrip("/ ").rpartition("/")[2].strip()
    if not last.strip("."):
        return _NAMELESS
    stem, dot, extension = last.rpartition(".")
    if not stem or len(dot + extension) >= FILE_NAME_CHARACTERS_MAX:
        return last[:FILE_NAME_CHARACTERS_MAX]
    return stem[: FILE_NAME_CHARACTERS_MAX - len(dot + extension)] + dot + extension


def clean_collection_name(name: str) -> str:
    """Return the name normalised (NFC), without unseen characters and spaces at its ends.

    Raises:
        InvalidName: nothing is left, or too much.
    """
    cleaned = _seen(name).strip()
    if not 1 <= len(cleaned) <= COLLECTION_NAME_CHARACTERS_MAX:
        raise InvalidName
    return cleaned


def _seen(name: str) -> str:
    normal = unicodedata.normalize("NFC", visible(name))
    return "".join(c for c in normal if unicodedata.category(c) not in _UNSEEN)
