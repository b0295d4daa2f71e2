"""Tables of invented numbers, asked by row and column.

A question without an answer names a row or a year that no table has. Tables of one set share years
and a few rows, as those of annual reports do; what two of them answer is not asked.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from model.tuning.prompt import Language
from model.tuning.question_sets import Context, QuestionSet, Row, question

_ROWS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": (
        *("Revenue", "Cost of sales", "Gross profit", "Operating income", "Interest expense"),
        *(
            "Interest income",
            "Income tax expense",
            "Net income",
            "Net loss per share",
            "Inventories",
        ),
        *("Cash and cash equivalents", "Trade receivables", "Trade payables", "Goodwill"),
        *("Deferred tax assets", "Deferred tax liabilities", "Property and equipment, net"),
        *("Research and development", "Selling and marketing", "General and administrative"),
        *("Depreciation", "Amortization of intangible assets", "Restructuring charges"),
        *("Total assets", "Total liabilities", "Shares outstanding", "Dividends per share"),
        *("Long-term debt", "Lease liabilities", "Employees", "Contract liabilities", "Licences"),
        *("Maintenance and support", "Professional services", "Subscription", "Hardware", "Other"),
        *("Americas", "Europe", "Asia Pacific", "Granted", "Vested", "Forfeited", "Audit fees"),
        *("Expected volatility", "Risk-free interest rate", "Discount rate", "Wages and salaries"),
    ),
    "zh": (
        *("营业收入", "营业成本", "毛利", "净利润", "研发费用", "销售费用", "管理费用", "财务费用"),
        *("应收账款", "应付账款", "存货", "货币资金", "固定资产", "无形资产", "商誉", "总资产"),
        *("总负债", "员工人数", "每股收益", "现金分红", "短期借款", "长期借款", "所得税", "折旧"),
        *("门店数量", "用户数", "退货率", "毛利率", "华东地区", "华南地区", "海外市场", "软件服务"),
    ),
}
_VALUE_QUESTIONS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": (
        "What was the {row} in {year}?",
        "How much was {row} in {year}?",
        "What is the amount of {row} for {year}?",
        "{row} {year}",
        "What were the {row} as of {year}?",
    ),
    "zh": ("{year}年的{row}是多少？", "{row}在{year}年为多少？", "{year}年{row}"),
}
_YEAR_QUESTIONS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": ("In which year was {row} {value}?", "When did {row} come to {value}?"),
    "zh": ("哪一年的{row}是{value}？",),
}
_HEADS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": (
        "",
        "(in thousands)",
        "(in millions)",
        "Years ended December 31,",
        "As of June 30,",
        "$",
    ),
    "zh": ("", "项目", "单位：万元", "单位：百万元", "指标"),
}
_TEXT: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": (
        "The amounts above are unaudited.",
        "The change in {row} was mainly due to new customers.",
        "Management reviews {row} every quarter.",
        "The table sets out selected figures for the periods indicated.",
    ),
    "zh": ("以上数据未经审计。", "{row}的变化主要由于新增客户。", "下列数据按年度列示。"),
}
_CHINESE_SHARE: Final = 0.25
_ANSWERED_SHARE: Final = 0.55
_YEAR_ASKED_SHARE: Final = 0.12
_SEPARATOR_SHARE: Final = 0.85
"""Of the tables, so many part their cells by bars, the others by tabs."""


@dataclass(frozen=True, slots=True)
class _Table:
    context: Context
    cells: dict[tuple[str, int], str]


def table_sets(count: int, questions: int, random: Random) -> Iterator[QuestionSet]:
    """Make so many sets."""
    for number in range(count):
        language: Language = "zh" if random.random() < _CHINESE_SHARE else "en"
        yield _Tabulator(f"tables-{number}", language, random).make(questions)


class _Tabulator:
    """Makes one set."""

    def __init__(self, set_id: str, language: Language, random: Random) -> None:
        self._id, self._language, self._random = set_id, language, random

    def make(self, questions: int) -> QuestionSet:
        last = self._random.randint(2005, 2024)
        years = [last - back for back in range(self._random.choice((2, 2, 3)))]
        shared = self._random.sample(_ROWS[self._language], 4)
        count = self._random.choice((2, 3, 3, 4))
        tables = [self._table(number, years, shared) for number in range(count)]
        rows = [self._row(number, tables, years) for number in range(questions)]
        contexts = tuple(table.context for table in tables)
        return QuestionSet(self._id, self._language, contexts, tuple(rows))

    def _table(self, number: int, years: list[int], shared: list[str]) -> _Table:
        random = self._random
        own = random.sample(_ROWS[self._language], random.randint(3, 8))
        names = list(dict.fromkeys([*own, *random.sample(shared, 1)]))
        columns = list(years) if random.random() < 2 / 3 else sorted(years)
        cells = {(name, year): self._number() for name in names for year in columns}
        bar = " | " if random.random() < _SEPARATOR_SHARE else "\t"
        lines = [bar.join([random.choice(_HEADS[self._language]), *map(str, columns)])]
        lines += [bar.join([name, *(cells[name, year] for year in columns)]) for name in names]
        if random.random() < 1 / 2:
            text = random.choice(_TEXT[self._language])
            lines += ["", text.format(row=random.choice(names).lower())]
        context = {"id": f"{self._id}-{number}", "title": "", "text": "\n".join(lines)}
        return _Table(context, cells)

    def _row(self, number: int, tables: list[_Table], years: list[int]) -> Row:
        if self._random.random() >= _ANSWERED_SHARE:
            return self._unanswered(number, tables, years)
        once = Counter(cell for table in tables for cell in table.cells)
        table = self._random.choice(tables)
        cells = [cell for cell in table.cells if once[cell] == 1]
        if not cells:
            return self._unanswered(number, tables, years)
        name, year = self._random.choice(cells)
        value = table.cells[name, year]
        values = [table.cells[name, one] for one in years]
        by_year = self._random.random() < _YEAR_ASKED_SHARE and values.count(value) == 1
        questions = (_YEAR_QUESTIONS if by_year else _VALUE_QUESTIONS)[self._language]
        asked = self._asked(questions, name, year, value)
        answer = str(year) if by_year else value
        return question(f"{self._id}/{number}", self._language, asked, table.context, answer)

    def _unanswered(self, number: int, tables: list[_Table], years: list[int]) -> Row:
        """Ask for another row in one of the years, or for one of the rows in another year."""
        named = {name for table in tables for name, _ in table.cells}
        if self._random.random() < 2 / 3:
            others = [name for name in _ROWS[self._language] if name not in named]
            name, year = self._random.choice(others), self._random.choice(years)
        else:
            name = self._random.choice(sorted(named))
            year = self._random.choice((max(years) + 1, max(years) + 2, min(years) - 1))
        asked = self._asked(_VALUE_QUESTIONS[self._language], name, year, "")
        return question(f"{self._id}/{number}", self._language, asked, None, "")

    def _asked(self, questions: tuple[str, ...], name: str, year: int, value: str) -> str:
        asked = self._random.choice(questions).format(row=name.lower(), year=year, value=value)
        return asked if self._random.random() < 2 / 3 else asked.replace("?", "")

    def _number(self) -> str:
        random = self._random
        match random.randrange(7):
            case 0:
                return f"({random.randint(100, 99_000):,})"
            case 1:
                return f"{random.randint(1, 99)}.{random.randint(0, 9)}%"
            case 2:
                return f"${random.randint(100, 999_000):,}"
            case 3:
                return f"{random.randint(1, 9_999):,}.{random.randint(0, 9)}"
            case _:
                return f"{random.randint(20, 900_000):,}"
