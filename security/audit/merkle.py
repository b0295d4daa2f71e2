"""The Merkle tree of RFC 6962, section 2.1 (RFC 9162 keeps it), without any storage.

A complete subtree has a level (0 is a leaf) and an index among those of its level; it covers the
leaves from `index << level` on. A proof asks a `Nodes` for the complete subtrees it needs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()

Nodes = Callable[[int, int], bytes]
"""Gives the hash of a complete subtree by level and index."""


def hash_leaf(data: bytes) -> bytes:
    """Hash an entry; the prefix keeps leaves and inner nodes apart."""
    return sha256(b"\x00" + data).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """Hash an inner node."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of `size` leaves as the roots of its complete subtrees, largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> tuple["Frontier", list[bytes]]:
        """Add a leaf's hash; return the new tree and the subtrees completed, by level from 0."""
        hashes, completed, node, size = list(self.hashes), [leaf], leaf, self.size
        while size & 1:
            node = hash_children(hashes.pop(), node)
            completed.append(node)
            size >>= 1
        return Frontier(self.size + 1, (*hashes, node)), completed

    def root(self) -> bytes:
        """Return the tree's root."""
        if not self.hashes:
            return EMPTY_ROOT
        *larger, root = self.hashes
        for node in reversed(larger):
            root = hash_children(node, root)
        return root

    def to_bytes(self) -> bytes:
        """Return the hashes end to end."""
        return b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, size: int, joined: bytes) -> "Frontier":
        """Read what `to_bytes` gave."""
        return cls(size, tuple(split_hashes(joined)))


def split_hashes(joined: bytes) -> list[bytes]:
    """Cut hashes apart that stand end to end."""
    return [joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]


def root_of(nodes: Nodes, start: int, end: int) -> bytes:
    """Return the root over the leaves from `start` to before `end`; `start` suits the size."""
    count = end - start
    if count == 0:
        return EMPTY_ROOT
    level = count.bit_length() - 1
    if count == 1 << level:
        return nodes(level, start >> level)
    middle = start + _split(count)
    return hash_children(root_of(nodes, start, middle), root_of(nodes, middle, end))


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` leaves (RFC 9162, 2.1.3.1)."""
    start, end, path = 0, size, list[bytes]()
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(root_of(nodes, middle, end))
            end = middle
        else:
            path.append(root_of(nodes, start, middle))
            start = middle
    return path[::-1]


def consistency_proof(nodes: Nodes, first: int, second: int) -> list[bytes]:
    """Prove that the tree of `first` leaves is a part of that of `second` (RFC 9162, 2.1.4.1)."""
    start, end, path = 0, second, list[bytes]()
    while first < end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(root_of(nodes, middle, end))
            end = middle
        else:
            path.append(root_of(nodes, start, middle))
            start = middle
    # The old tree's own root need not be sent: whoever verifies has it.
    return path[::-1] if start == 0 else [root_of(nodes, start, end), *path[::-1]]


def root_from_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes | None:
    """Return the root that an audit path leads to, None if it fits no tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return None
    node, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            root = hash_children(sibling, root)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            root = hash_children(root, sibling)
        node, last = node >> 1, last >> 1
    return root if last == 0 else None


def is_consistent(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Check a consistency proof (RFC 9162, 2.1.4.2)."""
    if not 0 < first <= second:
        return first == 0 and first_root == EMPTY_ROOT and not path
    if first == second:
        return first_root == second_root and not path
    hashes = list(path) if first & (first - 1) else [first_root, *path]
    if not hashes:
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = hash_children(sibling, old), hash_children(sibling, new)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new = hash_children(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(count: int) -> int:
    """Return the largest power of two that is smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)
