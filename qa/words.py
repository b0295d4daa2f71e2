"""What a sentence is made of, for comparing it with a passage: content words, names, negation."""

import re
from functools import cache
from typing import Final

from retrieval.lexical.analysis import terms

_FUNCTION_WORDS: Final = (
    "a an the this that these those it its he she they we you i his her their our your my him them"
    " who whom whose which what when where why how is are was were be been being am do does did"
    " done has have had having will would shall should can could may might must of in on at to for"
    " from by with without as into onto about over under between through during before after until"
    " since up down out off and or but nor so if then than because while although though also very"
    " more most much many such same other another any some all both each every only just not no"
    " there here one according passage document documents answer question mentioned stated text"
    " 的 了 是 在 和 与 及 或 有 为 被 把 对 从 到 于 以 并 也 都 而 但 这 那 其 之 个 一 一个"
    " 上 下 中 他 她 它 他们 我们 你 我 谁 什么 哪 哪里 哪个 哪些 怎么 怎样 如何 为什么 多少 几 吗"
    " 呢 吧 等 根据 段落 文档 答案 问题 與 為 對 從 這 個 們 誰 什麼 哪裡 怎麼 為什麼 幾 嗎 根據"
)
_NAME: Final = re.compile(r"\b(?:[A-Z][\w&’'-]*[^\W_]|[A-Z])")
_NEGATION: Final = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot)\b|n[’']t\b"
    r"|(?:不(?![仅但断同过久僅斷過少])|[没沒](?!收)|未(?![来來])|[无無](?![论論线線])|(?<!除)非(?![常洲]))",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(r"[,;:，；：、—]")
_ABBREVIATION_MAX: Final = 5
_NAME_SUFFIX_MAX: Final = 3
_NAME_STEM_MIN: Final = 4


def content_terms(text: str) -> frozenset[str]:
    """Return the index terms of a text without function words."""
    return frozenset(terms(text)) - _function_terms()


@cache
def _function_terms() -> frozenset[str]:
    return frozenset(term for word in _FUNCTION_WORDS.split() for term in terms(word))


def names(sentence: str) -> frozenset[str]:
    """Return the terms of capitalised words, save the first, which is capitalised anyway."""
    found = _NAME.finditer(sentence)
    return frozenset(
        term for match in found if match.start() > 0 for term in content_terms(match[0])
    )


def names_asked(question: str) -> tuple[str, ...]:
    """Return a question's proper names, word by word.

    Words that begin a sentence are capitalised anyway, and abbreviations (FY2018, USD) may stand
    spelt out in the documents, so neither tells whether a document speaks of what is asked.
    """
    found = (match for match in _NAME.finditer(question) if not _begins(question, match.start()))
    return tuple(match[0] for match in found if not _is_abbreviation(match[0]))


def _begins(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \t\"'“‘(（")
    return not before or before[-1] in ".?!:;\n。？！：；"


def _is_abbreviation(word: str) -> bool:
    return any(map(str.isdigit, word)) or (word.isupper() and len(word) <= _ABBREVIATION_MAX)


def unknown_names(claimed: frozenset[str], held: frozenset[str]) -> frozenset[str]:
    """Return the names that stand nowhere, letting endings differ ("Israelis", "Israel")."""

    def stands(name: str) -> bool:
        stem = name[: max(_NAME_STEM_MIN, len(name) - _NAME_SUFFIX_MAX)]
        return name in held or (
            len(name) > _NAME_STEM_MIN and any(term.startswith(stem) for term in held)
        )

    return frozenset(name for name in claimed if not stands(name))


def negation_differs(sentence: str, quote: str) -> bool:
    """Tell whether one denies what the other says.

    A quote may deny something in another clause, so the clause closest to the sentence counts;
    a sentence that denies needs a denial anywhere in the quote.
    """
    denies, denied = bool(_NEGATION.search(sentence)), bool(_NEGATION.search(quote))
    if denies or not denied:
        return denies and not denied
    claimed = content_terms(sentence)
    closest = max(_CLAUSE.split(quote), key=lambda clause: len(content_terms(clause) & claimed))
    return bool(_NEGATION.search(closest))
