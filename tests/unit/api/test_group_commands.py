"""Groups and permissions on the server's own command line, as `operator`."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import groups, permissions
from api.cli.operator import OperatorDesk, opened
from api.first_start import prepare
from api.settings import Settings
from api.wiring import open_blobs, utc_now
from ingest.service import DocumentService
from security.accounts import Accounts
from security.passwords import Passwords
from security.settings import PasswordSettings

PASSWORD = "a long password for tests"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a new data folder; a refusal is raised as it is."""
    monkeypatch.setenv("SOURCEBOOK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SOURCEBOOK_ADMIN_PASSWORD", PASSWORD)
    monkeypatch.setenv("COLUMNS", "200")
    prepare(Settings(), lambda: None)

    def start(app: object, *arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, catch_exceptions=False)  # type: ignore[arg-type]

    return start


def _document(desk: OperatorDesk) -> str:
    service = DocumentService(
        blobs=open_blobs(desk.settings),
        keyring=desk.keyring,
        audit=desk.audit,
        collections=desk.collections(),
        clock=utc_now,
        limits=desk.settings.upload,
        archive=desk.settings.parsing.archive,
    )
    made = desk.collections().create(desk.session, desk.operator, "Contracts")
    content = BytesIO(b"Rent is due on the first.")
    stored = service.upload(desk.session, desk.operator, made.id, "rent.txt", content)
    return stored.document.id


def _person(desk: OperatorDesk) -> str:
    hashing = Passwords(PasswordSettings(memory_kib=8, passes=1, lanes=1))
    accounts = Accounts(hashing, desk.audit, utc_now)
    return accounts.create_user(desk.session, desk.operator, "bob", PASSWORD, None).id


def test_a_group_is_made_filled_granted_and_deleted(run: Run) -> None:
    with opened() as desk:
        bob = _person(desk)
        _document(desk)
    group = run(groups.app, "create", "Legal").stdout.strip()
    run(groups.app, "add", "Legal", "bob")
    run(groups.app, "grant", group, "editor", "--collection", "Contracts")
    run(groups.app, "grant", group, "auditor")
    assert bob in run(groups.app, "members", "Legal").stdout
    run(groups.app, "rename", "Legal", "Law")
    (row,) = [line for line in run(groups.app, "list").stdout.splitlines() if group in line]
    assert [part.strip() for part in row.split("│")[1:-1]] == [
        group,
        "Law",
        "local",
        "auditor",
        "1",
    ]
    run(groups.app, "revoke", "Law", "--collection", "Contracts")
    run(groups.app, "remove", "Law", bob)
    assert bob not in run(groups.app, "members", "Law").stdout
    run(groups.app, "delete", "Law")
    assert group not in run(groups.app, "list").stdout


def test_a_document_s_lists_are_set_by_names(run: Run) -> None:
    with opened() as desk:
        bob, document = _person(desk), _document(desk)
    group = run(groups.app, "create", "Legal").stdout.strip()
    assert "collection:" in run(permissions.app, "show", document).stdout
    run(
        permissions.app,
        "set",
        document,
        "--allow",
        "group:Legal",
        "--allow",
        "role:editor",
        "--deny",
        "user:bob",
    )
    shown = run(permissions.app, "show", document).stdout
    rows = [[part.strip() for part in line.split("│")[1:-1]] for line in shown.splitlines()]
    assert [row for row in rows if row] == [
        ["allow", f"group:{group}", "Legal"],
        ["allow", "role:editor", ""],
        ["deny", f"user:{bob}", "bob"],
    ]


def test_what_there_is_not_is_refused(run: Run) -> None:
    run(groups.app, "create", "Legal")
    for arguments in (("members", "Nobody"), ("add", "Legal", "nobody")):
        with pytest.raises(LookupError, match="There is no"):
            run(groups.app, *arguments)
    assert run(groups.app, "grant", "Legal", "king").exit_code == 2
