"""A question that asks several things, cut into questions of their own.

Only what certainly asks twice is cut: an ordinary question in pieces finds worse than whole. What
stands before the first part ("At Acme, ...") is said with each of them.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from qa import parts_chinese
from qa.words import content_terms
from retrieval.scripts import is_chinese

_ASKING: Final = r"(?:who|whom|whose|what|which|when|where|why|how)\b"
_SUBJECT: Final = (
    r"(?:it|they|there|he|she|we|i|you|the|an?|my|our|their|its|this|that|these|those|any|all)\b"
)
_AUXILIARY: Final = (
    r"(?:is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have|had)"
)
_PREPOSITION: Final = (
    r"(?:(?:up\s+to|in|at|from|to|for|by|until|till|within|on|under|with|above|below|during|after|before"
    r"|of|since)\s+)?"
)
_BEGINS: Final = rf"(?:{_PREPOSITION}{_ASKING}|{_AUXILIARY}\s+{_SUBJECT})"
_JOINT: Final = re.compile(
    rf"(?:,\s*|\s+)(?:and|as well as)\s+(?:also\s+|then\s+)?(?={_BEGINS})|;\s*(?={_BEGINS})",
    re.IGNORECASE,
)
_COMMA: Final = re.compile(rf",\s*(?={_PREPOSITION}{_ASKING})", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"[^?？]*[?？]+|[^?？]+$")
_STATEMENT: Final = re.compile(r"^(?P<said>.*[.!;:])\s+(?P<asked>.+)$", re.DOTALL)
_COURTESY: Final = re.compile(
    r"^(?:please\s+|(?:can|could|would)\s+you\s+(?:please\s+)?|i\s+(?:want|would\s+like)\s+to\s+"
    r"know\s+)?(?:tell\s+me\s+|explain\s+|say\s+|let\s+me\s+know\s+|do\s+you\s+know\s+)?",
    re.IGNORECASE,
)
_LEAD: Final = re.compile(
    rf"^(?P<lead>[^,?]*,\s+)(?P<asked>{_BEGINS}.*)$", re.IGNORECASE | re.DOTALL
)
_ASKED: Final = re.compile(  # not "When the contract ends, ..."
    rf"{_PREPOSITION}(?:who|whom|whose|what|which|how|(?:when|where|why)\s+{_AUXILIARY})\b",
    re.IGNORECASE,
)
_QUESTION: Final = re.compile(rf"^(?:and\s+|so\s+|but\s+)?{_BEGINS}", re.IGNORECASE)
_ASKS_WITHIN: Final = re.compile(
    rf"\b(?:{_ASKING}|whether\b|between\b|both\b|either\b|if\b|unless\b)", re.IGNORECASE
)
_NO_QUESTION: Final = re.compile(
    r"^(?:(?:what|when|where|which|who|how)\s+to\b"
    r"|(?:when|where)\s+(?:applicable|possible|necessary|needed|appropriate|required|relevant)\b"
    r"|(?:what|which|how|who|when|where)ever\b)",
    re.IGNORECASE,
)
_EACH: Final = re.compile(r",?\s+respectively\b|\brespectively,?\s+", re.IGNORECASE)
_NAME: Final = r"[A-Z][\w-]*(?:\s+[A-Z0-9][\w-]*)*"
_YEARS: Final = re.compile(
    r"(?P<all>(?P<first>\d{4}(?:,\s+\d{4})*),?\s+and\s+(?:fiscal\s+)?(?P<last>\d{4}))"
)
_NAMES: Final = re.compile(
    rf"(?P<all>(?P<first>{_NAME}(?:,\s+{_NAME})*),?\s+and\s+(?P<last>{_NAME}))"
)
_LAST_TWO: Final = re.compile(
    r"(?P<all>(?P<first>[\w-]+)\s+and\s+(?P<last>[\w-]+(?:\s+[\w-]+){0,2}))\s*[?？]*$"
)
_WORDS_MIN: Final = 3


def parts_of(question: str, parts_max: int) -> tuple[str, ...]:
    """Return the questions in a question, in order; more than `parts_max` are left together."""
    whole = question.strip()
    cut = parts_chinese.cut if is_chinese(whole) else _cut
    parts = tuple(cut(whole))
    return parts if 1 < len(parts) <= parts_max else (whole,)


def _cut(question: str) -> Sequence[str]:
    found: list[str] = []
    said = ""
    for match in _SENTENCE.finditer(question):
        sentence = match[0].strip()
        if statement := _STATEMENT.match(sentence):
            said, sentence = statement["said"].strip(), statement["asked"]
        if not _asks(sentence):
            return [question]
        found += (f"{said} {part}".strip() for part in _cut_sentence(sentence))
    return found


def _asks(sentence: str) -> bool:
    """Whether a sentence asks something by itself: "Really?" does not."""
    bare = _bare(sentence)
    return bool(_QUESTION.match(bare)) and len(bare.split()) >= _WORDS_MIN


def _bare(sentence: str) -> str:
    """Return a question without words of courtesy and without what stands before it."""
    polite = _COURTESY.sub("", sentence.strip(), count=1)
    lead = _LEAD.match(polite)
    return lead["asked"] if lead and not _ASKED.match(lead["lead"]) else polite


def _cut_sentence(sentence: str) -> Sequence[str]:
    if _EACH.search(sentence):
        return list(_for_each(sentence)) or [sentence]
    bare = _bare(sentence)
    lead = sentence[: len(sentence) - len(bare)]
    pieces = _pieces(bare)
    if not all(map(_stands, pieces)) or any(map(_asks_twice, pieces[:-1])):
        return [sentence]
    return [_as_question(lead + piece) for piece in pieces] if len(pieces) > 1 else [sentence]


def _pieces(sentence: str) -> list[str]:
    """Cut at "and" before a question; at commas too, if "and" follows at last."""
    pieces = _JOINT.split(sentence)
    if len(pieces) == 1:
        return pieces
    return [part for piece in pieces for part in _COMMA.split(piece)]


def _stands(piece: str) -> bool:
    bare = piece.rstrip("?？ ")
    words = len(bare.split())
    says_enough = words >= _WORDS_MIN and (content_terms(bare) or words > _WORDS_MIN)
    return bool(says_enough) and not _NO_QUESTION.match(bare)


def _asks_twice(piece: str) -> bool:
    """Whether a question holds another clause, which "and" may go on with: "who decides what"."""
    begun = re.match(_BEGINS, piece, re.IGNORECASE)
    return bool(_ASKS_WITHIN.search(piece, begun.end() if begun else 0))


def _for_each(sentence: str) -> Iterator[str]:
    plain = _EACH.sub(" ", sentence).strip()
    plain = re.sub(r"\s+(?=[?？])", "", plain)
    listed = _YEARS.search(plain) or _NAMES.search(plain) or _LAST_TWO.search(plain)
    if listed is None or plain.count(" and ") > 1:
        return
    for one in (*re.split(r",\s+", listed["first"]), listed["last"]):
        yield _as_question(plain[: listed.start("all")] + one + plain[listed.end("all") :])


def _as_question(piece: str) -> str:
    bare = re.sub(r"(?i)^and\s+", "", piece.strip()).rstrip("?？.,; ")
    return f"{bare[:1].upper()}{bare[1:]}?"
