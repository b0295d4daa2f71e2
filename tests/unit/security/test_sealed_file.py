import io

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from security.aead import AES_256_GCM_HKDF_STREAM, AES_256_GCM_SEGMENTS, Key
from security.cipher import Cipher
from security.errors import DecryptionFailed
from security.places import Place
from security.sealed_file import SEGMENT_BYTES, SealedFileReader, seal_file

CIPHER = Cipher("default", Key(bytes(range(32))))
PLACE = Place("blobs", "a.content", "content")
SEALED_SEGMENT = SEGMENT_BYTES + 16
BASE = 18
PREAMBLE = 58


def text(length: int) -> bytes:
    return bytes(index * 31 % 251 for index in range(length))


def sealed(plain: bytes) -> bytes:
    return b"".join(seal_file(CIPHER, PLACE, io.BytesIO(plain)))


def read(data: bytes) -> bytes:
    with SealedFileReader(CIPHER, PLACE, io.BytesIO(data)) as reader:
        return reader.read()


@pytest.mark.parametrize(
    "length",
    [
        *(0, 1, 200_001, 3 * SEGMENT_BYTES),
        *(SEGMENT_BYTES - 41, SEGMENT_BYTES - 40, SEGMENT_BYTES - 39),
        *(SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1),
    ],
)
def test_every_length_comes_back(length: int) -> None:
    plain = text(length)
    with SealedFileReader(CIPHER, PLACE, io.BytesIO(sealed(plain))) as reader:
        assert reader.size_bytes == length
        assert reader.read() == plain


def test_any_range_reads_as_of_the_plain_file() -> None:
    plain = text(3 * SEGMENT_BYTES + 100)
    reader = io.BufferedReader(SealedFileReader(CIPHER, PLACE, io.BytesIO(sealed(plain))))
    for start in (
        0,
        5,
        SEGMENT_BYTES - 40,
        SEGMENT_BYTES - 1,
        SEGMENT_BYTES,
        2 * SEGMENT_BYTES + 7,
        len(plain) - 1,
    ):
        for length in (1, 100, SEGMENT_BYTES + 1):
            reader.seek(start)
            assert reader.read(length) == plain[start : start + length]
    assert reader.seek(-3, io.SEEK_END) == len(plain) - 3
    assert reader.read() == plain[-3:]
    assert reader.seek(len(plain) + 10) == len(plain) + 10
    assert reader.read() == b""
    reader.seek(4)
    reader.seek(2, io.SEEK_CUR)
    assert reader.tell() == 6


def test_seeking_before_the_start_is_an_error() -> None:
    reader = SealedFileReader(CIPHER, PLACE, io.BytesIO(sealed(b"abc")))
    with pytest.raises(ValueError, match="before the start"):
        reader.seek(-4, io.SEEK_END)


def test_sealing_reads_only_what_it_needs() -> None:
    class Source(io.RawIOBase):
        taken = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            length = min(len(buffer), 1000)  # a slow pipe
            self.taken += length
            return length

    source = Source()
    pieces = seal_file(CIPHER, PLACE, source)  # type: ignore[arg-type]
    for _ in range(3):
        assert len(next(pieces)) <= SEALED_SEGMENT
    assert source.taken <= 4 * SEGMENT_BYTES


def segments(data: bytes) -> list[bytes]:
    first = data[PREAMBLE : BASE + SEALED_SEGMENT]
    starts = range(BASE + SEALED_SEGMENT, len(data), SEALED_SEGMENT)
    return [first, *(data[at : at + SEALED_SEGMENT] for at in starts)]


def test_what_was_cut_is_refused_before_the_first_byte() -> None:
    data = sealed(text(3 * SEGMENT_BYTES))
    for cut in (1, 16, 17, SEALED_SEGMENT, SEALED_SEGMENT + 1, 2 * SEALED_SEGMENT, len(data) - 20):
        with pytest.raises(DecryptionFailed):
            SealedFileReader(CIPHER, PLACE, io.BytesIO(data[:-cut]))
    whole = segments(data)
    for kept in range(1, len(whole)):  # between two segments: only the mark of the last one tells
        cut_there = data[:PREAMBLE] + b"".join(whole[:kept])
        with pytest.raises(DecryptionFailed):
            SealedFileReader(CIPHER, PLACE, io.BytesIO(cut_there))


@pytest.mark.parametrize("extra", [b"x", bytes(16), bytes(100), bytes(SEALED_SEGMENT)])
def test_what_was_extended_is_refused(extra: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        read(sealed(text(2 * SEGMENT_BYTES)) + extra)


def test_segments_cannot_change_places_or_be_repeated() -> None:
    data = sealed(text(3 * SEGMENT_BYTES + 5))
    first, second, third, last = segments(data)
    for order in (
        [second, first, third, last],
        [first, third, second, last],
        [first, third, last],
        [first, second, second, third, last],
    ):
        with pytest.raises(DecryptionFailed):
            read(data[:PREAMBLE] + b"".join(order))


def test_segments_of_another_file_are_refused() -> None:
    one, other = sealed(text(2 * SEGMENT_BYTES)), sealed(text(2 * SEGMENT_BYTES))
    with pytest.raises(DecryptionFailed):
        read(one[:PREAMBLE] + segments(other)[0] + segments(one)[1])


def test_a_file_opens_only_in_its_place_and_under_its_key() -> None:
    data = io.BytesIO(sealed(b"abc"))
    for cipher, place in (
        (CIPHER, Place("blobs", "b.content", "content")),
        (Cipher("other", Key(bytes(range(32)))), PLACE),
        (Cipher("default", Key(bytes(range(1, 33)))), PLACE),
    ):
        with pytest.raises(DecryptionFailed):
            SealedFileReader(cipher, place, io.BytesIO(data.getvalue()))


def test_a_sealed_field_is_not_a_sealed_file() -> None:
    with pytest.raises(DecryptionFailed):
        SealedFileReader(CIPHER, PLACE, io.BytesIO(CIPHER.seal(PLACE, bytes(100))))


def test_a_closed_reader_has_closed_its_source() -> None:
    source = io.BytesIO(sealed(b"abc"))
    SealedFileReader(CIPHER, PLACE, source).close()
    assert source.closed


def in_the_first_form(plain: bytes) -> bytes:
    """Seal as the first release did: whole segments after a preamble without a length."""
    header = CIPHER.key.header(AES_256_GCM_SEGMENTS)
    salt, prefix = bytes(range(32)), bytes(range(7))
    info = b"sourcebook/file" + header + CIPHER.associated_data(PLACE)
    aead = AESGCM(HKDF(SHA256(), 32, salt, info).derive(CIPHER.key.file_secret))
    pieces = [plain[at : at + SEGMENT_BYTES] for at in range(0, len(plain), SEGMENT_BYTES)] or [b""]
    return (header + salt + prefix) + b"".join(
        aead.encrypt(prefix + number.to_bytes(4) + bytes([piece is pieces[-1]]), piece, None)
        for number, piece in enumerate(pieces)
    )


@pytest.mark.parametrize("length", [0, 5, SEGMENT_BYTES, SEGMENT_BYTES + 1, 200_001])
def test_files_of_the_first_release_open_still(length: int) -> None:
    plain = text(length)
    reader = SealedFileReader(CIPHER, PLACE, io.BytesIO(in_the_first_form(plain)))
    assert reader.size_bytes == length
    assert reader.read() == plain
    reader.seek(max(0, length - 3))
    assert reader.read() == plain[-3:]


def test_one_form_does_not_pass_for_the_other() -> None:
    data = in_the_first_form(text(100))
    renamed = CIPHER.key.header(AES_256_GCM_HKDF_STREAM) + b"\x28" + data[18:]
    for changed in (renamed, CIPHER.key.header(AES_256_GCM_HKDF_STREAM) + data[18:]):
        with pytest.raises(DecryptionFailed):
            read(changed)
