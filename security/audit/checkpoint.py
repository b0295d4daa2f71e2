"""Checkpoints: how large a tree is and its root, as a C2SP tlog-checkpoint in a signed note.

The text is `origin`, size and root (base64), a line each; then an empty line and the signature.
See c2sp.org/tlog-checkpoint and c2sp.org/signed-note. Only Ed25519 (type 0x01) is read or written.
"""

import base64
import re
from binascii import Error as NotBase64
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from security.audit.merkle import HASH_BYTES
from security.errors import CheckpointInvalid

_ED25519: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_SIGNED: Final = re.compile(r"(?P<text>(?:[^\n]+\n)+)\n(?P<signatures>(?:— [^ \n]+ [^ \n]+\n)+)")
_SYSLOG: Final = re.compile(r'note="([A-Za-z0-9+/=]+)"')
_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: the log's name, its number of leaves, the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the note's text."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name, written `name+id+key` as Go's note package does."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """What a signature line names the key by."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        encoded = base64.b64encode(_ED25519 + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read a key.

        Raises:
            CheckpointInvalid: not of this form, or not an Ed25519 key.
        """
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        decoded = _decoded(encoded)
        key = cls(name, decoded[1:])
        if decoded[:1] != _ED25519 or len(key.public) != HASH_BYTES or key.id.hex() != key_id:
            raise CheckpointInvalid(_NO_KEY)
        return key


class Signer:
    """Signs the checkpoints of one log, whose name is also the key's."""

    def __init__(self, origin: str, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.verifier = VerifierKey(origin, public)

    def sign(self, size: int, root: bytes) -> str:
        """Return the signed note."""
        text = Checkpoint(self.verifier.name, size, root).text()
        signature = base64.b64encode(self.verifier.id + self._private.sign(text.encode())).decode()
        return f"{text}\n— {self.verifier.name} {signature}\n"


def open_note(note: str, key: VerifierKey) -> Checkpoint:
    """Return what a note says.

    Raises:
        CheckpointInvalid: no checkpoint, of another log, or not signed by this key.
    """
    return _parsed(signed_text(note, key), key.name)


def signed_text(note: str, key: VerifierKey) -> str:
    """Return a note's text, which need not be a checkpoint.

    Raises:
        CheckpointInvalid: no note, or not signed by this key.
    """
    found = _SIGNED.fullmatch(note)
    if found is None:
        raise CheckpointInvalid
    # Not `splitlines`, which ends a line at other characters too.
    for line in found["signatures"].removesuffix("\n").split("\n"):
        _, name, encoded = line.split(" ")
        signature = _decoded(encoded)
        if name == key.name and signature[:_KEY_ID_BYTES] == key.id:
            _check(key, found["text"], signature[_KEY_ID_BYTES:])
            return found["text"]
    raise CheckpointInvalid


def read_notes(text: str) -> Iterator[str]:
    """Yield the notes of a checkpoint file, or of lines that a syslog server kept."""
    for encoded in _SYSLOG.findall(text):
        yield _decoded(encoded).decode("utf-8", "replace")
    for found in _SIGNED.finditer(text):
        yield found[0]


def _check(key: VerifierKey, text: str, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except InvalidSignature:
        raise CheckpointInvalid from None


def _parsed(text: str, origin: str) -> Checkpoint:
    lines = text.split("\n")
    if (
        len(lines) < _LINES
        or lines[0] != origin
        or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1])
    ):
        raise CheckpointInvalid
    root = _decoded(lines[2])
    if len(root) != HASH_BYTES:
        raise CheckpointInvalid
    return Checkpoint(lines[0], int(lines[1]), root)


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (NotBase64, ValueError):
        raise CheckpointInvalid from None


_NO_KEY: Final = (
    "This is not the verifier key of an audit log. `sourcebook audit key` shows it: a name, eight "
    "hexadecimal digits and base64, joined by plus signs."
)
