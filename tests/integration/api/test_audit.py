"""The audit log over HTTP and on the command line, on the running product."""

import base64
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli.audit import app
from security.audit.merkle import hash_leaf, is_consistent, root_from_inclusion


def entries(admin: httpx.Client, **wanted: str) -> list[dict[str, Any]]:
    answer = admin.get("/v1/audit/entries", params={"limit": "200", **wanted}).raise_for_status()
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.fixture
def cli(server: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run `sourcebook audit` on the server's data."""
    monkeypatch.setenv("SOURCEBOOK_DATA", str(server.data))
    return lambda *arguments: CliRunner().invoke(app, arguments)


@contextmanager
def broken_log(server: Any) -> Iterator[None]:
    """Let the server's database itself refuse every new entry."""
    database = sqlite3.connect(server.data / "sourcebook.db", isolation_level=None, timeout=30)
    database.execute(
        "CREATE TRIGGER broken BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'x'); END"
    )
    try:
        yield
    finally:
        database.execute("DROP TRIGGER broken")
        database.close()


def test_only_auditors_read_it(server: Any, admin: httpx.Client, someone) -> None:
    paths = ("entries", "entries/0", "entries/0/proof", "consistency?first=1", "checkpoints")
    editor, auditor = someone("editor"), someone("auditor")
    for path in (*paths, "state", "export"):
        assert editor.client.get(f"/v1/audit/{path}").status_code == 403, path
        assert auditor.client.get(f"/v1/audit/{path}").status_code in {200, 404}, path
    assert editor.client.post("/v1/audit/verification").status_code == 403
    assert server.with_token(["read"]).get("/v1/audit/entries").status_code == 403
    assert server.with_token(["audit"]).get("/v1/audit/entries").status_code == 200
    refused = entries(admin, actor=editor.id, outcome="denied")
    assert "GET /v1/audit/state" in {entry["action"] for entry in refused}


def test_entries_are_found_by_every_filter_and_page_by_page(admin: httpx.Client, someone) -> None:
    person = someone("reader")
    (created,) = entries(admin, action="user.create", target=person.id)
    assert created["target_name"] == person.name
    assert created["actor_name"] == "admin"
    assert created["details"] == {"name": person.name, "role": "reader"}
    assert entries(admin, target=person.id, outcome="failure") == []
    assert entries(admin, target=person.id, since=created["at"])[-1]["id"] == created["id"]
    assert created["id"] not in {e["id"] for e in entries(admin, until=created["at"])}
    found, before = list[int](), None
    while before != 0:
        page = admin.get(
            "/v1/audit/entries",
            params={"limit": 7, "actor": created["actor"]} | ({"before": before} if before else {}),
        ).json()
        found += [entry["index"] for entry in page["items"]]
        before = page["next"] or 0
    assert found == sorted(set(found), reverse=True)
    assert created["index"] in found


def test_reading_it_is_on_record(admin: httpx.Client, someone) -> None:
    auditor = someone("auditor")
    auditor.client.get("/v1/audit/entries", params={"action": "user.create"}).raise_for_status()
    auditor.client.get("/v1/audit/export", params={"format": "cef"}).raise_for_status()
    read = {entry["action"]: entry["details"] for entry in entries(admin, actor=auditor.id)}
    assert read["audit.read"] == {"action": "user.create"}
    assert read["audit.export"] == {"format": "cef"}


def test_proofs_hold(admin: httpx.Client) -> None:
    state = admin.get("/v1/audit/state").raise_for_status().json()
    size, index = state["size"], state["size"] // 2
    entry = admin.get(f"/v1/audit/entries/{index}").raise_for_status().json()
    proof = admin.get(f"/v1/audit/entries/{index}/proof", params={"size": size}).json()
    path = [base64.b64decode(node) for node in proof["hashes"]]
    root = base64.b64decode(state["root"])
    leaf = hash_leaf(entry["canonical"].encode())
    assert root_from_inclusion(index, size, leaf, path) == root
    assert json.loads(entry["canonical"]) == entry["event"]
    older = admin.get("/v1/audit/entries/0/proof", params={"size": index}).json()
    proof = admin.get("/v1/audit/consistency", params={"first": index, "second": size}).json()
    path = [base64.b64decode(node) for node in proof["hashes"]]
    assert is_consistent(index, size, base64.b64decode(older["root"]), root, path)
    far = {"size": 10**9}
    assert admin.get("/v1/audit/entries/0/proof", params=far).status_code == 404
    assert admin.get(f"/v1/audit/entries/{10**9}").status_code == 404


def test_an_export_is_verified_offline_and_a_changed_line_is_named(
    server: Any, admin: httpx.Client, cli: Callable[..., Result], tmp_path: Path
) -> None:
    made = cli("checkpoint")
    assert made.exit_code == 0, made.output
    key = cli("key").stdout.strip()
    assert admin.get("/v1/audit/state").json()["verifier_key"] == key
    log, checkpoints = tmp_path / "log.jsonl", server.data / "audit" / "checkpoints"
    log.write_bytes(admin.get("/v1/audit/export", params={"format": "log"}).content)
    arguments = ("--checkpoints", str(checkpoints), "--key", key)
    whole = cli("verify", str(log), *arguments)
    assert whole.exit_code == 0, whole.output
    assert whole.stdout.startswith("Whole: ")
    lines = log.read_text().splitlines(keepends=True)
    lines[3] = lines[3].replace('"class_uid":', '"class_uid":1')
    log.write_text("".join(lines))
    bad = cli("verify", str(log), *arguments)
    assert bad.exit_code == 1
    assert "Leaf 3 was edited" in bad.stdout
    rows = cli("verify")
    assert rows.exit_code == 0, rows.output
    assert admin.post("/v1/audit/verification").json()["ok"] is True
    listed = admin.get("/v1/audit/checkpoints").json()["items"]
    assert listed[0]["note"] in checkpoints.read_text()


def test_exports_for_other_systems(admin: httpx.Client) -> None:
    wanted = {"action": "user.create"}
    ocsf = admin.get("/v1/audit/export", params={"format": "ocsf", **wanted}).text.splitlines()
    cef = admin.get("/v1/audit/export", params={"format": "cef", **wanted}).text.splitlines()
    assert len(ocsf) == len(cef) == len(entries(admin, **wanted))
    assert {json.loads(line)["api"]["operation"] for line in ocsf} == {"user.create"}
    head = "CEF:0|Sourcebook|Sourcebook|1|user.create|user.create|1|rt="
    assert all(line.startswith(head) for line in cef)
    both = admin.get("/v1/audit/export", params={"format": "log", **wanted})
    assert (both.status_code, both.json()["code"]) == (422, "filtered_log")


def test_what_was_read_is_on_record_with_its_version(server, admin, collection, someone) -> None:
    document = server.ready(admin, collection, "leave.md", "# Leave\n\n25 days of annual leave.")
    reader = someone(member={collection: "reader"})
    for _ in range(3):
        reader.client.get(f"/v1/documents/{document}/text").raise_for_status()
        ranged = {"Range": "bytes=1-"}
        reader.client.get(f"/v1/documents/{document}/content", headers=ranged).raise_for_status()
    reader.client.post("/v1/search", json={"query": "annual leave"}).raise_for_status()
    question = {"question": "How many days of annual leave are there?"}
    answer = reader.client.post("/v1/answers", json=question).raise_for_status().json()
    found = {entry["action"]: entry for entry in entries(admin, actor=reader.id)}
    version = found["document.open"]["details"]["documents"]
    assert [(item["id"], item["attempt"]) for item in version] == [(document, 1)]
    for action in ("document.download", "document.search", "question.ask", "question.answer"):
        assert found[action]["details"]["documents"] == version, action
    assert found["document.search"]["details"]["query"] == "annual leave"
    assert found["question.ask"]["details"]["question"] == question["question"]
    told = found["question.answer"]["details"]
    assert told["answer"] == answer["answer"]
    assert told["prompt_tokens"] == answer["usage"]["prompt_tokens"]
    actions = [entry["action"] for entry in entries(admin, actor=reader.id)]
    assert actions.count("document.open") == actions.count("document.download") == 1


def test_what_was_refused_is_on_record_and_counted(server, admin, collection, someone) -> None:
    document = server.ready(admin, collection, "secret.md", "# Secret\n\nNobody may read this.")
    stranger = someone()
    for _ in range(5):
        assert stranger.client.get(f"/v1/documents/{document}").status_code == 404
        assert stranger.client.get("/v1/users").status_code == 403
    refused = entries(admin, actor=stranger.id, outcome="denied")
    assert [(e["action"], e["target"], e["details"]["code"]) for e in reversed(refused)] == [
        ("GET /v1/documents/{document_id}", document, "not_found"),
        ("GET /v1/users", None, "forbidden"),
    ]
    headers = {"Authorization": "Bearer sbk_nothing"}
    assert httpx.get(f"{server.url}/v1/users", headers=headers).status_code == 401
    assert entries(admin, actor="anonymous", action="GET /v1/users", outcome="denied")


def test_without_the_log_nothing_happens(server, admin, collection, someone) -> None:
    document = server.ready(admin, collection, "plan.md", "# Plan\n\nThe plan is to go on.")
    reader = someone(member={collection: "reader"})
    name, form = "left out", {"name": "left out", "password": "a long password", "role": "reader"}
    questions = {"question": "What is the plan?"}
    sign_in = {"name": reader.name, "password": reader.password}
    with broken_log(server):
        refused = [
            admin.post("/v1/users", json=form),
            admin.delete(f"/v1/documents/{document}"),
            server.upload(admin, collection, "other.md", b"# Other\n\nAnother one."),
            reader.client.get(f"/v1/documents/{document}/text"),
            reader.client.get(f"/v1/documents/{document}/content"),
            reader.client.post("/v1/search", json={"query": "plan"}),
            reader.client.post("/v1/answers", json=questions),
            admin.get("/v1/audit/export"),
            server.browser().post("/v1/session", json=sign_in),
        ]
    assert [(r.status_code, r.json()["code"]) for r in refused] == [
        (503, "audit_unavailable")
    ] * len(refused)
    assert name not in {user["name"] for user in admin.get("/v1/users").json()["items"]}
    page = admin.get("/v1/documents", params={"collection": collection}).json()
    assert [item["id"] for item in page["items"]] == [document]
    assert reader.client.get("/v1/conversations").json()["items"] == []
    assert admin.post("/v1/audit/verification").json()["ok"] is True
