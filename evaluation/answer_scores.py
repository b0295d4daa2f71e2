"""How good one written answer is: right, cited, refused.

Exact match and F1 as in Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of
Text", 2016. Every Chinese character is a token, as in Cui et al., "A Span-Extraction Dataset for
Chinese Machine Reading Comprehension", 2019 (F1 here by SQuAD's bag of tokens in both languages).
Traditional and simplified characters differ.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final

_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_TOKEN: Final = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+")
_INNER_COMMA: Final = re.compile(r"(?<=\d),(?=\d{3})")
_ARTICLES: Final = frozenset({"a", "an", "the"})
_CITATION: Final = re.compile(r"\s*[\[【](?P<numbers>\s*\d+(?:\s*[,，、]\s*\d+)*\s*)[\]】]")
_LABEL: Final = re.compile(r"^\s*(?:answer|答案|回答)\s*[:：]\s*", re.IGNORECASE)
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s|(?<=[。！？])|\n")
_REFUSAL: Final = re.compile(
    r"not[ _]found|\bno (?:information|answer|mention)|\bunanswerable"
    r"|\b(?:cannot|can[’']t|unable to) (?:\w+ )?(?:answer|determine|find)"
    r"|[没沒](?:有)?(?:直接)?(?:答案|找到)|未(?:能)?找到|找不到"
    r"|(?:无法|無法|不能)(?:直接)?(?:回答|确定|確定|得知|得出)",
    re.IGNORECASE,
)
_SOURCE: Final = re.compile(
    r"passage|paragraph|\btext|document|context|information|段落|文中|文本|文章|上下文|资料|資料|信息|資訊",
    re.IGNORECASE,
)
_ABSENT: Final = re.compile(
    r"\b(?:do|does|did)(?: not|n[’']t) (?:\w+ ){0,2}"
    r"(?:contain|hold|provide|mention|specify|state|include|say|answer|give)"
    r"|(?:\bnot|\bnever|n[’']t) (?:\w+ ){0,2}(?:mentioned|provided|specified|stated|given|answered)"
    r"|(?:[没沒](?:有)?|未|不)(?:明确|明確|直接|具体|具體)?"
    r"(?:提到|提及|提供|说明|說明|给出|給出|包含|涉及|相关|相關)",
    re.IGNORECASE,
)


def tokens(text: str) -> list[str]:
    """Cut a text into lower-case words and Chinese characters, without articles and marks."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    found = _TOKEN.findall(_INNER_COMMA.sub("", folded))
    return [token for token in found if token not in _ARTICLES]


def bare(text: str) -> str:
    """Return what two spellings of one answer have in common."""
    return " ".join(tokens(text))


def exact_match(said: str, expected: Sequence[str]) -> bool:
    """Whether the answer is one of the expected ones, marks and articles aside."""
    return any(tokens(said) == tokens(one) for one in expected)


def holds_answer(said: str, expected: Sequence[str]) -> bool:
    """Whether an expected answer stands in what was said, as in a whole sentence."""
    text = f" {bare(said)} "
    return any(f" {bare(one)} " in text for one in expected if bare(one))


def f1(said: str, expected: Sequence[str]) -> float:
    """Return the best overlap with an expected answer, from 0 to 1."""
    return max((_overlap(tokens(said), tokens(one)) for one in expected), default=0.0)


def _overlap(said: Sequence[str], expected: Sequence[str]) -> float:
    common = (Counter(said) & Counter(expected)).total()
    return 2 * common / (len(said) + len(expected)) if common else 0.0


def cited_numbers(text: str) -> frozenset[int]:
    """Return the numbers in `[1]`, `[1, 2]` or `【1】`, wherever they stand."""
    return frozenset(
        int(number)
        for match in _CITATION.finditer(text)
        for number in re.findall(r"\d+", match["numbers"])
    )


def without_citations(text: str) -> str:
    """Return the answer alone: no citations, no label before it."""
    return _LABEL.sub("", _CITATION.sub("", text)).strip()


def is_refusal(text: str) -> bool:
    """Whether the first sentence says that there is no answer; saying nothing says that too."""
    first = _SENTENCE_END.split(without_citations(text), maxsplit=1)[0]
    says_absent = _ABSENT.search(first) and _SOURCE.search(first)
    return not tokens(first) or bool(_REFUSAL.search(first) or says_absent)
