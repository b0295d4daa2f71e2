"""A KEK that never leaves HashiCorp Vault (or OpenBao): its transit engine wraps and unwraps.

A wrapped key is `version (1) | algorithm (1) | key id (16) | "vault:v<version>:…"`. The key id
says which engine and key in Vault are meant, so it outlives a change of address; Vault's own text
names and authenticates the key's version.
"""

import base64
import re
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from security.aead import HEADER_BYTES, KEY_ID_BYTES, VAULT_TRANSIT, VERSION
from security.errors import KeyUnavailable
from security.keys.port import WRONG_KEY
from security.keys.vault_client import VaultClient
from security.places import length_prefixed
from security.settings import VaultSettings

_KINDS: Final = frozenset({"aes256-gcm96", "chacha20-poly1305"})
_DIGEST_BYTES: Final = 32
_CIPHERTEXT: Final = re.compile(r"vault:v[1-9][0-9]*:([A-Za-z0-9+/]+=*)")
_ODD_CIPHERTEXT: Final = "Vault gave a ciphertext that is not understood. Look into its log."
_WRONG_KIND: Final = (
    "The key in Vault must be of type aes256-gcm96 or chacha20-poly1305, and not derived."
)


class VaultKeyProvider:
    """Wraps through Vault's transit engine; asks it once for each key that is not in memory yet.

    Raises:
        KeyUnavailable: Vault cannot be asked, or its key is missing or of the wrong kind.
    """

    def __init__(self, settings: VaultSettings) -> None:
        self._client = VaultClient(settings)
        name = length_prefixed("vault", settings.namespace or "", settings.mount, settings.key)
        self._header = bytes((VERSION, VAULT_TRANSIT)) + sha256(name).digest()[:KEY_ID_BYTES]
        # Asked before anything is wrapped: Vault makes up a missing key when it may.
        key = self._client.key()
        if key.kind not in _KINDS or key.is_derived:
            raise KeyUnavailable(_WRONG_KIND)

    def wrap(self, associated: bytes, key: bytes) -> bytes:
        """Let Vault encrypt under the newest version of its key."""
        bound = self._header + associated
        # Vault before 1.13 ignores associated data without a word: the digest inside binds too.
        plaintext = sha256(bound).digest() + key
        ciphertext = self._client.encrypt(plaintext, bound)
        if not _is_canonical(ciphertext):
            raise KeyUnavailable(_ODD_CIPHERTEXT)
        return self._header + ciphertext.encode()

    def unwrap(self, associated: bytes, wrapped: bytes) -> bytes:
        """Let Vault decrypt under the version that its ciphertext names."""
        if not self.knows(wrapped):
            raise KeyUnavailable(WRONG_KEY)
        bound = self._header + associated
        plaintext = self._client.decrypt(_ciphertext(wrapped), bound)
        if not compare_digest(plaintext[:_DIGEST_BYTES], sha256(bound).digest()):
            raise KeyUnavailable(WRONG_KEY)
        return plaintext[_DIGEST_BYTES:]

    def knows(self, wrapped: bytes) -> bool:
        """Tell whether the header names this key in Vault."""
        return wrapped[:HEADER_BYTES] == self._header

    def is_current(self, wrapped: bytes) -> bool:
        """Compare the version in the ciphertext with the newest in Vault."""
        newest = f"vault:v{self._newest()}:"
        return self.knows(wrapped) and wrapped[HEADER_BYTES:].startswith(newest.encode())

    def replace(self) -> str:
        """Let Vault add a version to its key.

        Returns: what the operator should do now.
        """
        self._client.rotate()
        return f"Version {self._newest()} of the key in Vault wraps from now on."

    def retire(self) -> None:
        """Let Vault refuse all versions but the newest."""
        self._client.refuse_versions_below(self._newest())

    def _newest(self) -> int:
        return self._client.key().newest_version


def _ciphertext(wrapped: bytes) -> str:
    ciphertext = wrapped[HEADER_BYTES:].decode("ascii", "replace")
    if not _is_canonical(ciphertext):
        raise KeyUnavailable(WRONG_KEY)
    return ciphertext


def _is_canonical(ciphertext: str) -> bool:
    """Tell whether no other text means the same: base64 lets some bits of its last letter be."""
    found = _CIPHERTEXT.fullmatch(ciphertext)
    if found is None:
        return False
    try:
        return base64.b64encode(base64.b64decode(found[1], validate=True)).decode() == found[1]
    except ValueError:
        return False
