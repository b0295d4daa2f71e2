"""The files of a commit, from its trees."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ingest.connectors.git.errors import NotGit, PackTooLarge
from ingest.connectors.git.pack import Objects

_FOLDER: Final = b"40000"
_FILE: Final = b"100"
"""What the modes of files begin with; links (120000) and other repositories (160000) do not."""
_DEPTH_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of a commit; `path` has / between its parts, `blob` names its content."""

    path: str
    blob: bytes


def files_of(objects: Objects, commit: bytes, entries_max: int) -> Iterator[TreeFile]:
    """Yield the files of a commit.

    Raises:
        NotGit: a commit or tree is missing or damaged.
        PackTooLarge: there are more entries. A few trees, each twice in the next, make billions.
    """
    left = entries_max

    def below(tree: bytes, prefix: str, depth: int) -> Iterator[TreeFile]:
        nonlocal left
        for mode, name, key in _entries(objects, tree, len(commit)):
            left -= 1
            if left < 0 or depth > _DEPTH_MAX:
                raise PackTooLarge
            path = prefix + name
            if mode == _FOLDER:
                yield from below(key, f"{path}/", depth + 1)
            elif mode.startswith(_FILE):
                yield TreeFile(path, key)

    yield from below(_tree_of(objects, commit), "", 0)


def _tree_of(objects: Objects, commit: bytes) -> bytes:
    head = objects.get(commit, b"").partition(b"\n")[0]
    try:
        return bytes.fromhex(head.removeprefix(b"tree ").decode())
    except ValueError as error:
        raise NotGit from error


def _entries(objects: Objects, tree: bytes, id_bytes: int) -> Iterator[tuple[bytes, str, bytes]]:
    content = objects.get(tree)
    if content is None:
        raise NotGit
    at = 0
    while at < len(content):
        middle = content.find(b"\0", at)
        mode, space, name = content[at:middle].partition(b" ")
        at = middle + 1 + id_bytes
        if middle < 0 or not space or not name or b"/" in name or at > len(content):
            raise NotGit
        yield mode, name.decode("utf-8", "backslashreplace"), content[middle + 1 : at]
