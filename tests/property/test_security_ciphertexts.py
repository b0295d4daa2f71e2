"""Invariant 1: a ciphertext moved along any coordinate, or with one bit flipped, never opens."""

import io
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from security.aead import Key
from security.cipher import Cipher
from security.errors import DecryptionFailed
from security.places import Place
from security.sealed_file import SEGMENT_BYTES, SealedFileReader, seal_file

KEYS = [Key(bytes([number]) * 32) for number in range(3)]
# Few and confusable values: "a" | "bc" must not equal "ab" | "c".
names = st.text(alphabet="ab|.\x00é", max_size=4)
lengths = st.one_of(
    st.integers(0, 40), st.sampled_from([n * SEGMENT_BYTES + d for n in (1, 2) for d in (-1, 0, 1)])
)


class At(NamedTuple):
    """All that a ciphertext is bound to; the key by its place in `KEYS`."""

    tenant: str
    table: str
    row: str
    field: str
    key: int

    def place(self) -> Place:
        return Place(self.table, self.row, self.field)

    def cipher(self, *, older: bool = False) -> Cipher:
        return Cipher(self.tenant, KEYS[self.key], KEYS if older else ())


PARTS: dict[str, st.SearchStrategy[str] | st.SearchStrategy[int]] = {
    **dict.fromkeys(("tenant", "table", "row", "field"), names),
    "key": st.integers(0, len(KEYS) - 1),
}


@st.composite
def moves(draw: st.DrawFn) -> tuple[At, At]:
    """Draw coordinates and others, of which as little as one part alone differs.

    Two drawn apart would hardly ever differ in one alone, and then another part refuses.
    """
    here = {name: draw(part) for name, part in PARTS.items()}
    changed = sorted(draw(st.sets(st.sampled_from(sorted(PARTS)), min_size=1)))
    there = {name: draw(PARTS[name].filter(here[name].__ne__)) for name in changed}
    return At(**here), At(**here | there)


def sealed_file(cipher: Cipher, place: Place, text: bytes) -> bytes:
    return b"".join(seal_file(cipher, place, io.BytesIO(text)))


def read_file(cipher: Cipher, place: Place, sealed: bytes) -> bytes:
    with SealedFileReader(cipher, place, io.BytesIO(sealed)) as reader:
        return reader.read()


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@given(moves(), st.binary(max_size=64))
@example((At("", "a", "bc", "", 0), At("", "ab", "c", "", 0)), b"")
@example((At("a", "b", "", "", 0), At("", "ab", "", "", 0)), b"")
def test_a_field_opens_at_its_own_coordinates_only(move: tuple[At, At], text: bytes) -> None:
    here, there = move
    sealed = here.cipher().seal(here.place(), text)
    assert here.cipher(older=True).open(here.place(), sealed) == text
    with pytest.raises(DecryptionFailed):
        there.cipher().open(there.place(), sealed)
    if here._replace(key=there.key) != there:
        # Having the right key among others does not help.
        with pytest.raises(DecryptionFailed):
            there.cipher(older=True).open(there.place(), sealed)


@given(st.binary(max_size=64), st.data())
def test_a_field_with_one_bit_flipped_never_opens(text: bytes, data: st.DataObject) -> None:
    cipher, place = Cipher("t", KEYS[0], KEYS), Place("chunks", "d.1", "body")
    sealed = cipher.seal(place, text)
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    with pytest.raises(DecryptionFailed):
        cipher.open(place, flipped(sealed, bit))


@given(st.binary(max_size=64), st.data())
def test_a_field_cut_or_extended_never_opens(text: bytes, data: st.DataObject) -> None:
    cipher, place = Cipher("t", KEYS[0]), Place("chunks", "d.1", "body")
    sealed = cipher.seal(place, text)
    cut = data.draw(st.integers(0, len(sealed) - 1))
    extra = data.draw(st.binary(min_size=1, max_size=20))
    for changed in (sealed[:cut], sealed[cut:] if cut else b"", sealed + extra, extra + sealed):
        with pytest.raises(DecryptionFailed):
            cipher.open(place, changed)


@given(moves(), st.binary(max_size=64))
def test_a_file_opens_at_its_own_coordinates_only(move: tuple[At, At], text: bytes) -> None:
    here, there = move
    sealed = sealed_file(here.cipher(), here.place(), text)
    assert read_file(here.cipher(), here.place(), sealed) == text
    with pytest.raises(DecryptionFailed):
        read_file(there.cipher(), there.place(), sealed)


@settings(deadline=None)
@given(lengths, st.data())
def test_a_file_with_one_bit_flipped_never_reads_to_its_end(
    length: int, data: st.DataObject
) -> None:
    cipher, place = Cipher("t", KEYS[0], KEYS), Place("blobs", "d.content", "content")
    sealed = sealed_file(cipher, place, bytes(length))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    with pytest.raises(DecryptionFailed):
        read_file(cipher, place, flipped(sealed, bit))


@settings(deadline=None)
@given(lengths, st.data())
def test_a_file_cut_or_extended_is_refused_before_its_first_byte_or_at_its_end(
    length: int, data: st.DataObject
) -> None:
    cipher, place = Cipher("t", KEYS[0]), Place("blobs", "d.content", "content")
    sealed = sealed_file(cipher, place, bytes(length))
    cut = data.draw(st.integers(0, len(sealed) - 1))
    with pytest.raises(DecryptionFailed):
        SealedFileReader(cipher, place, io.BytesIO(sealed[:cut]))
    with pytest.raises(DecryptionFailed):
        SealedFileReader(cipher, place, io.BytesIO(sealed + data.draw(st.binary(min_size=1))))


@settings(deadline=None)
@given(lengths, st.lists(st.tuples(st.integers(0, 3 * SEGMENT_BYTES), st.integers(0, 200))))
def test_any_range_of_a_file_is_that_of_its_text(
    length: int, ranges: list[tuple[int, int]]
) -> None:
    cipher, place = Cipher("t", KEYS[0]), Place("blobs", "d.content", "content")
    text = bytes(index % 251 for index in range(length))
    sealed = io.BytesIO(sealed_file(cipher, place, text))
    with io.BufferedReader(SealedFileReader(cipher, place, sealed), buffer_size=64) as reader:
        for start, count in ranges:
            reader.seek(start)
            assert reader.read(count) == text[start : start + count]
