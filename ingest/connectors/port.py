"""What a source must be able to do: tell what it holds, or what changed since a cursor."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Readers:
    """Whom a source lets read a file: everyone who reads there at all, or members of `groups`."""

    everyone: bool = False
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Item:
    """A file of a source, new or perhaps changed.

    `key` names it for good; while `version` stays the same, so do its bytes. `open` is called at
    most once, before the next event is asked for, and only when the version is not known yet.
    """

    key: str
    version: str
    name: str
    open: Callable[[], BinaryIO]
    readers: Readers | None = None
    """None: the source says nothing of who may read it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is there as it was, or of which nothing can be said now."""

    key: str
    readers: Readers | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """A file that is not there any more."""

    key: str


@dataclass(frozen=True, slots=True)
class End:
    """The last event: where to go on the next time.

    `complete`: the events named all that there is, so a file that none of them named is gone.
    """

    cursor: str
    complete: bool


Event = Item | Kept | Gone | End


class Connector(Protocol):
    """One kind of source, as it is configured."""

    def changes(self, cursor: str | None, known: Mapping[str, str]) -> Iterator[Event]:
        """Yield what is there or has changed since `cursor`, and `End` at the end.

        `known` holds the version of each key that was taken in before. Whoever reads may stop
        early and begin again with the same cursor. A failure to open an item is the item's alone.

        Raises:
            SourceError: the source as a whole cannot be read.
        """
        ...
