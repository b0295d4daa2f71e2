"""A Vault that is not one."""

from collections.abc import Iterator

import pytest

from security.settings import VaultSettings
from tests.unit.security.keys.fake_vault import FakeVault, serving


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    with serving(FakeVault()) as running:
        yield running


@pytest.fixture
def vault_settings(vault: FakeVault) -> VaultSettings:
    return VaultSettings(url=vault.url, token="root")  # type: ignore[arg-type]
