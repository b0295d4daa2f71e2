"""Backups of keys: sealed, bound to their times, and refused when they are too old."""

import base64
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.errors import BackupExpired, KeyUnavailable, SecurityError
from security.key_backup import StoredKey, read_backup, write_backup
from security.keys import EnvironmentKeyProvider

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PROVIDER = EnvironmentKeyProvider(base64.b64encode(bytes(range(100, 132))).decode())
OTHER = EnvironmentKeyProvider(base64.b64encode(bytes(range(101, 133))).decode())
KEYS = [StoredKey("t1", 1, b"\x01version", NOW), StoredKey("t1", "document:d", b"\x02key", NOW)]


def _written(days: int = 30, made_at: datetime = NOW) -> bytes:
    return b"".join(write_backup(PROVIDER, KEYS, made_at, days))


def _read(content: bytes, now: datetime = NOW) -> list[StoredKey]:
    return read_backup(PROVIDER, io.BytesIO(content), now)


def test_keys_come_back_as_they_were_until_the_last_day() -> None:
    assert _read(_written()) == KEYS
    assert _read(_written(), NOW + timedelta(days=30, seconds=-1)) == KEYS


def test_nothing_readable_stands_in_it_but_its_times() -> None:
    _, _, sealed = _written().partition(b"\n")
    assert b"document" not in sealed
    assert b"t1" not in _written().partition(b"\n")[0]


@pytest.mark.parametrize(("days", "age"), [(30, 30), (30, 400), (1, 1), (7, 8)])
def test_one_that_is_too_old_is_refused(days: int, age: int) -> None:
    with pytest.raises(BackupExpired):
        _read(_written(days), NOW + timedelta(days=age))


def test_one_from_the_future_is_refused_and_a_clock_a_little_apart_is_not() -> None:
    assert _read(_written(), NOW - timedelta(hours=20)) == KEYS
    with pytest.raises(BackupExpired):
        _read(_written(), NOW - timedelta(days=2))


@pytest.mark.parametrize("days", [0, -1, 31, 365])
def test_none_is_written_for_longer(days: int) -> None:
    with pytest.raises(ValueError, match="30 days"):
        _written(days)


@pytest.mark.parametrize("name", ["made_at", "expires_at"])
def test_its_times_cannot_be_moved(name: str) -> None:
    line, _, sealed = _written(20).partition(b"\n")
    head = json.loads(line)
    head[name] = (datetime.fromisoformat(head[name]) + timedelta(hours=-1)).isoformat()
    with pytest.raises(KeyUnavailable):
        _read(json.dumps(head).encode() + b"\n" + sealed)


def test_one_that_claims_to_last_longer_is_refused_even_if_it_were_sealed_so() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("security.key_backup.DAYS_MAX", 400)
        long = _written(400)
    with pytest.raises(BackupExpired):
        _read(long)


def test_another_key_encryption_key_does_not_open_it() -> None:
    with pytest.raises(KeyUnavailable):
        read_backup(OTHER, io.BytesIO(_written()), NOW)


@given(st.data())
def test_a_bit_flipped_or_a_cut_is_found(data: st.DataObject) -> None:
    content = bytearray(_written())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        bit = data.draw(st.integers(0, len(content) * 8 - 1))
        content[bit // 8] ^= 1 << bit % 8
    try:
        found = _read(bytes(content))
    except SecurityError:
        return
    assert found == KEYS  # a bit of the head that means nothing, such as a space


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"[]\n", b"SQLite format 3\x00", b"1\n"])
def test_what_is_no_backup_is_refused(content: bytes) -> None:
    with pytest.raises(SecurityError):
        _read(content)
