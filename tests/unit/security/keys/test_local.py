import base64
import os
from pathlib import Path

import pytest

from security.errors import KeyUnavailable
from security.keys import EnvironmentKeyProvider, FileKeyProvider, KeyProvider
from tests.unit.security.keys.conformance import KeyProviderConformance

ENCODED = base64.b64encode(bytes(range(100, 132))).decode()


class TestFile(KeyProviderConformance):
    @pytest.fixture
    def provider(self, tmp_path: Path) -> KeyProvider:
        return FileKeyProvider.create(tmp_path / "kek")

    @pytest.fixture
    def reopened(self, provider: KeyProvider, tmp_path: Path) -> KeyProvider:
        return FileKeyProvider(tmp_path / "kek")


class TestEnvironment(KeyProviderConformance):
    @pytest.fixture
    def provider(self) -> KeyProvider:
        return EnvironmentKeyProvider(ENCODED)

    @pytest.fixture
    def reopened(self) -> KeyProvider:
        return EnvironmentKeyProvider(ENCODED)


def test_a_running_process_wraps_with_the_key_that_replaced_its_own(tmp_path: Path) -> None:
    running = FileKeyProvider.create(tmp_path / "kek")
    replacing = FileKeyProvider(tmp_path / "kek")
    replacing.replace()
    wrapped = running.wrap(b"tenant", b"k" * 32)
    replacing.retire()
    assert replacing.unwrap(b"tenant", wrapped) == b"k" * 32


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "changeme",
        "not base64 at all!",
        "schlüssel",
        base64.b64encode(bytes(31)).decode(),
        base64.b64encode(bytes(range(100, 131))).decode(),
        base64.b64encode(bytes(32)).decode(),
        base64.b64encode(b"change-me-change-me-change-me-ab").decode(),
        base64.b64encode(b"abcdefghijklmnopqrstuvwxyz012345").decode(),
    ],
)
def test_placeholders_and_short_keys_are_refused(encoded: str) -> None:
    with pytest.raises(KeyUnavailable, match="openssl rand"):
        EnvironmentKeyProvider(encoded)


def test_the_value_may_end_in_a_line_break() -> None:
    wrapped = EnvironmentKeyProvider(ENCODED).wrap(b"", b"k" * 32)
    assert EnvironmentKeyProvider(ENCODED + "\n").unwrap(b"", wrapped) == b"k" * 32


def test_a_created_file_is_private_and_alone_in_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    created = FileKeyProvider.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == 32
    assert list(tmp_path.iterdir()) == [path]
    assert FileKeyProvider(path).unwrap(b"", created.wrap(b"", b"k" * 32)) == b"k" * 32


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    FileKeyProvider.create(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        FileKeyProvider.create(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "kek"
    FileKeyProvider.create(path)
    path.chmod(mode)
    with pytest.raises(KeyUnavailable, match="chmod 600"):
        FileKeyProvider(path)


def test_a_missing_file_is_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="backup"):
        FileKeyProvider(tmp_path / "kek")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_file_of_another_size_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "kek"
    path.write_bytes(os.urandom(length))
    path.chmod(0o600)
    with pytest.raises(KeyUnavailable):
        FileKeyProvider(path)
