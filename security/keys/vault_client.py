"""Talking to Vault: connection, sign-in, and its failures in words."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import hvac
import requests
from hvac import exceptions
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from security.errors import KeyUnavailable
from security.keys.port import WRONG_KEY
from security.settings import VaultSettings

_BUSY: Final = (412, 429, 502, 503, 504)
_FIRST_PAUSE_SECONDS: Final = 0.1
_SETTINGS: Final = "SOURCEBOOK_SECURITY__KEYS__VAULT__"
_UNREACHABLE: Final = (
    f"Vault cannot be reached. Check that it runs, and {_SETTINGS}URL and {_SETTINGS}CA_FILE."
)
_UNTRUSTED: Final = (
    f"Vault's certificate is not trusted. Name the authority's certificate in {_SETTINGS}CA_FILE."
)
_UNREADABLE: Final = (
    "The file of Vault's token or secret id cannot be read, or is empty. Write it, readable by "
    "this server only."
)
_SAYING: Final[Mapping[type[Exception], str]] = {
    exceptions.Unauthorized: "Vault does not accept the sign-in. Give it a valid token or role.",
    exceptions.Forbidden: "Vault refuses this token. Let its policy read the key and update "
    "`encrypt` and `decrypt` of it, and check that the token has not expired.",
    exceptions.InvalidPath: "Vault has no such key or engine. Create the key with "
    "`vault write -f transit/keys/sourcebook`, and check the settings MOUNT, KEY and NAMESPACE.",
    exceptions.InvalidRequest: "Vault refuses the request. Check the settings MOUNT and KEY.",
    exceptions.RateLimitExceeded: "Vault is too busy. Try again later.",
    exceptions.VaultDown: "Vault is sealed or in maintenance. Unseal it.",
    exceptions.VaultNotInitialized: "Vault is not initialised.",
}
_ODD: Final = "Vault gave an answer that is not understood. Look into its log."


@dataclass(frozen=True, slots=True)
class TransitKey:
    """A key in Vault, without its bytes."""

    kind: str
    is_derived: bool
    newest_version: int


class VaultClient:
    """Asks one key of one transit engine; signs in again when its token is no longer good.

    Safe to share between threads.

    Raises:
        KeyUnavailable: from every method, whatever goes wrong, in words.
    """

    def __init__(self, settings: VaultSettings) -> None:
        self._settings = settings
        self._client = hvac.Client(
            url=settings.url,
            token="",  # None would make it look for one in the environment and the home folder
            timeout=settings.timeout_seconds,
            namespace=settings.namespace,
            session=_session(settings),
            allow_redirects=False,  # a token goes to the configured address only
        )

    def encrypt(self, plaintext: bytes, associated: bytes) -> str:
        """Return Vault's ciphertext, such as "vault:v2:…"."""
        answer = self._asked(
            "encrypt_data", plaintext=_base64(plaintext), associated_data=_base64(associated)
        )
        return str(_field(answer, "ciphertext"))

    def decrypt(self, ciphertext: str, associated: bytes) -> bytes:
        """Return the plaintext."""
        answer = self._asked(
            "decrypt_data",
            saying={exceptions.InvalidRequest: WRONG_KEY},
            ciphertext=ciphertext,
            associated_data=_base64(associated),
        )
        try:
            return base64.b64decode(_field(answer, "plaintext"), validate=True)
        except ValueError:
            raise KeyUnavailable(_ODD) from None

    def key(self) -> TransitKey:
        """Return what Vault tells about the key."""
        answer = self._asked("read_key")
        return TransitKey(
            kind=str(_field(answer, "type")),
            is_derived=bool(_field(answer, "derived")),
            newest_version=int(_field(answer, "latest_version")),
        )

    def rotate(self) -> None:
        """Add a version, which encrypts from now on."""
        self._asked("rotate_key")

    def refuse_versions_below(self, version: int) -> None:
        """Let Vault decrypt nothing of older versions any more."""
        self._asked("update_key_configuration", min_decryption_version=version)

    def _asked(
        self, call: str, *, saying: Mapping[type[Exception], str] | None = None, **values: object
    ) -> Any:
        words = {**_SAYING, **(saying or {})}
        if not self._client.token:
            self._sign_in()
        try:
            return self._call(call, values)
        except (exceptions.Forbidden, exceptions.Unauthorized):
            self._sign_in()
        except Exception as error:  # noqa: BLE001 - every kind becomes a KeyUnavailable
            raise _failure(error, words) from None
        try:
            return self._call(call, values)
        except Exception as error:  # noqa: BLE001 - as above
            raise _failure(error, words) from None

    def _call(self, call: str, values: Mapping[str, object]) -> Any:
        transit = self._client.secrets.transit
        settings = self._settings
        return getattr(transit, call)(name=settings.key, mount_point=settings.mount, **values)

    def _sign_in(self) -> None:
        settings = self._settings
        if settings.role_id is None:
            self._client.token = _secret(settings.token, settings.token_file)
            return
        secret_id = _secret(settings.secret_id, settings.secret_id_file)
        login = self._client.auth.approle.login
        try:
            login(settings.role_id, secret_id, mount_point=settings.approle_mount)
        except Exception as error:  # noqa: BLE001 - as above
            refused = {exceptions.InvalidRequest: _SAYING[exceptions.Unauthorized]}
            raise _failure(error, {**_SAYING, **refused}) from None


def _session(settings: VaultSettings) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy and no password file of the environment
    session.verify = str(settings.ca_file) if settings.ca_file else True
    retry = Retry(
        total=settings.retries_max,
        backoff_factor=_FIRST_PAUSE_SECONDS,
        status_forcelist=_BUSY,
        allowed_methods=None,  # also POST: to encrypt or decrypt twice does no harm
        raise_on_status=False,
        respect_retry_after_header=False,  # a request does not wait for minutes
    )
    session.mount("https://", HTTPAdapter(max_retries=retry))
    session.mount("http://", HTTPAdapter(max_retries=retry))
    return session


def _secret(value: SecretStr | None, file: Path | None) -> str:
    if value is not None:
        return value.get_secret_value().strip()
    try:
        found = file.read_text().strip() if file else ""
    except (OSError, UnicodeDecodeError):
        found = ""
    if not found:
        raise KeyUnavailable(_UNREADABLE)
    return found


def _failure(error: Exception, words: Mapping[type[Exception], str]) -> KeyUnavailable:
    # Vault's own message may quote what was sent, so it goes no further.
    if isinstance(error, requests.exceptions.SSLError):
        return KeyUnavailable(_UNTRUSTED)
    if isinstance(error, requests.RequestException):
        return KeyUnavailable(_UNREACHABLE)
    return KeyUnavailable(words.get(type(error), _ODD))


def _field(answer: Any, name: str) -> Any:
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict) or name not in data:
        raise KeyUnavailable(_ODD)
    return data[name]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
