"""The page on which administrators see how well search and answers work."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from evaluation.runs import QuestionResult, Run, digest_of
from tests.e2e.desk import Desk
from tests.product import Server

NAMES = ("before", "after")


def _run(name: str, ndcg: float) -> Run:
    results = [
        QuestionResult(
            id=str(n),
            language="zh" if n % 2 else "en",
            answerable=True,
            measures={"ndcg@10": ndcg + n / 100, "recall@5": 0.9, "search_ms": 20 + n},
        )
        for n in range(20)
    ]
    return Run(
        name=name,
        dataset="house",
        dataset_digest=digest_of(["house"]),
        at=datetime(2026, 11, 1, 9, tzinfo=UTC),
        subject={},
        results=tuple(results),
    )


@pytest.fixture
def evaluations(server: Server) -> Iterator[None]:
    client = server.signed_in()
    kept = [
        client.post("/v1/evaluations", json=_run(name, ndcg).model_dump(mode="json"))
        for name, ndcg in zip(NAMES, (0.5, 0.6), strict=True)
    ]
    yield
    for one in kept:
        client.delete(f"/v1/evaluations/{one.raise_for_status().json()['id']}")
    client.close()


def test_one_is_shown_and_two_are_compared(evaluations: None, desk: Desk) -> None:
    page = desk.page
    desk.go("#/settings")
    page.get_by_test_id("to-evaluations").click()
    rows = page.get_by_test_id("evaluation")
    expect(rows).to_have_count(2)
    rows.filter(has_text="before").get_by_role("checkbox").check()
    measures = page.get_by_test_id("measures")
    expect(measures.get_by_role("row").filter(has_text="nDCG").first).to_contain_text("59.5")
    rows.filter(has_text="after").get_by_role("checkbox").check()
    compared = page.get_by_test_id("comparison").get_by_role("row").filter(has_text="nDCG").first
    expect(compared).to_contain_text("+10.0")
    expect(page.get_by_test_id("measures")).to_have_count(0)


def test_a_deleted_one_is_gone(evaluations: None, desk: Desk) -> None:
    page = desk.page
    desk.go("#/evaluations")
    row = page.get_by_test_id("evaluation").filter(has_text="before")
    row.get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button").last.click()
    expect(page.get_by_test_id("evaluation")).to_have_count(1)
