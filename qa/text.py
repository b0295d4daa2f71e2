"""Make generated sentences plain text: nothing in them can link, load or format."""

import re
from collections.abc import Sequence
from typing import Final

from ingest.parsers.visible import visible

_IMAGE: Final = re.compile(r"!\[[^\]]*\]\([^)]*\)|!\[[^\]]*\]\[[^\]]*\]")
_LINK: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_AUTOLINK: Final = re.compile(r"<(?:[a-z][a-z0-9+.-]*:|mailto:)[^>\s]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-zA-Z!][^>]*>?")
_SCHEME: Final = re.compile(
    # No `\b`: between a Chinese letter and a Latin one there is none.
    r"[a-z0-9+.-]*:/{2,}|(?<![a-z0-9])(?:(?:javascript|vbscript|data|mailto|tel|file):|www\.)",
    re.IGNORECASE,
)
_DEFINITION: Final = re.compile(r"^\s*\[[^\]]*\]:\s*")
_EMPHASIS: Final = re.compile(r"\*{1,3}|`+|(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w)")
_LINE_MARK: Final = re.compile(r"^\s*(?:#{1,6}\s+|>\s*|[-•·]\s+|\d{1,2}[.)]\s+)")
_CITATION: Final = re.compile(r"\s*[\[【](?P<numbers>\s*\d+(?:\s*[,，、]\s*\d+)*\s*)[\]】]")
_LEAD_IN: Final = re.compile(
    r"^(?:According to|Based on) (?:the |this )?(?:given |provided )?(?:passages?|documents?|text)"
    r"(?: \d+)?, |^(?:根据|根據)(?:给出的|提供的|以上)?(?:段落|文档|资料|文本)\d*(?:的?内容)?[,，]",
    re.IGNORECASE,
)


def plain(sentence: str) -> str:
    """Return a generated sentence without markup, link targets and its own citation marks.

    An address that is part of the sentence stays readable, but without the scheme that would
    make it a link.
    """
    text, before = visible(sentence), ""
    while text != before:  # what is taken out may have held apart the two halves of a link
        before, text = text, _without_markup(text)
    # Half a link: the next sentence may hold the other half.
    return _without_lead_in(text.replace("](", "] ("))


def _without_markup(text: str) -> str:
    text = _CITATION.sub("", _DEFINITION.sub("", _LINK.sub(r"\1", _IMAGE.sub("", text))))
    text = _TAG.sub("", _AUTOLINK.sub("", text))
    text = _EMPHASIS.sub("", _LINE_MARK.sub("", _SCHEME.sub("", text)))
    return " ".join(text.split())


def cited_numbers(sentence: str) -> frozenset[int]:
    """Return the numbers of passages that a generated sentence cites."""
    cited = (match["numbers"] for match in _CITATION.finditer(sentence))
    return frozenset(int(number) for numbers in cited for number in re.findall(r"\d+", numbers))


def _without_lead_in(text: str) -> str:
    rest = _LEAD_IN.sub("", text)
    return rest if rest == text else rest[:1].upper() + rest[1:]


def without_path(sentence: str, name: str, headings: Sequence[str]) -> str:
    """Drop "handbook.pdf > Travel" from the start, which a model copies from above a passage.

    A heading alone stays: a sentence may well begin with the same word.
    """
    if not sentence.startswith(name):
        return sentence
    rest = sentence.removeprefix(name).lstrip()
    while rest.startswith(">"):
        rest = rest.removeprefix(">").lstrip()
        heading = next((heading for heading in headings if rest.startswith(heading)), "")
        rest = rest.removeprefix(heading).lstrip()
    return rest.lstrip(":： ") or sentence
