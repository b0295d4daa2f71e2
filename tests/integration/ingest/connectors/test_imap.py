"""Mailboxes as sources, on Dovecot."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from ingest.connectors.configuration import ImapConfig
from ingest.connectors.errors import ItemUnreadable, SourceRefused, SourceUnreachable
from ingest.connectors.imap.names import quoted
from ingest.connectors.port import Connector, End, Item
from ingest.connectors.settings import SourceSettings
from ingest.errors import FileTooLarge
from tests.integration.ingest.connectors.dovecot import PASSWORD, USER, MailServer
from tests.product import free_port
from tests.unit.ingest_pipeline.connectors.conformance import Conformance, Look, connectors

_NUMBERS = count()


class MailWorld:
    """A mailbox of its own, in which each message is known by its name."""

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self.client = server.client()
        self.mailboxes = [f"Posteingang & Müll {next(_NUMBERS)} 收件箱"]
        self.client.create(quoted(self.mailboxes[0]))
        self.port = server.port
        self.password = PASSWORD
        self.settings = SourceSettings()
        self._uids: dict[str, str] = {}

    def put(self, name: str, text: str, mailbox: str | None = None) -> None:
        if name in self._uids:
            self.remove(name)
        box = quoted(mailbox or self.mailboxes[0])
        _, [said] = self.client.append(box, "", "", self.content(text))
        self._uids[name] = said.decode().split("APPENDUID ")[1].split("]")[0].split()[1]

    def remove(self, name: str) -> None:
        self.client.select(quoted(self.mailboxes[0]))
        self.client.uid("STORE", self._uids.pop(name), "+FLAGS", "(\\Deleted)")
        self.client.expunge()
        self.client.close()

    def content(self, text: str) -> bytes:
        return f"Subject: About {text}\r\nFrom: a@example.test\r\n\r\n{text}\r\n".encode()

    def break_down(self) -> None:
        self.port = free_port()

    def config(self) -> ImapConfig:
        given = {"host": "127.0.0.1", "port": self.port, "username": USER}
        return ImapConfig.model_validate({"kind": "imap", "mailboxes": self.mailboxes, **given})

    def connector(self) -> Connector:
        made = connectors(
            self.settings, f"imaps://127.0.0.1:{self.port}", ca_file=self.server.certificate
        )
        return made.connect(self.config().checked(self.settings), self.password)


class TestImap(Conformance):
    @pytest.fixture
    def world(self, mail_server: MailServer) -> Iterator[MailWorld]:
        world = MailWorld(mail_server)
        yield world
        world.client.logout()

    def test_a_change_keeps_its_key(self, world: Any) -> None:
        """A message never changes: a draft that is saved again is another one."""
        world.put("draft", "first")
        before = Look.of(world.connector())
        world.put("draft", "changed")
        look = Look.of(world.connector(), before)
        assert list(look.contents.values()) == [world.content("changed")]
        assert not look.seen & before.seen

    def test_messages_are_named_by_their_subject_and_stay_unread(self, world: MailWorld) -> None:
        world.put("one", "=?utf-8?b?5bm05bqm5oql5ZGK?= / Q3")
        assert list(Look.of(world.connector()).names.values()) == ["About 年度报告 Q3.eml"]
        world.client.select(quoted(world.mailboxes[0]), readonly=True)
        assert world.client.search(None, "SEEN")[1] == [b""]

    def test_a_message_without_a_subject_has_its_number(self, world: MailWorld) -> None:
        world.client.append(quoted(world.mailboxes[0]), "", "", b"\r\nno header\r\n")
        assert list(Look.of(world.connector()).names.values()) == ["1.eml"]

    def test_several_mailboxes_are_read(self, world: MailWorld) -> None:
        other = f"Other {next(_NUMBERS)}"
        world.client.create(quoted(other))
        world.mailboxes.append(other)
        world.put("one", "first")
        world.put("two", "second", other)
        assert len(Look.of(world.connector()).contents) == 2

    def test_a_mailbox_in_which_nothing_happened_is_not_listed(
        self, world: MailWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.put("one", "first")
        before = Look.of(world.connector())
        with monkeypatch.context() as patch:
            patch.setattr("ingest.connectors.imap.session.MailSession.uids", None)
            assert Look.of(world.connector(), before).seen == before.seen
        world.put("one", "second")  # as many messages as before, and another one
        assert len(Look.of(world.connector(), before).contents) == 1

    def test_a_message_that_could_not_be_fetched_is_asked_for_again(
        self, world: MailWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.put("one", "first")

        def fail(*_: object) -> bytes:
            raise ItemUnreadable

        with monkeypatch.context() as patch:
            patch.setattr("ingest.connectors.imap.session.MailSession.message", fail)
            events = world.connector().changes(None, {})
            item = next(events)
            assert isinstance(item, Item)
            with pytest.raises(ItemUnreadable):
                item.open()
            [end] = events
        assert isinstance(end, End)
        assert isinstance(next(world.connector().changes(end.cursor, {})), Item)

    def test_a_mailbox_made_anew_is_read_anew(self, world: MailWorld) -> None:
        world.put("one", "first")
        before = Look.of(world.connector())
        box = quoted(world.mailboxes[0])
        world.client.delete(box)
        world.client.create(box)
        world.client.append(box, "", "", world.content("second"))
        look = Look.of(world.connector(), before)
        assert list(look.contents.values()) == [world.content("second")]
        assert not look.seen & before.seen

    def test_a_message_too_large_is_not_fetched(self, world: MailWorld) -> None:
        world.put("large", "x" * 10_001)
        [item, _] = world.connector().changes(None, {})
        assert isinstance(item, Item)
        with pytest.raises(FileTooLarge):
            item.open()

    def test_a_wrong_password_is_told(self, world: MailWorld) -> None:
        world.password = "wrong"
        with pytest.raises(SourceRefused, match="does not let us in"):
            Look.of(world.connector())

    def test_a_mailbox_that_is_not_there_is_told(self, world: MailWorld) -> None:
        world.mailboxes = ["Absent"]
        with pytest.raises(SourceUnreachable, match="no mailbox"):
            Look.of(world.connector())

    def test_a_certificate_of_nobody_we_trust_is_refused(self, world: MailWorld) -> None:
        made = connectors(world.settings, world.server.origin)
        with pytest.raises(SourceUnreachable):
            Look.of(made.connect(world.config(), world.password))

    def test_an_internal_address_is_refused_by_the_guard(self, world: MailWorld) -> None:
        made = connectors(world.settings, ca_file=world.server.certificate)
        with pytest.raises(SourceUnreachable, match="may not be called"):
            Look.of(made.connect(world.config(), world.password))
