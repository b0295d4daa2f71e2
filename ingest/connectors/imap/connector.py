"""The messages of some mailboxes: a message never changes, so each is fetched once.

A mailbox in which nothing came or went since the last time is not even listed.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from io import BytesIO
from typing import BinaryIO, Final

from ingest.connectors.errors import ItemUnreadable, SourceTooLarge
from ingest.connectors.imap.session import Head, MailboxState, MailSession
from ingest.connectors.port import End, Event, Item, Kept
from ingest.errors import FileTooLarge

_HEADS_AT_ONCE: Final = 100
_SUBJECT_CHARACTERS_MAX: Final = 150


class ImapConnector:
    """Reads mailboxes of one account, and changes nothing there: messages stay unread."""

    def __init__(
        self,
        mailboxes: Sequence[str],
        session: Callable[[], MailSession],
        *,
        messages_max: int,
        file_bytes_max: int,
    ) -> None:
        self._mailboxes = tuple(dict.fromkeys(mailboxes))
        self._session = session
        self._messages_max = messages_max
        self._file_bytes_max = file_bytes_max

    def changes(self, cursor: str | None, known: Mapping[str, str]) -> Iterator[Event]:
        """Yield an item for each message; see the port.

        Raises:
            SourceUnreachable, SourceRefused: the account or one of its mailboxes cannot be read.
            SourceTooLarge: a mailbox holds more messages than a source may.
        """
        before = _read(cursor)
        now: dict[str, MailboxState] = {}
        with self._session() as session:
            for mailbox in self._mailboxes:
                state = session.examine(mailbox)
                visit = _Visit(session, mailbox, state, self._file_bytes_max)
                if before.get(mailbox) == state:
                    yield from visit.as_before(known)
                elif state.messages > self._messages_max:
                    raise SourceTooLarge
                else:
                    yield from visit.events(known)
                if not visit.failed:  # else it is listed again the next time
                    now[mailbox] = state
        yield End(_written(now), complete=True)


class _Visit:
    """One look into one mailbox."""

    def __init__(
        self, session: MailSession, mailbox: str, state: MailboxState, file_bytes_max: int
    ) -> None:
        self._session = session
        self._mailbox = mailbox
        self._state = state
        self._file_bytes_max = file_bytes_max
        self.failed = False

    def as_before(self, known: Mapping[str, str]) -> Iterator[Event]:
        """Yield what was there, for it still is."""
        for key in known:
            validity, _, mailbox = key.split(":", 2)
            if mailbox == self._mailbox and int(validity) == self._state.validity:
                yield Kept(key)

    def events(self, known: Mapping[str, str]) -> Iterator[Event]:
        """Yield what is there; of new messages what their heads tell."""
        fresh = []
        for uid in self._session.uids():
            if self._key(uid) in known:
                yield Kept(self._key(uid))
            else:
                fresh.append(uid)
        for some in _batches(fresh):
            heads = self._session.heads(some)
            self.failed |= len(heads) < len(some)
            yield from map(self._item, heads)

    def _key(self, uid: int) -> str:
        return f"{self._state.validity}:{uid}:{self._mailbox}"

    def _item(self, head: Head) -> Item:
        subject = " ".join(head.subject.replace("/", " ").replace("\\", " ").split())
        name = subject[:_SUBJECT_CHARACTERS_MAX] or str(head.uid)
        return Item(self._key(head.uid), "", f"{name}.eml", partial(self._open, head))

    def _open(self, head: Head) -> BinaryIO:
        if head.size_bytes > self._file_bytes_max:
            raise FileTooLarge  # without fetching it
        try:
            return BytesIO(self._session.message(head.uid))
        except ItemUnreadable:
            self.failed = True
            raise


def _batches(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), _HEADS_AT_ONCE):
        yield uids[start : start + _HEADS_AT_ONCE]


def _written(states: Mapping[str, MailboxState]) -> str:
    return json.dumps(
        {name: [one.validity, one.next_uid, one.messages] for name, one in states.items()}
    )


def _read(cursor: str | None) -> dict[str, MailboxState]:
    return {name: MailboxState(*numbers) for name, numbers in json.loads(cursor or "{}").items()}
