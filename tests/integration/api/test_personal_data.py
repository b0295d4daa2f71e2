"""Erasing and handing out what is known of a person, and erasing on the command line."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import typer
from typer.testing import CliRunner

from api.cli import erase, key_backups
from api.cli.backup import KEY_TABLES, backup
from security.erasure.receipt import verify_receipt
from security.errors import ReceiptInvalid

pytestmark = pytest.mark.models
ABSENT = "0" * 32


def _ask(client: httpx.Client, question: str) -> str:
    answer = client.post("/v1/answers", json={"question": question}).raise_for_status().json()
    return str(answer["conversation_id"])


@pytest.fixture
def command(server: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a command of this process on the running server's data."""
    monkeypatch.setenv("SOURCEBOOK_DATA", str(server.data))

    def run(*arguments: str, app: Any = erase.app) -> str:
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def test_an_export_holds_all_that_is_stored_about_a_person(
    server: Any, admin: httpx.Client, someone: Callable[..., Any], library: Any
) -> None:
    person = someone(member={library.collection: "reader"})
    server.with_token(["read"], person.client)
    talk = _ask(person.client, "How many days of annual leave do new employees receive?")
    answered = admin.get(f"/v1/users/{person.id}/export").raise_for_status()
    assert answered.headers["cache-control"] == "no-store"
    assert answered.headers["content-disposition"].startswith("attachment")
    found = answered.json()
    assert found["rows"]["users"][0]["name"] == person.name
    assert found["rows"]["access_tokens"][0]["name"] == "test"
    assert found["rows"]["grants"][0]["collection_id"] == library.collection
    assert found["rows"]["sessions"]
    assert [row["helpful"] for row in found["rows"]["answer_feedback"]] == [None]
    turn = found["conversations"][0]["turns"][0]
    assert found["conversations"][0]["id"] == talk
    assert "annual leave" in turn["question"]
    assert turn["citations"][0]["document"] == library.document
    actions = {entry["action"] for entry in found["audit_entries"]}
    assert {"session.start", "token.create", "user.create"} <= actions
    assert "hash" not in answered.text
    # The person may no longer read the source: nor do they get it by this way.
    admin.delete(f"/v1/collections/{library.collection}/members/{person.id}").raise_for_status()
    again = admin.get(f"/v1/users/{person.id}/export").json()
    assert again["conversations"][0]["turns"][0]["status"] == "withheld"
    assert library.text not in json.dumps(again)
    assert "user.export" in {entry["action"] for entry in again["audit_entries"]}


def test_an_erased_person_is_out_and_leaves_a_receipt(
    admin: httpx.Client, someone: Callable[..., Any], library: Any
) -> None:
    person, other = (someone(member={library.collection: "reader"}) for _ in range(2))
    talks = {_ask(who.client, "How many days of leave are there?") for who in (person, other)}
    receipt = admin.post(f"/v1/users/{person.id}/erasure").raise_for_status().json()
    listed = admin.get("/v1/erasures").raise_for_status().json()
    assert receipt in listed["items"]
    body = verify_receipt(json.dumps(receipt), listed["public_key"])
    assert (body["kind"], body["target"]) == ("person", person.id)
    owners = {lost["owner"] for lost in body["keys"]}
    assert len(owners & {f"conversation:{talk}" for talk in talks}) == 1
    assert body["rows"]["conversations"] == 1
    assert person.client.get("/v1/session").status_code == 401
    assert other.client.get("/v1/conversations").json()["items"]
    assert person.id not in {user["id"] for user in admin.get("/v1/users").json()["items"]}
    assert admin.get(f"/v1/users/{person.id}/export").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/users/{}/export"), ("POST", "/v1/users/{}/erasure"), ("GET", "/v1/erasures")],
)
def test_only_administrators_may(
    method: str, path: str, server: Any, admin: httpx.Client, someone: Callable[..., Any]
) -> None:
    editor = someone("editor")
    for client in (editor.client, server.with_token(["read", "ask"], admin)):
        assert client.request(method, path.format(editor.id)).status_code == 403
    assert server.browser().request(method, path.format(editor.id)).status_code in {401, 403}
    if "{}" in path:
        assert admin.request(method, path.format(ABSENT)).status_code == 404


def test_documents_and_people_are_erased_on_the_command_line_while_the_server_runs(
    admin: httpx.Client,
    own_library: Any,
    someone: Callable[..., Any],
    command: Callable[..., str],
    tmp_path: Path,
) -> None:
    word = f"leave {uuid4().hex}"
    person = someone("reader")
    file = tmp_path / "receipt"
    command("document", own_library.document, "--yes", "--receipt", str(file))
    document = verify_receipt(file.read_text())
    assert document["rows"] == {"documents": 1, "chunks": 1}
    assert document["keys"][0]["owner"] == f"document:{own_library.document}"
    assert admin.get(f"/v1/documents/{own_library.document}").status_code == 404
    form = {"query": word, "collections": [own_library.collection]}
    assert admin.post("/v1/search", json=form).json()["hits"] == []
    printed = command("person", person.id, "--yes")
    assert json.loads(printed)["target"] == person.id
    assert person.client.get("/v1/session").status_code == 401
    # All receipts, verified without the database but with the key that was kept.
    (tmp_path / "all").write_text(command("receipts"))
    key = command("public-key").strip()
    assert own_library.document in command("verify", str(tmp_path / "all"), "--public-key", key)
    (tmp_path / "all").write_text(file.read_text().replace('"chunks":1', '"chunks":2'))
    with pytest.raises(ReceiptInvalid):
        command("verify", str(tmp_path / "all"))


def test_nothing_is_erased_without_a_yes(
    admin: httpx.Client, library: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCEBOOK_DATA", str(server.data))
    done = CliRunner().invoke(erase.app, ["document", library.document])
    assert done.exit_code != 0
    assert "--yes" in done.output
    assert admin.get(f"/v1/documents/{library.document}").status_code == 200


def test_keys_and_rows_are_backed_up_apart(
    command: Callable[..., str], library: Any, tmp_path: Path
) -> None:

    app = typer.Typer()
    key_backups.add_to(app)
    app.command("database")(backup)
    keys, rows = tmp_path / "keys", tmp_path / "rows.db"
    command("backup", str(keys), app=app)
    command("database", str(rows), app=app)
    assert keys.stat().st_mode & 0o777 == 0o600
    copy = sqlite3.connect(rows)
    for table in KEY_TABLES:
        assert copy.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert copy.execute("SELECT count(*) FROM documents").fetchone() > (0,)
    copy.close()
    assert "0 keys are back" in command("restore", str(keys), app=app)
