"""Who holds the key-encryption key, as the settings say."""

from pathlib import Path

from api.settings import Settings
from security.errors import KeyUnavailable
from security.keys import (
    EnvironmentKeyProvider,
    FileKeyProvider,
    KeyProvider,
    MovedKeyProvider,
    VaultKeyProvider,
)
from security.settings import KeyHolder


def key_file(settings: Settings) -> Path:
    """Where the key-encryption key lies unless someone else holds it."""
    return settings.key_file or settings.data / "keys" / "kek"


def key_holder(settings: Settings) -> KeyHolder:
    """Say who holds the key-encryption key.

    Raises:
        KeyUnavailable: two are configured, and none is named.

    """
    keys = settings.security.keys
    if keys.holder is not None:
        return keys.holder
    if keys.vault.url is not None and settings.key is not None:
        detail = (
            "Both SOURCEBOOK_KEY and Vault are configured. Say in "
            "SOURCEBOOK_SECURITY__KEYS__HOLDER which of them holds the key-encryption key."
        )
        raise KeyUnavailable(detail)
    if keys.vault.url is not None:
        return "vault"
    return "file" if settings.key is None else "environment"


def key_provider(settings: Settings) -> KeyProvider:
    """Open the holder of the key-encryption key, and the former one while keys move.

    Raises:
        KeyUnavailable: the key is missing, unsafe or malformed, or its holder cannot be asked.

    """
    holder, former = key_holder(settings), settings.security.keys.former_holder
    present = _opened(settings, holder)
    if former is None or former == holder:
        return present
    return MovedKeyProvider(present, _opened(settings, former))


def _opened(settings: Settings, holder: KeyHolder) -> KeyProvider:
    if holder == "vault":
        if settings.security.keys.vault.url is None:
            detail = "SOURCEBOOK_SECURITY__KEYS__VAULT__URL is missing: say where Vault is."
            raise KeyUnavailable(detail)
        return VaultKeyProvider(settings.security.keys.vault)
    if holder == "environment":
        previous = settings.previous_key
        return EnvironmentKeyProvider(
            settings.key.get_secret_value() if settings.key else "",
            previous.get_secret_value() if previous else None,
        )
    return FileKeyProvider(key_file(settings))
