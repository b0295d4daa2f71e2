"""What every blob store promises, and what the one on disk promises beyond that."""

import errno
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.blobs import DiskBlobStore
from storage.errors import BlobMissing, InvalidBlobName, StorageFull


class BlobStoreConformance:
    """Inherited by the tests of each store; they bring the `store` fixture."""

    def test_gives_back_what_was_put(self, store: DiskBlobStore) -> None:
        assert store.put("ab12.content", [b"one ", b"", b"two"]) == 7
        with store.open("ab12.content") as blob:
            assert blob.read() == b"one two"

    def test_reads_from_any_offset(self, store: DiskBlobStore) -> None:
        store.put("ab12.content", [b"0123456789"])
        with store.open("ab12.content") as blob:
            blob.seek(7)
            assert blob.read(2) == b"78"

    def test_put_replaces(self, store: DiskBlobStore) -> None:
        store.put("ab12.content", [b"a longer first one"])
        store.put("ab12.content", [b"second"])
        with store.open("ab12.content") as blob:
            assert blob.read() == b"second"

    def test_empty_blob(self, store: DiskBlobStore) -> None:
        assert store.put("ab12.content", []) == 0
        with store.open("ab12.content") as blob:
            assert blob.read() == b""

    def test_missing(self, store: DiskBlobStore) -> None:
        with pytest.raises(BlobMissing):
            store.open("ab12.content")

    def test_delete_is_idempotent(self, store: DiskBlobStore) -> None:
        store.put("ab12.content", [b"x"])
        store.delete("ab12.content")
        store.delete("ab12.content")
        assert list(store.names()) == []

    def test_names(self, store: DiskBlobStore) -> None:
        names = {"ab12.content", "ab12.1.text", "cd34.content", "7"}
        for name in names:
            store.put(name, [b"x"])
        assert set(store.names()) == names

    @pytest.mark.parametrize(
        "name",
        [
            "",
            ".",
            "..",
            "../up",
            "/etc/passwd",
            "a/b",
            "a\\b",
            "a..b",
            ".a",
            "a.",
            "a\0",
            "a\n",
            "A",
            "ä",
        ],
    )
    def test_refuses_names(self, store: DiskBlobStore, name: str) -> None:
        for use in (lambda: store.put(name, [b"x"]), lambda: store.open(name)):
            with pytest.raises(InvalidBlobName):
                use()
        with pytest.raises(InvalidBlobName):
            store.delete(name)

    def test_broken_off_put_leaves_nothing(self, store: DiskBlobStore) -> None:
        def pieces() -> Iterator[bytes]:
            yield b"half"
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            store.put("ab12.content", pieces())
        assert list(store.names()) == []

    def test_broken_off_put_keeps_the_old_one(self, store: DiskBlobStore) -> None:
        def pieces() -> Iterator[bytes]:
            yield b"half"
            raise ConnectionResetError

        store.put("ab12.content", [b"old"])
        with pytest.raises(ConnectionResetError):
            store.put("ab12.content", pieces())
        with store.open("ab12.content") as blob:
            assert blob.read() == b"old"


class TestDiskBlobStore(BlobStoreConformance):
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "blobs"

    @pytest.fixture
    def store(self, folder: Path) -> DiskBlobStore:
        return DiskBlobStore(folder)

    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
    @pytest.mark.parametrize("call", ["fsync", "replace"])
    def test_full_disk(
        self,
        store: DiskBlobStore,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        code: int,
        call: str,
    ) -> None:
        def full(*_arguments: object) -> None:
            raise OSError(code, os.strerror(code))

        where = "storage.blobs.os.fsync" if call == "fsync" else "pathlib.Path.replace"
        monkeypatch.setattr(where, full)
        with pytest.raises(StorageFull) as caught:
            store.put("ab12.content", [b"bytes"])
        assert caught.value.status == 507
        assert [path for path in folder.rglob("*") if path.is_file()] == []

    def test_really_full_disk(self, store: DiskBlobStore) -> None:
        if not Path("/dev/full").exists():
            pytest.skip("/dev/full exists on Linux only")

        def pieces() -> Iterator[bytes]:
            with Path("/dev/full").open("wb", buffering=0) as full:
                full.write(b"x")
            yield b""

        with pytest.raises(StorageFull):
            store.put("ab12.content", pieces())

    def test_other_errors_stay_what_they_are(
        self, store: DiskBlobStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_handle: int) -> None:
            raise OSError(errno.EIO, "broken")

        monkeypatch.setattr("storage.blobs.os.fsync", broken)
        with pytest.raises(OSError, match="broken"):
            store.put("ab12.content", [b"x"])

    def test_is_on_the_disk_before_it_has_its_name(
        self, store: DiskBlobStore, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        named_at_sync: list[bool] = []
        sync = os.fsync

        def watch(handle: int) -> None:
            named_at_sync.append((folder / "ab" / "ab12.content").exists())
            sync(handle)

        monkeypatch.setattr("storage.blobs.os.fsync", watch)
        store.put("ab12.content", [b"x"])
        # The bytes, the new folder's name, and last the blob's own name.
        assert named_at_sync == [False, False, True]

    def test_removes_only_old_partials(self, store: DiskBlobStore, folder: Path) -> None:
        old, young = folder / "partial" / "old", folder / "partial" / "young"
        for path in (old, young):
            path.write_bytes(b"x")
        now = datetime.now(UTC)
        os.utime(old, ((now - timedelta(days=2)).timestamp(),) * 2)
        assert store.remove_partials(now - timedelta(days=1)) == 1
        assert not old.exists()
        assert young.exists()

    def test_only_the_owner_may_read(self, store: DiskBlobStore, folder: Path) -> None:
        store.put("ab12.content", [b"x"])
        modes = {path.stat().st_mode & 0o077 for path in (folder / "ab").rglob("*")}
        assert modes == {0}
        assert (folder / "ab").stat().st_mode & 0o077 == 0
