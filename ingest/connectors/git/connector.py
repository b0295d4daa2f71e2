"""The files of one branch: nothing is asked for while the branch stays where it is."""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import partial
from io import BytesIO
from typing import BinaryIO, Final

from ingest.connectors.configuration import GitConfig
from ingest.connectors.errors import FileInLfs, ItemUnreadable, SourceTooLarge, SourceUnreachable
from ingest.connectors.git.errors import NotGit, PackTooLarge
from ingest.connectors.git.pack import Objects
from ingest.connectors.git.remote import Remote
from ingest.connectors.git.trees import TreeFile, files_of
from ingest.connectors.patterns import is_ignored
from ingest.connectors.port import End, Event, Item, Kept

_LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"


class GitConnector:
    """Reads one branch; a file is the same while the object that holds its content is."""

    def __init__(
        self, config: GitConfig, remote: Callable[[], Remote], *, objects_max: int
    ) -> None:
        self._config = config
        self._remote = remote
        self._objects_max = objects_max

    def changes(self, cursor: str | None, known: Mapping[str, str]) -> Iterator[Event]:
        """Yield an item for each file that is wanted; see the port.

        Raises:
            SourceUnreachable, SourceRefused: the repository cannot be read.
            SourceTooLarge: it holds more than a source may.
        """
        with self._remote() as remote:
            tip = remote.tip(self._config.branch)
            if tip.hex() == cursor:
                yield from map(Kept, known)
                yield End(cursor, complete=True)
                return
            visit = _Visit(remote, remote.snapshot(tip))
            for file in self._files(visit.objects, tip):
                if known.get(file.path) == file.blob.hex():
                    yield Kept(file.path)
                else:
                    yield visit.item(file)
        # After a file that could not be fetched the branch is looked at again.
        yield End("" if visit.failed else tip.hex(), complete=True)

    def _files(self, objects: Objects, tip: bytes) -> Iterator[TreeFile]:
        try:
            for file in files_of(objects, tip, self._objects_max):
                if self._is_wanted(file.path):
                    yield file
        except PackTooLarge as error:
            raise SourceTooLarge from error
        except NotGit as error:
            raise SourceUnreachable from error

    def _is_wanted(self, path: str) -> bool:
        name, wanted = path.rsplit("/", 1)[-1], self._config.include
        named = any(fnmatchcase(name, rule) or fnmatchcase(path, rule) for rule in wanted)
        return (named or not wanted) and not is_ignored(path, self._config.ignore)


class _Visit:
    """What was fetched of one commit."""

    def __init__(self, remote: Remote, objects: Objects) -> None:
        self._remote = remote
        self.objects = objects
        self.failed = False

    def item(self, file: TreeFile) -> Item:
        """Return a file as it is to be taken in."""
        name = file.path.rsplit("/", 1)[-1]
        return Item(file.path, file.blob.hex(), name, partial(self._open, file.blob))

    def _open(self, blob: bytes) -> BinaryIO:
        try:
            content = self.objects.get(blob)
            if content is None:
                content = self._remote.file(blob)
        except ItemUnreadable:
            self.failed = True
            raise
        if content.startswith(_LFS_POINTER):
            raise FileInLfs
        return BytesIO(content)
