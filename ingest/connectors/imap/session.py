"""One visit to a mail account: sign in, look at mailboxes without changing them, read messages."""

import email
import email.policy
import imaplib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.errors import MessageError
from typing import Final, Self

from ingest.connectors.configuration import ImapConfig
from ingest.connectors.errors import (
    AddressRefused,
    ItemUnreadable,
    MailboxMissing,
    SourceRefused,
    SourceUnreachable,
)
from ingest.connectors.imap.names import quoted
from ingest.connectors.imap.wire import GuardedImap
from ingest.connectors.settings import SourceSettings
from security.errors import OutboundFailed, OutboundRefused
from security.outbound import outbound_stream, translated
from security.settings import OutboundSettings

_HEADS: Final = "(UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT)])"
_BODY: Final = "(UID BODY.PEEK[])"
_RECORD: Final = re.compile(rb"\d+ \(")
_UID: Final = re.compile(rb"\bUID (\d+)")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d+)")
_HEADER_ERRORS: Final = (ValueError, LookupError, AttributeError, TypeError, MessageError)


@dataclass(frozen=True, slots=True)
class MailboxState:
    """What changes when a mailbox does: with the same `validity`, `next_uid` only grows.

    So while all three are as they were, no message came and none went (RFC 3501, section 2.3.1.1).
    """

    validity: int
    next_uid: int
    messages: int


@dataclass(frozen=True, slots=True)
class Head:
    """A message before it is fetched."""

    uid: int
    size_bytes: int
    subject: str


class MailSession:
    """Signed in on a server; close it after use."""

    def __init__(self, imap: GuardedImap, username: str, password: str) -> None:
        self._imap = imap
        with _translated():
            self._sign_in(username, password)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(imaplib.IMAP4.error, OutboundFailed), translated():
            self._imap.logout()
        self._imap.shutdown()

    def examine(self, mailbox: str) -> MailboxState:
        """Open a mailbox for reading only.

        Raises:
            MailboxMissing, SourceUnreachable: there is none of this name, or the server failed.
        """
        with _translated():
            said, count = self._imap.select(quoted(mailbox), readonly=True)
            if said != "OK":
                raise MailboxMissing
            return MailboxState(
                self._number("UIDVALIDITY"), self._number("UIDNEXT"), int(count[0] or 0)
            )

    def uids(self) -> list[int]:
        """Return the messages of the open mailbox, the oldest first. Raises: SourceUnreachable."""
        with _translated():
            said, lines = self._imap.uid("SEARCH", "ALL")
            if said != "OK":
                raise SourceUnreachable
            return sorted({int(word) for line in lines if line for word in line.split()})

    def heads(self, uids: Sequence[int]) -> list[Head]:
        """Return what is known of messages before they are read. Raises: SourceUnreachable."""
        with _translated():
            found = [_head(*record) for record in self._fetched(uids, _HEADS)]
        return [head for head in found if head is not None]

    def message(self, uid: int) -> bytes:
        """Fetch a message, which stays unread.

        Raises:
            ItemUnreadable: it is not there any more, or the server failed.
        """
        try:
            with translated():
                records = self._fetched([uid], _BODY)
        except (imaplib.IMAP4.error, OutboundFailed) as error:
            raise ItemUnreadable from error
        for meta, content in records:
            if _matched(_UID, meta) == uid and content is not None:
                return content
        raise ItemUnreadable

    def _sign_in(self, username: str, password: str) -> None:
        try:
            if "AUTH=PLAIN" in self._imap.capabilities:  # which alone takes any character
                self._imap.authenticate(
                    "PLAIN", lambda _: b"\0".join((b"", username.encode(), password.encode()))
                )
            else:
                self._imap.login(username, password)
        except (imaplib.IMAP4.abort, UnicodeError):
            raise
        except imaplib.IMAP4.error as error:
            raise SourceRefused from error

    def _number(self, name: str) -> int:
        values = self._imap.response(name)[1]
        if not values or values[0] is None:
            raise SourceUnreachable
        return int(values[0])

    def _fetched(self, uids: Sequence[int], what: str) -> list[tuple[bytes, bytes | None]]:
        said, parts = self._imap.uid("FETCH", ",".join(map(str, uids)), what)
        return list(_records(parts)) if said == "OK" else []


def mail_session(
    outbound: OutboundSettings, config: ImapConfig, password: str, settings: SourceSettings
) -> MailSession:
    """Connect through the guard and sign in.

    Raises:
        SourceUnreachable: the server may not be called, or does not answer.
        SourceRefused: it does not take the name and password.
    """
    with _translated():
        stream = outbound_stream(outbound, "imaps", config.host, config.port)
        try:
            imap = GuardedImap(stream, settings.page_seconds_max)
            return MailSession(imap, config.username, password)
        except BaseException:
            stream.close()
            raise


def _records(parts: Sequence[object]) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield for each message what was said of it, and the literal among it.

    imaplib gives a line with a literal as a pair, and what follows the literal by itself.
    """
    meta, literal = b"", None
    for part in parts:
        line, content = part if isinstance(part, tuple) else (part, None)
        if not isinstance(line, bytes):
            continue
        if _RECORD.match(line):
            if meta:
                yield meta, literal
            meta, literal = b"", None
        meta, literal = meta + line, literal if content is None else content
    if meta:
        yield meta, literal


def _head(meta: bytes, literal: bytes | None) -> Head | None:
    uid, size = _matched(_UID, meta), _matched(_SIZE, meta)
    if uid is None or size is None:
        return None
    return Head(uid, size, _subject(literal or b""))


def _matched(pattern: re.Pattern[bytes], meta: bytes) -> int | None:
    found = pattern.search(meta)
    return int(found.group(1)) if found else None


def _subject(header: bytes) -> str:
    try:
        message = email.message_from_bytes(header, policy=email.policy.default)
        return str(message["Subject"] or "")
    except _HEADER_ERRORS:
        return ""


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what imaplib and the guard raise into what is wrong with a source."""
    try:
        with translated():
            yield
    except OutboundRefused as error:
        raise AddressRefused from error
    except (imaplib.IMAP4.error, OutboundFailed, ValueError) as error:
        raise SourceUnreachable from error
