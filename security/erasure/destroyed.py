"""Which keys a transaction has destroyed, noted where that happens so that none is left out."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy.orm import Session

_NOTES: Final = "destroyed_keys"


@dataclass(frozen=True, slots=True)
class DestroyedKey:
    """A wrapped key that is gone; `sha256` (hex) is the digest of what stood in its row."""

    owner: str
    sha256: str


def note_destroyed(session: Session, owner: str, wrapped: bytes) -> None:
    """Remember that the session's transaction deletes this key."""
    key = DestroyedKey(owner, sha256(wrapped).hexdigest())
    session.info.setdefault(_NOTES, []).append(key)


def destroyed_keys(session: Session) -> list[DestroyedKey]:
    """Return the keys that the session's one transaction has destroyed so far."""
    return list(session.info.get(_NOTES, ()))
