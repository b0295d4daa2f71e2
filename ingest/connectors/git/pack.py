"""Reads a pack into objects (gitformat-pack), with a bound on all that is unpacked.

A pack of a few kilobytes can hold gigabytes, in its compression and in its deltas. So every size is
counted before what it announces is made.
"""

import hashlib
import zlib
from typing import Final

from ingest.connectors.git.delta import apply_delta, delta_sizes
from ingest.connectors.git.errors import NotGit, PackTooLarge

Objects = dict[bytes, bytes]
"""Contents by object id; what kind each is, its place in the trees tells."""

_HEADER_BYTES: Final = 12
_VERSIONS: Final = frozenset({2, 3})
_KINDS: Final = {1: b"commit", 2: b"tree", 3: b"blob", 4: b"tag"}
_OFFSET_DELTA, _NAMED_DELTA = 6, 7
_PIECE_BYTES: Final = 4096
_OBJECT_BYTES: Final = 256
"""What an object takes beside its content; without it, many empty ones would take any memory."""

_Typed = tuple[bytes, bytes]


def read_pack(pack: bytes, hash_name: str, bytes_max: int) -> Objects:
    """Return every object of a pack that stands by itself (no thin pack).

    Raises:
        NotGit: damaged.
        PackTooLarge: it unpacks to more than `bytes_max`.
    """
    return _Reader(pack, hash_name, bytes_max).read()


class _Reader:
    def __init__(self, pack: bytes, hash_name: str, bytes_max: int) -> None:
        self._pack = pack
        self._hash_name = hash_name
        self._id_bytes = hashlib.new(hash_name, usedforsecurity=False).digest_size
        self._end = len(pack) - self._id_bytes
        self._bytes_left = bytes_max
        self._by_offset: dict[int, _Typed] = {}
        self._by_id: dict[bytes, _Typed] = {}
        self._waiting: list[tuple[int, bytes, bytes]] = []

    def read(self) -> Objects:
        pack = memoryview(self._pack)
        self._check_frame()
        at = _HEADER_BYTES
        for _ in range(int.from_bytes(pack[8:_HEADER_BYTES])):
            at = self._object(at)
        if at != self._end:
            raise NotGit
        self._resolve()
        return {key: content for key, (_, content) in self._by_id.items()}

    def _check_frame(self) -> None:
        pack = self._pack
        if self._end < _HEADER_BYTES or pack[:4] != b"PACK":
            raise NotGit
        body = memoryview(pack)[: self._end]
        known = int.from_bytes(pack[4:8]) in _VERSIONS
        if not known or self._digest(body) != pack[self._end :]:
            raise NotGit

    def _object(self, start: int) -> int:
        kind, size, at = self._head(start)
        if kind in _KINDS:
            content, at = self._inflated(at, size)
            self._keep(start, (_KINDS[kind], content))
            return at
        if kind == _OFFSET_DELTA:
            back, at = self._offset(at)
            delta, at = self._inflated(at, size)
            base = self._by_offset.get(start - back)
            if base is None:
                # Git writes a base before what rests on it; else it rests on one that waits.
                raise NotGit
            self._keep(start, self._applied(base, delta))
            return at
        if kind != _NAMED_DELTA:
            raise NotGit
        base_id, at = self._pack[at : at + self._id_bytes], at + self._id_bytes
        delta, at = self._inflated(at, size)
        self._waiting.append((start, base_id, delta))
        return at

    def _resolve(self) -> None:
        while self._waiting:
            ready = [one for one in self._waiting if one[1] in self._by_id]
            if not ready:
                raise NotGit
            self._waiting = [one for one in self._waiting if one[1] not in self._by_id]
            for start, base_id, delta in ready:
                self._keep(start, self._applied(self._by_id[base_id], delta))

    def _applied(self, base: _Typed, delta: bytes) -> _Typed:
        kind, content = base
        self._spend(delta_sizes(delta).result)
        return kind, apply_delta(content, delta)

    def _keep(self, start: int, found: _Typed) -> None:
        kind, content = found
        self._by_offset[start] = found
        self._by_id[self._digest(b"%s %d\0" % (kind, len(content)), content)] = found

    def _digest(self, *parts: bytes | memoryview) -> bytes:
        hashed = hashlib.new(self._hash_name, usedforsecurity=False)  # Git's choice, not ours
        for part in parts:
            hashed.update(part)
        return hashed.digest()

    def _spend(self, size: int) -> None:
        self._bytes_left -= size + _OBJECT_BYTES
        if self._bytes_left < 0:
            raise PackTooLarge

    def _byte(self, at: int) -> int:
        if at >= self._end:
            raise NotGit
        return self._pack[at]

    def _head(self, at: int) -> tuple[int, int, int]:
        """Read an object's kind and size; return them with where its data begins."""
        byte, at, shift = self._byte(at), at + 1, 4
        kind, size = byte >> 4 & 7, byte & 15
        while byte & 0x80:
            byte, at = self._byte(at), at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
        return kind, size, at

    def _offset(self, at: int) -> tuple[int, int]:
        """Read how far back the base of a delta begins."""
        byte, at = self._byte(at), at + 1
        back = byte & 0x7F
        while byte & 0x80:
            byte, at = self._byte(at), at + 1
            back = (back + 1) << 7 | byte & 0x7F
        return back, at

    def _inflated(self, at: int, size: int) -> tuple[bytes, int]:
        """Unpack exactly `size` bytes; return them with where they ended."""
        self._spend(size)
        unpacker, pieces, left = zlib.decompressobj(), [], size
        with memoryview(self._pack) as view:
            while not unpacker.eof:
                # In pieces: zlib copies whatever it is given beyond the end.
                given = view[at : min(at + _PIECE_BYTES, self._end)]
                try:
                    piece = unpacker.decompress(given, left + 1)
                except zlib.error as error:
                    raise NotGit from error
                at += len(given) - len(unpacker.unused_data)
                left -= len(piece)
                if left < 0 or (not given and not unpacker.eof) or unpacker.unconsumed_tail:
                    raise NotGit
                pieces.append(piece)
        if left:
            raise NotGit
        return b"".join(pieces), at
