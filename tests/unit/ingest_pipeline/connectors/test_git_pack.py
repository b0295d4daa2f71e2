"""The reader of packs: all that Git packs, and nothing that is hostile."""

import hashlib
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.connectors.git.delta import apply_delta
from ingest.connectors.git.errors import GitError, NotGit, PackTooLarge
from ingest.connectors.git.pack import read_pack
from ingest.connectors.git.pkt_line import DELIMITER, FLUSH, line, lines
from ingest.connectors.git.trees import files_of

MIB = 1024 * 1024
BLOB, OFFSET_DELTA, NAMED_DELTA = 3, 6, 7


def head(kind: int, size: int) -> bytes:
    byte, size = kind << 4 | size & 15, size >> 4
    written = bytearray()
    while size:
        written.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    return bytes([*written, byte])


def number(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def pack(*entries: bytes) -> bytes:
    body = b"PACK" + struct.pack(">II", 2, len(entries)) + b"".join(entries)
    return body + hashlib.sha1(body).digest()


def blob(content: bytes, size: int | None = None) -> bytes:
    return head(BLOB, len(content) if size is None else size) + zlib.compress(content)


def named(kind: str, content: bytes) -> bytes:
    return hashlib.sha1(b"%s %d\0%s" % (kind.encode(), len(content), content)).digest()


def copy_of(base: bytes, times: int) -> bytes:
    orders = b"\xb0" + struct.pack("<H", len(base)) if base else b""
    return number(len(base)) + number(len(base) * times) + orders * times


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_what_is_packed_is_unpacked(contents: list[bytes]) -> None:
    found = read_pack(pack(*map(blob, contents)), "sha1", MIB)
    assert found == {named("blob", content): content for content in contents}


@pytest.mark.parametrize("base", [b"x" * 100, bytes(range(256)) * 40])
def test_a_delta_is_applied_wherever_its_base_is(base: bytes) -> None:
    delta = zlib.compress(copy_of(base, 3))
    size = len(copy_of(base, 3))
    by_name = head(NAMED_DELTA, size) + named("blob", base) + delta
    expected = {named("blob", base): base, named("blob", base * 3): base * 3}
    assert read_pack(pack(by_name, blob(base)), "sha1", MIB) == expected
    back = len(blob(base))
    offset = bytes([back]) if back < 0x80 else bytes([(back >> 7) - 1 | 0x80, back & 0x7F])
    by_offset = head(OFFSET_DELTA, size) + offset + delta
    assert read_pack(pack(blob(base), by_offset), "sha1", MIB) == expected


def test_a_small_pack_of_much_is_refused_before_it_is_made() -> None:
    with pytest.raises(PackTooLarge):
        read_pack(pack(blob(bytes(2 * MIB))), "sha1", MIB)
    base = b"x" * 60_000
    bomb = copy_of(base, 1_000)
    entry = head(NAMED_DELTA, len(bomb)) + named("blob", base) + zlib.compress(bomb)
    with pytest.raises(PackTooLarge):
        read_pack(pack(blob(base), entry), "sha1", MIB)
    with pytest.raises(PackTooLarge):
        read_pack(pack(*[blob(b"")] * 5_000), "sha1", MIB)


@pytest.mark.parametrize(
    "entry",
    [
        blob(b"text", 3),
        blob(b"text", 5),
        head(BLOB, 4) + b"no zlib stream",
        head(5, 0) + zlib.compress(b""),
        head(NAMED_DELTA, 2) + bytes(20) + zlib.compress(b"\0\0"),
        head(OFFSET_DELTA, 2) + b"\x7f" + zlib.compress(b"\0\0"),
        blob(b"text")[:-3],
    ],
)
def test_a_damaged_pack_is_refused(entry: bytes) -> None:
    with pytest.raises(NotGit):
        read_pack(pack(entry), "sha1", MIB)


@given(st.binary(max_size=200), st.data())
def test_any_bytes_are_a_pack_or_no_pack(noise: bytes, data: st.DataObject) -> None:
    sound = pack(blob(b"some text"), blob(noise))
    at = data.draw(st.integers(0, len(sound) - 1))
    body = sound[:at] + noise + sound[at + 1 : -20]
    for broken in (noise, body, body + hashlib.sha1(body).digest()):
        try:
            read_pack(broken, "sha1", MIB)
        except GitError:
            continue


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_are_a_delta_or_no_delta(base: bytes, delta: bytes) -> None:
    for one in (delta, number(len(base)) + delta):
        try:
            apply_delta(base, one)
        except NotGit:
            continue


def test_trees_within_trees_end() -> None:
    below = b"100644 a\0" + named("blob", b"")
    objects = {}
    for _ in range(60):
        key = named("tree", below)
        objects[key] = below
        below = b"40000 a\0" + key + b"40000 b\0" + key
    objects[named("tree", below)] = below
    commit = named("commit", b"any")
    objects[commit] = b"tree %s\n" % named("tree", below).hex().encode()
    with pytest.raises(PackTooLarge):
        list(files_of(objects, commit, 1_000))


@pytest.mark.parametrize(
    "tree", [b"100644 a/b\0" + bytes(20), b"100644 \0" + bytes(20), b"1", b"1 a\0"]
)
def test_a_damaged_tree_is_refused(tree: bytes) -> None:
    objects = {b"c" * 20: b"tree %s\n" % named("tree", tree).hex().encode()}
    objects[named("tree", tree)] = tree
    with pytest.raises(NotGit):
        list(files_of(objects, b"c" * 20, 1_000))


def test_lines_are_read_as_they_were_written() -> None:
    written = line("command=fetch") + DELIMITER + line("done") + FLUSH
    assert list(lines(written)) == [b"command=fetch\n", None, b"done\n", None]


@pytest.mark.parametrize("noise", [b"<html>", b"00", b"0009a", b"-001a", b"00 5a"])
def test_what_is_no_line_is_refused(noise: bytes) -> None:
    with pytest.raises(NotGit):
        list(lines(noise))
