"""The markup of a page as a tree, from text that was decoded already."""

import re
from typing import Any, Final

from lxml import etree, html

_DECLARATION: Final = re.compile(r"\s*<\?xml[^>]{0,200}\?>", re.IGNORECASE)


def tree(markup: str) -> Any | None:
    """Parse a page as a browser would; None where there is nothing to parse."""
    try:
        # lxml refuses text that says how it was encoded, as XHTML does.
        undeclared = _DECLARATION.sub("", markup, count=1)
        return html.document_fromstring(undeclared, parser=html.HTMLParser(no_network=True))
    except (etree.LxmlError, ValueError):
        return None


def markup_of(root: Any) -> str:
    """Write a tree as markup."""
    return str(html.tostring(root, encoding="unicode"))
