import io
import struct
import zipfile

import pytest

from ingest.archives import admit
from ingest.errors import ArchiveRefused, DocumentDamaged, DocumentEncrypted
from ingest.settings import ArchiveLimits

MIB = 1024 * 1024


def packed(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def refuse(data: bytes, limits: ArchiveLimits | None = None) -> None:
    with pytest.raises(ArchiveRefused):
        admit(io.BytesIO(data), limits or ArchiveLimits())


def test_an_ordinary_container_is_admitted() -> None:
    data = packed({"a.xml": b"<a/>", "b/c.xml": b"<b/>"})
    assert admit(io.BytesIO(data), ArchiveLimits()) == ["a.xml", "b/c.xml"]


def test_a_bomb_is_refused_by_its_ratio() -> None:
    refuse(packed({"word/document.xml": bytes(16 * MIB)}))


def test_the_sum_of_sizes_is_bounded() -> None:
    refuse(packed({"a.bin": b"0123456789" * 9}), ArchiveLimits(unpacked_bytes_max=80))


def test_the_number_of_entries_is_bounded() -> None:
    refuse(packed({f"{i}.xml": b"" for i in range(20)}), ArchiveLimits(entries_max=10))


def test_a_large_directory_is_refused_before_it_is_read() -> None:
    refuse(packed({"a.xml": b"x"}), ArchiveLimits(directory_bytes_max=10))


def test_two_entries_of_one_name_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.xml", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.xml", b"2")
    refuse(buffer.getvalue())


def test_entries_that_share_bytes_are_refused() -> None:
    data = bytearray(packed({"a.xml": b"x" * 500, "b.xml": b"x" * 500}))
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    struct.pack_into("<I", data, second + 42, 0)  # the offset of the first entry
    refuse(bytes(data))


def test_an_encrypted_entry_asks_for_the_password_to_be_removed() -> None:
    data = bytearray(packed({"a.xml": b"x"}))
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + 8, 1)
    with pytest.raises(DocumentEncrypted):
        admit(io.BytesIO(bytes(data)), ArchiveLimits())


@pytest.mark.parametrize("keep", [0, 4, 60, -10])
def test_a_truncated_container_is_damaged(keep: int) -> None:
    with pytest.raises(DocumentDamaged):
        admit(io.BytesIO(packed({"a.xml": b"x" * 500})[:keep]), ArchiveLimits())
