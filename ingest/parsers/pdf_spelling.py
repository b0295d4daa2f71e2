"""Mend what typesetting does to the characters of a line: hyphens, accents, marks of broken code.

pdfium marks a hyphen that only broke a word. It reports an accent that stands alone, which LaTeX
sets over a no-break space, at the end of the line; and listings end a line of code that goes on
with an arrow that is no part of the code.
"""

import re

HYPHENS = "\x02\ufffe"
_SPACE_FOR_ACCENT = re.compile("\u00a0(?![\u0300-\u036f])")
_STRAY_ACCENT = re.compile("(?<=[ \t.])([\u0300-\u036f])")
_CODE_GOES_ON = re.compile("(.*\\S)\\s*(?:\u2190[-\u0593]|[\u21a9\u23ce\u21b5])\\s*$", re.DOTALL)


def spelled(content: str) -> str:
    """Leave out the marks of broken words, and put accents back on the spaces that carry them."""
    text = content.translate(dict.fromkeys(map(ord, HYPHENS)))
    accents = _STRAY_ACCENT.findall(text)
    if not accents or len(_SPACE_FOR_ACCENT.findall(text)) != len(accents):
        return text
    remaining = iter(accents)
    return _SPACE_FOR_ACCENT.sub(lambda _: f"\u00a0{next(remaining)}", _STRAY_ACCENT.sub("", text))


def broken(text: str) -> tuple[str, bool]:
    """Take the arrow off a line of code; True if the next line follows without a space."""
    mark = _CODE_GOES_ON.match(text)
    if mark is None:
        return text, False
    return mark[1], not mark[1][-1].isalnum()
