"""Evaluations kept on a running server."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from evaluation.runs import QuestionResult, Run, digest_of


def _run(name: str, ndcg: float) -> dict[str, Any]:
    results = tuple(
        QuestionResult(
            id=str(number),
            language="zh" if number % 2 else "en",
            answerable=True,
            measures={"ndcg@10": ndcg, "search_ms": 10 + number},
        )
        for number in range(10)
    )
    run = Run(
        name=name,
        dataset="made_here",
        dataset_digest=digest_of([name]),
        at=datetime(2026, 11, 1, tzinfo=UTC),
        subject={"model": name},
        results=results,
    )
    return run.model_dump(mode="json")


def test_kept_listed_compared_and_deleted(admin: httpx.Client) -> None:
    before, after = (
        admin.post("/v1/evaluations", json=_run(name, ndcg)).raise_for_status().json()["id"]
        for name, ndcg in (("before", 0.5), ("after", 0.75))
    )
    listed = admin.get("/v1/evaluations").json()["items"]
    assert [item["name"] for item in listed if item["id"] in {before, after}] == ["after", "before"]
    one = admin.get(f"/v1/evaluations/{before}").json()
    assert one["groups"]["zh"]["ndcg@10"]["value"] == 0.5
    assert one["times"]["search_ms"]["50"] == 14.5
    compared = admin.get(
        "/v1/evaluations/comparison", params={"before": before, "after": after}
    ).json()
    assert compared["groups"]["all"]["ndcg@10"]["difference"]["value"] == 0.25
    assert compared["groups"]["all"]["ndcg@10"]["clear"]
    assert not compared["same_questions"]
    for id_ in (before, after):
        assert admin.delete(f"/v1/evaluations/{id_}").status_code == 204
        assert admin.get(f"/v1/evaluations/{id_}").status_code == 404


@pytest.mark.parametrize("role", ["editor", "reader", None])
def test_only_administrators(someone: Callable[..., Any], role: str | None) -> None:
    client = someone(role).client
    assert client.get("/v1/evaluations").status_code == 403
    assert client.post("/v1/evaluations", json=_run("x", 1)).status_code == 403
    assert client.get("/v1/evaluations/absent").status_code == 403
    assert client.delete("/v1/evaluations/absent").status_code == 403
    assert client.get("/v1/evaluations/live").status_code == 403


def test_a_damaged_run_is_refused_in_words(admin: httpx.Client) -> None:
    answer = admin.post("/v1/evaluations", json=_run("x", 1) | {"version": 2})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_persons_questions_go_to_the_server(
    server: Any, admin: httpx.Client, library: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = {"name": "evaluation", "scopes": ["read", "ask", "administer"], "expires_in_days": 1}
    token = admin.post("/v1/tokens", json=form).raise_for_status().json()["token"]
    document = admin.get(f"/v1/documents/{library.document}").json()["name"]
    questions = tmp_path / "mine.csv"
    questions.write_text(
        f"question,documents\nHow many days of paid annual leave do new employees receive?,"
        f"{document}\n"
    )
    monkeypatch.setenv("SOURCEBOOK_URL", str(admin.base_url))
    monkeypatch.setenv("SOURCEBOOK_TOKEN", token)
    out = tmp_path / "mine.run.json"
    command = [sys.executable, "-m", "api.cli", "eval", "run", questions, "--out", out, "--save"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=120)
    [result] = json.loads(out.read_text())["results"]
    assert result["measures"]["recall@10"] == 1
    kept = admin.get("/v1/evaluations").json()["items"]
    [mine] = [item for item in kept if item["name"] == "mine"]
    assert mine["means"]["recall@10"]["value"] == 1
    admin.delete(f"/v1/evaluations/{mine['id']}").raise_for_status()


def test_votes_on_live_answers_are_counted_and_printed(
    admin: httpx.Client,
    someone: Callable[..., Any],
    library: Any,
    server: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person, other = (someone(member={library.collection: "reader"}).client for _ in range(2))
    form = {"question": "How many days of paid annual leave do new employees receive?"}
    answer = person.post("/v1/answers", json=form).raise_for_status().json()
    path = f"/v1/answers/{answer['id']}/feedback"
    [before] = admin.get("/v1/evaluations/live").json()["arms"]
    absent = other.put(path.replace(answer["id"], "0" * 32), json={"helpful": False})
    hidden = other.put(path, json={"helpful": False})
    assert (hidden.status_code, hidden.text) == (404, absent.text)
    assert person.put(path, json={"helpful": "perhaps"}).status_code == 422
    assert person.put(path, json={"helpful": False}).status_code == 204
    [after] = admin.get("/v1/evaluations/live").json()["arms"]
    assert after["unhelpful"] == before["unhelpful"] + 1
    talk = person.get(f"/v1/conversations/{answer['conversation_id']}").json()
    assert [turn["helpful"] for turn in talk["turns"]] == [False]
    wanted = {"name": "live", "scopes": ["administer"], "expires_in_days": 1}
    token = admin.post("/v1/tokens", json=wanted).raise_for_status().json()["token"]
    monkeypatch.setenv("SOURCEBOOK_URL", server.url)
    monkeypatch.setenv("SOURCEBOOK_TOKEN", token)
    command = [sys.executable, "-m", "api.cli", "eval", "live"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    assert "No experiment is running" in done.stdout
    assert str(after["questions"]) in done.stdout
