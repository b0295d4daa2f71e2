"""Tags and authors: what people wrote is sealed, and a keyed digest finds equal ones."""

import unicodedata

from security.places import Place
from security.tenant_keys import TenantKeys


def tidy(label: str) -> str:
    """Return a label as it is shown: one line, without spaces around it."""
    return " ".join(label.split())


def tag_digest(keys: TenantKeys, label: str) -> str:
    """Return the digest by which a tag is found, however its letters are written."""
    return keys.digest("document.tag", _folded(label))


def author_digest(keys: TenantKeys, name: str) -> str:
    """Return the digest by which an author is found, however the letters are written."""
    return keys.digest("document.author", _folded(name))


def author_place(document_id: str) -> Place:
    """Return where a document's author is sealed."""
    return Place("documents", document_id, "author")


def _folded(label: str) -> bytes:
    return tidy(unicodedata.normalize("NFKC", label).casefold()).encode()
