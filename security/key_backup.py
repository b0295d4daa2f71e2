"""A copy of all wrapped keys in a file of its own, which is refused after some days.

The keys leave the database so that its backups need not hold them: a backup of the database alone
is then unreadable for good once the keys that belong to it are destroyed and the last file like
this one is too old. The file is a line of JSON (when made, when it ends, and a key wrapped by the
key-encryption key), then the rows as JSON lines, sealed by that key. Both times are bound to it.
"""

import base64
import io
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Final

from security.aead import KEY_BYTES, Key
from security.cipher import Cipher
from security.errors import BackupExpired, BackupInvalid, DecryptionFailed
from security.keys import KeyProvider
from security.places import Place, length_prefixed
from security.sealed_file import SealedFileReader, seal_file

FORMAT: Final = "sourcebook-keys-1"
DAYS_MAX: Final = 30
_HEAD_BYTES_MAX: Final = 16_384
_CLOCKS_APART: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A row of `tenant_keys` (with a version) or `wrapped_keys` (with an owner)."""

    tenant_id: str
    name: str | int
    wrapped: bytes
    created_at: datetime


def write_backup(
    provider: KeyProvider, keys: Iterable[StoredKey], made_at: datetime, days: int
) -> Iterator[bytes]:
    """Yield a backup file that can be restored for `days`, 30 at most."""
    if not 0 < days <= DAYS_MAX:
        message = f"a backup of keys lasts 1 to {DAYS_MAX} days"
        raise ValueError(message)
    times = made_at.isoformat(), (made_at + timedelta(days=days)).isoformat()
    secret = os.urandom(KEY_BYTES)
    wrapped = base64.b64encode(provider.wrap(_bound(*times), secret)).decode()
    head = {"format": FORMAT, "made_at": times[0], "expires_at": times[1], "key": wrapped}
    yield json.dumps(head).encode() + b"\n"
    lines = "".join(_line(key) for key in keys).encode()
    yield from seal_file(_cipher(secret), _place(*times), io.BytesIO(lines))


def read_backup(provider: KeyProvider, file: BinaryIO, now: datetime) -> list[StoredKey]:
    """Return the keys of a backup.

    Raises:
        BackupInvalid: not such a file, or altered.
        BackupExpired: too old, or it claims to last longer than any may.
        KeyUnavailable: it was made under another key-encryption key.
    """
    head = _head(file)
    times = head["made_at"], head["expires_at"]
    made_at, expires_at = map(datetime.fromisoformat, times)
    _check_age(made_at, expires_at, now)
    secret = provider.unwrap(_bound(*times), base64.b64decode(head["key"]))
    sealed = io.BytesIO(file.read())
    try:
        with SealedFileReader(_cipher(secret), _place(*times), sealed) as reader:
            lines = io.BufferedReader(reader).readlines()
    except DecryptionFailed:
        raise BackupInvalid from None
    return [_key(json.loads(line)) for line in lines]


def _head(file: BinaryIO) -> dict[str, str]:
    try:
        head: dict[str, str] = json.loads(file.readline(_HEAD_BYTES_MAX))
        if head["format"] != FORMAT:
            raise BackupInvalid
        for time in (head["made_at"], head["expires_at"]):
            if datetime.fromisoformat(time).tzinfo is None:
                raise BackupInvalid
        base64.b64decode(head["key"], validate=True)
    except (ValueError, KeyError, TypeError):
        raise BackupInvalid from None
    return head


def _check_age(made_at: datetime, expires_at: datetime, now: datetime) -> None:
    lasts_too_long = expires_at - made_at > timedelta(days=DAYS_MAX)
    if lasts_too_long or now >= expires_at or made_at > now + _CLOCKS_APART:
        raise BackupExpired


def _line(key: StoredKey) -> str:
    values: dict[str, Any] = {
        "tenant": key.tenant_id,
        "name": key.name,
        "wrapped": base64.b64encode(key.wrapped).decode(),
        "created_at": key.created_at.isoformat(),
    }
    return json.dumps(values) + "\n"


def _key(values: dict[str, Any]) -> StoredKey:
    created_at = datetime.fromisoformat(values["created_at"])
    wrapped = base64.b64decode(values["wrapped"])
    return StoredKey(values["tenant"], values["name"], wrapped, created_at)


def _cipher(secret: bytes) -> Cipher:
    return Cipher("", Key(secret))


def _place(made_at: str, expires_at: str) -> Place:
    return Place("key backup", made_at, expires_at)


def _bound(made_at: str, expires_at: str) -> bytes:
    return length_prefixed("key backup", made_at, expires_at)
