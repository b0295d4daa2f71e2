"""What we seal, Tink opens, and the other way round."""

import io
import os

import pytest
import tink
from tink import aead, secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2, x_aes_gcm_pb2

from security.aead import AES_256_GCM_HKDF_STREAM, HEADER_BYTES, KEY_BYTES, XAES_256_GCM, Key
from security.cipher import Cipher
from security.places import Place
from security.sealed_file import SEGMENT_BYTES, SealedFileReader, seal_file
from security.xaes import XaesGcm

TYPES = "type.googleapis.com/google.crypto.tink."
SECRET = bytes(range(32))
CIPHER = Cipher("default", Key(SECRET))
PLACE = Place("blobs", "a.content", "content")


@pytest.fixture(scope="module", autouse=True)
def _registered() -> None:
    aead.register()
    streaming_aead.register()


def handle(kind: str, value: bytes) -> tink.KeysetHandle:
    keyset = tink_pb2.Keyset(
        primary_key_id=1,
        key=[
            tink_pb2.Keyset.Key(
                key_id=1,
                status=tink_pb2.ENABLED,
                output_prefix_type=tink_pb2.RAW,
                key_data=tink_pb2.KeyData(
                    type_url=TYPES + kind, value=value, key_material_type=tink_pb2.KeyData.SYMMETRIC
                ),
            )
        ],
    )
    return tink.proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)


def tinks_field(key: bytes) -> aead.Aead:
    params = x_aes_gcm_pb2.XAesGcmParams(salt_size=12)
    value = x_aes_gcm_pb2.XAesGcmKey(key_value=key, params=params)
    return handle("XAesGcmKey", value.SerializeToString()).primitive(aead.Aead)


def tinks_stream(key: bytes) -> streaming_aead.StreamingAead:
    value = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(
        key_value=key,
        params=aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
            ciphertext_segment_size=SEGMENT_BYTES + 16,
            derived_key_size=32,
            hkdf_hash_type=common_pb2.SHA256,
        ),
    )
    keys = handle("AesGcmHkdfStreamingKey", value.SerializeToString())
    return keys.primitive(streaming_aead.StreamingAead)


def test_a_field() -> None:
    key, text, associated = os.urandom(KEY_BYTES), b"text", b"place"
    theirs, nonce = tinks_field(key), os.urandom(24)
    assert theirs.decrypt(nonce + XaesGcm(key).encrypt(nonce, text, associated), associated) == text
    sealed = theirs.encrypt(text, associated)
    assert XaesGcm(key).decrypt(sealed[:24], sealed[24:], associated) == text


def test_the_form_of_a_field_is_a_header_and_tinks() -> None:
    key = Key(SECRET)
    sealed = key.seal(b"place", b"text")
    header, body = sealed[:HEADER_BYTES], sealed[HEADER_BYTES:]
    assert header == bytes((1, XAES_256_GCM)) + key.id
    theirs = tinks_field(key.field_secret)
    assert theirs.decrypt(body, header + b"place") == b"text"
    assert key.open(b"place", header + theirs.encrypt(b"more", header + b"place")) == b"more"


@pytest.mark.parametrize("length", [0, 1, SEGMENT_BYTES - 40, SEGMENT_BYTES, 3 * SEGMENT_BYTES])
def test_a_file(length: int) -> None:
    text = os.urandom(length)
    header = CIPHER.key.header(AES_256_GCM_HKDF_STREAM)
    info = b"sourcebook/file" + header + CIPHER.associated_data(PLACE)
    theirs = tinks_stream(CIPHER.key.file_secret)

    ours = b"".join(seal_file(CIPHER, PLACE, io.BytesIO(text)))
    assert ours.startswith(header)
    with theirs.new_decrypting_stream(io.BytesIO(ours[HEADER_BYTES:]), info) as stream:
        assert stream.read() == text

    sealed = Kept()
    with theirs.new_encrypting_stream(sealed, info) as writer:
        writer.write(text)
    with SealedFileReader(CIPHER, PLACE, io.BytesIO(header + sealed.kept)) as reader:
        assert reader.read() == text


class Kept(io.BytesIO):
    """Tink closes what it writes to; this remembers what that was."""

    kept = b""

    def close(self) -> None:
        self.kept = self.kept or self.getvalue()
        super().close()
