"""`sourcebook service-accounts`, on the server's own command line."""

import json
from pathlib import Path

import pytest
from joserfc.jwk import ECKey
from typer.testing import CliRunner, Result

from api.cli import service_accounts
from api.first_start import prepare
from api.settings import Settings
from security.errors import InvalidInput, NameTaken, NotFound

PASSWORD = "a long password for tests"


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCEBOOK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SOURCEBOOK_ADMIN_PASSWORD", PASSWORD)
    monkeypatch.setenv("SOURCEBOOK_SECURITY__PASSWORDS__MEMORY_KIB", "8")
    monkeypatch.setenv("SOURCEBOOK_SECURITY__PASSWORDS__LANES", "1")
    prepare(Settings(), lambda: None)


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(service_accounts.app, arguments)


def _client_id(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output.split()[2]


def test_an_account_is_created_listed_renewed_and_deleted() -> None:
    made = _run("create", "nightly import", "--role", "editor", "--days", "30")
    client_id = _client_id(made)
    assert "sbs_" in made.output
    listed = _run("list").output
    for word in (client_id, "nightly import", "editor", "secret"):
        assert word in listed
    assert "sbs_" not in listed
    renewed = _run("rotate-secret", client_id).output
    assert "sbs_" in renewed
    assert renewed.split()[-1] not in made.output
    assert _run("delete", client_id).exit_code == 0
    assert client_id not in _run("list").output
    assert isinstance(_run("delete", client_id).exception, NotFound)


def test_a_key_takes_the_place_of_a_secret(tmp_path: Path) -> None:
    pair, file = ECKey.generate_key("P-256"), tmp_path / "key.json"
    file.write_text(json.dumps(pair.as_dict(private=False)))
    made = _run("create", "signer", "--public-jwk", str(file))
    assert "sbs_" not in made.output
    assert "key" in _run("list").output
    file.write_text(json.dumps(pair.as_dict(private=True)))
    assert isinstance(_run("create", "x", "--public-jwk", str(file)).exception, InvalidInput)
    for broken in ("[]", "{"):
        file.write_text(broken)
        assert _run("create", "x", "--public-jwk", str(file)).exit_code == 2


def test_a_name_is_taken_once() -> None:
    _client_id(_run("create", "job"))
    assert isinstance(_run("create", "job").exception, NameTaken)
