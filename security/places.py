"""Where a ciphertext lives: what it is bound to, so that it opens nowhere else."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One field of one row; with the tenant id it is the associated data of a ciphertext."""

    table: str
    row: str
    field: str


def length_prefixed(*parts: str) -> bytes:
    """Join strings so that no two different lists give the same bytes."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
