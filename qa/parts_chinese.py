"""The parts of a Chinese question: clauses that each ask, and what 分别 asks of several things."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from retrieval.scripts import is_chinese

_ASKING: Final = re.compile(
    r"什么|什麼|谁|誰|哪|多少|多久|多长|多長|多大|多高|多远|何时|何時|何地|何种|为何|為何|如何|怎么|怎麼"
    r"|怎样|怎樣|是否|能否|可否|有没有|有沒有|吗|嗎|(?<![这那前近好十后最数])几(?=[天个日年月小周次倍号点人层名岁元项种])"
)
_ANY: Final = re.compile(
    r"无论|無論|不管|不论|不論|任何|不同|[没沒](?:有)?什[么麼]|多少都|什么都|谁都|哪里都"
)
_SENTENCE: Final = re.compile(r"[^?？。！]*[?？。！]+|[^?？。！]+$")
_CLAUSE: Final = re.compile(r"[，,；;]\s*(?:以及|还有|并且|同时|另外|还|和|并)?|以及|还有|并且")
_AND: Final = re.compile(r"[和与及跟與]")
_EACH: Final = re.compile(r"分别|分別|各自|各(?=[是有为为需要])")
_LISTED: Final = re.compile(
    r"(?P<first>[^，,；;和与及跟與]+)(?:以及|[和与及跟與])(?P<last>[^，,；;和与及跟與]+)$"
)
_EMPTY: Final = re.compile(r"[的了呢啊是在有由要需得和与及又还都会能可以为因请问\s\W]")
_LETTERS_MIN: Final = 2
_SHARED: Final = "的"
_TITLE: Final = "《"


def cut(question: str) -> Sequence[str]:
    """Return the single questions in order."""
    found: list[str] = []
    said = ""
    for match in _SENTENCE.finditer(question):
        sentence = match[0].strip().rstrip("?？")
        if sentence.endswith(("。", "！")) or not _asks(sentence):
            said += match[0].strip()
            continue
        found += (f"{said}{part}？" for part in _cut_sentence(sentence))
    return found if found and not (said and found == [question]) else [question]


def _cut_sentence(sentence: str) -> Iterator[str]:
    for part in _asking_clauses(sentence):
        yield from _for_each(part)


def _asking_clauses(sentence: str) -> Sequence[str]:
    """Return the clauses that ask, each behind what was said before the first of them."""
    pieces = [piece for clause in _CLAUSE.split(sentence) for piece in _without_and(clause)]
    lead: list[str] = []
    asked: list[str] = []
    for piece in pieces:
        if _asks(piece):
            asked.append(piece)
        elif asked:
            return [sentence]  # what follows a question may belong to it or to the next one
        else:
            lead.append(piece)
    if len(asked) < 2 or not all(map(_stands, asked)):  # noqa: PLR2004 - two is several
        return [sentence]
    return ["，".join((*lead, piece)) for piece in asked]


def _without_and(clause: str) -> Sequence[str]:
    """Cut "A是什么和B怎么办": at an "and" with a question before it and a subject behind it."""
    for match in _AND.finditer(clause):
        left, right = clause[: match.start()], clause[match.end() :]
        asking = _ASKING.search(right)
        if asking and asking.start() >= _LETTERS_MIN and _asks(left) and _stands(left):
            return [left, right]
    return [clause]


def _asks(clause: str) -> bool:
    return bool(_ASKING.search(clause)) and not _ANY.search(clause)


def _stands(clause: str) -> bool:
    """Whether a clause names what it asks about."""
    return len(_EMPTY.sub("", _ASKING.sub("", clause))) >= _LETTERS_MIN


def _for_each(part: str) -> Iterator[str]:
    each = _EACH.search(part)
    listed = _LISTED.search(part[: each.start()]) if each else None
    if each is None or listed is None or _ASKING.search(listed[0]):
        yield part
        return
    rest = part[each.end() :]
    for one in _shared([*re.split("、", listed["first"]), listed["last"]]):
        yield part[: listed.start()] + one + rest


def _shared(items: list[str]) -> Iterator[str]:
    """Say with each what is said once: 公司的地址和电话, 整机和电池的保修期."""
    first, last = items[0], items[-1]
    if any(_TITLE in item for item in items):
        yield from items
        return
    before = first[: first.index(_SHARED) + 1] if _SHARED in first else ""
    behind = last[last.rindex(_SHARED) :] if _SHARED in last else ""
    for item in items:
        own = item.strip()
        if _SHARED in own or not is_chinese(own):
            yield own if _SHARED in own else f"{own}{behind}"
        else:
            yield f"{own}{behind}" if behind else f"{before}{own}"
