"""Which holder of the key-encryption key the settings choose."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.first_start import prepare
from api.key_holders import key_file, key_provider
from api.settings import Settings
from api.wiring import open_database, tenant_id_of, utc_now
from security.audit import AuditLog
from security.errors import KeyUnavailable
from security.keyring import KeyRing
from security.keys import EnvironmentKeyProvider, FileKeyProvider, VaultKeyProvider
from security.rotation import KeyRotation
from tests.unit.security.keys.fake_vault import FakeVault, serving

PASSWORD = "a long password for tests"
KEY = base64.b64encode(bytes(range(100, 132))).decode()


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    with serving(FakeVault()) as running:
        yield running


def _settings(data: Path, vault: FakeVault | None = None, **keys: object) -> Settings:
    values = {"data": data, "admin_password": PASSWORD, "key": keys.pop("key", None)}
    section = {"vault": {"url": vault.url, "token": "root"}} if vault else {}
    return Settings.model_validate(values | {"security": {"keys": section | keys}})


def test_the_holder_is_what_is_configured(tmp_path: Path, vault: FakeVault) -> None:
    FileKeyProvider.create(tmp_path / "kek")
    plain = _settings(tmp_path).model_copy(update={"key_file": tmp_path / "kek"})
    assert isinstance(key_provider(plain), FileKeyProvider)
    assert isinstance(key_provider(_settings(tmp_path, key=KEY)), EnvironmentKeyProvider)
    assert isinstance(key_provider(_settings(tmp_path, vault)), VaultKeyProvider)


def test_of_two_holders_one_must_be_named(tmp_path: Path, vault: FakeVault) -> None:
    with pytest.raises(KeyUnavailable, match="KEYS__HOLDER"):
        key_provider(_settings(tmp_path, vault, key=KEY))
    both = _settings(tmp_path, vault, key=KEY, holder="environment")
    assert isinstance(key_provider(both), EnvironmentKeyProvider)


@pytest.mark.parametrize("holder", ["vault", "environment", "file"])
def test_a_named_holder_that_is_not_configured_is_not_replaced_by_another(
    tmp_path: Path, holder: str
) -> None:
    with pytest.raises(KeyUnavailable):
        key_provider(_settings(tmp_path, holder=holder))
    assert list(tmp_path.iterdir()) == []


def test_a_first_start_with_vault_writes_no_key(tmp_path: Path, vault: FakeVault) -> None:
    settings = _settings(tmp_path, vault)
    prepare(settings, lambda: None)
    assert not key_file(settings).exists()
    assert any("encrypt" in path for _, path, _ in vault.requests)


def test_keys_move_from_the_file_to_vault(tmp_path: Path, vault: FakeVault) -> None:
    prepare(_settings(tmp_path), lambda: None)
    for former in ("file", None):  # the second time without the file
        settings = _settings(tmp_path, vault, former_holder=former)
        database = open_database(settings)
        try:
            keyring = KeyRing(key_provider(settings), utc_now)
            rotation = KeyRotation(database, keyring, AuditLog(keyring, utc_now), utc_now)
            with database.reading() as session:
                tenant_id = tenant_id_of(session)
                assert tenant_id is not None
                keyring.tenant(session, tenant_id)
            list(rotation.rewrap(tenant_id))
        finally:
            database.close()
        key_file(settings).unlink(missing_ok=True)
