"""Runs of Chinese (and Japanese) characters, which are written without spaces."""

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Final

import rjieba

# Kana, Han with extensions, compatibility Han and the marks that repeat or stand for a character.
CHARACTERS = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"

_NOT_ASKED_FOR: Final = frozenset(
    """
    什么 甚么 什麼 甚麼 哪 哪些 哪个 哪個 哪里 哪裡 哪裏 哪儿 哪位
    哪种 哪家 哪项 哪年 哪天 哪一 哪一个 哪一年 谁 誰 多少 多久 多大
    多长 多高 几 幾 几个 何 何时 何時 何地 怎么 怎麼 怎样 怎樣 怎么样
    如何 为何 為何 为什么 為什麼 是否 请问 吗 嗎 呢 吧 的 了 是 在
    与 與 及 或 被 把 将 將 由 于 於 以 这 這 那 该 該 其 之 而
    也 都 就 还 并 等 让 使 所 可以 一个
    """.split()  # noqa: SIM905 - a hundred quoted words are harder to read
)
"""Words by which one asks, and particles; none that is often part of a name, as 和 or 中 are."""


def run_terms(run: str) -> list[str]:
    """Split a run into overlapping pairs of characters, and into words.

    Pairs find what the dictionary does not know; words (also those within longer words) weigh what
    it does know. Both together were measured to find more than either alone. A two-character word
    counts twice, which is meant.
    """
    pairs = [first + second for first, second in pairwise(run)]
    return pairs + list(rjieba.cut_for_search(run))


def question_terms(run: str) -> Iterator[str]:
    """Split a run of a question: what asks is left out, and so are the pairs that it would make.

    "被选为什么职位" would else be searched above all for 么职, which is rare and says nothing.
    """
    for asks, words in groupby(rjieba.cut(run), _NOT_ASKED_FOR.__contains__):
        if not asks:
            yield from run_terms("".join(words))
