"""The embedder against the C engine of the package that carries the weights."""

import random

import pytest

from retrieval.embedding.e5 import E5Embedder
from tests.unit.retrieval.embedding.engine import Engine

pytestmark = pytest.mark.models

_ENGLISH = (
    "{who} {did} the {what} in {place} on {day} 20{year}, and {amount} % of the {group} agreed.",
    "If the {what} is late, {who} must tell the {group} within {amount} days.",
    "{place}: {amount},{year}0 units of the {what}; see section {year}.{amount} (rev. {day}).",
    "Why did {who} not show the {what} to the {group}? Nobody in {place} can say.",
)
_ENGLISH_WORDS = {
    "who": ["The auditor", "Mrs. O'Neill", "our supplier", "the CFO", "A visitor", "Müller GmbH"],
    "did": ["approved", "cancelled", "measured", "re-issued", "lost", "translated"],
    "what": ["contract", "fire-safety report", "invoice", "ISO-9001 manual", "10-K", "heat pump"],
    "place": ["Oslo", "the north warehouse", "São Paulo", "hall B-12", "Cape Town"],
    "day": ["3 May", "Monday", "31/12", "the last day"],
    "group": ["shareholders", "night shift", "customers", "board members"],
}
_CHINESE = (
    "{who}于20{year}年{day}在{place}{did}了{what}，{amount}%的{group}表示同意。",
    "如果{what}延迟，{who}必须在{amount}天内通知{group}。",
    "{place}：{what}共{amount}，{year}0件；见第{year}.{amount}节（{day}修订）。",
    "为什么{who}没有把{what}交给{group}？{place}没有人知道。",
)
_CHINESE_WORDS = {
    "who": ["审计员", "财务总监", "我们的供应商", "一位访客", "王女士", "ＡＢＣ公司"],
    "did": ["批准", "取消", "测量", "重新签发", "翻译"],
    "what": ["合同", "消防安全报告", "发票", "ISO-9001手册", "热泵", "年度預算"],
    "place": ["上海", "北区仓库", "三号楼", "深圳分公司"],
    "day": ["五月三日", "星期一", "12月31日", "最后一天"],
    "group": ["股东", "夜班员工", "客户", "董事会成员"],
}


def _passages(templates: tuple[str, ...], words: dict[str, list[str]], seed: int) -> list[str]:
    choose = random.Random(seed)

    def sentence() -> str:
        values = {key: choose.choice(options) for key, options in words.items()}
        values |= {"year": str(choose.randint(10, 30)), "amount": str(choose.randint(1, 99))}
        return choose.choice(templates).format(**values)

    return [" ".join(sentence() for _ in range(choose.randint(1, 2))) for _ in range(200)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("engine"))


@pytest.mark.parametrize(
    "passages",
    [
        pytest.param(_passages(_ENGLISH, _ENGLISH_WORDS, seed=1), id="english"),
        pytest.param(_passages(_CHINESE, _CHINESE_WORDS, seed=2), id="chinese"),
    ],
)
def test_equals_the_packages_own_engine(
    e5: E5Embedder, engine: Engine, passages: list[str]
) -> None:
    assert len(set(passages)) > 190
    cosines = (e5.embed_passages(passages) * engine.embed_passages(passages)).sum(axis=1)
    assert cosines.min() >= 0.99
    own_counts = [count + 2 for count in e5.count_tokens([f"passage: {p}" for p in passages])]
    assert own_counts == [engine.count_tokens(passage) for passage in passages]
