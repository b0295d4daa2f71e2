"""What every connector must do: one suite, which each kind of source inherits."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.connectors.errors import SourceUnreachable
from ingest.connectors.factory import Connectors
from ingest.connectors.port import Connector, End, Item
from ingest.connectors.settings import SourceSettings
from security.settings import OutboundSettings


@dataclass
class Look:
    """What one look at a source gave."""

    contents: dict[str, bytes]
    versions: dict[str, str]
    names: dict[str, str]
    seen: set[str]
    end: End

    @classmethod
    def of(cls, connector: Connector, before: "Look | None" = None) -> "Look":
        known = before.versions if before else {}
        look = cls({}, dict(known), {}, set(), End("", complete=False))
        for event in connector.changes(before.end.cursor if before else None, known):
            if isinstance(event, End):
                look.end = event
                continue
            look.seen.add(event.key)
            if isinstance(event, Item) and known.get(event.key) != event.version:
                with event.open() as stream:
                    look.contents[event.key] = stream.read()
                look.versions[event.key] = event.version
                look.names[event.key] = event.name
        return look


def connectors(settings: SourceSettings, *internal: str, ca_file: Path | None = None) -> Connectors:
    given = {"internal_origins": internal, "ca_file": ca_file}
    outbound = OutboundSettings.model_validate(given)
    return Connectors(settings, outbound, 10_000, lambda: datetime.now(UTC), lambda _: False)


class Conformance:
    """The port's promises; `world` has `put(name, text)`, `remove(name)` and `connector()`."""

    def test_all_is_new_at_first(self, world: Any) -> None:
        world.put("one", "first")
        world.put("two", "second")
        look = Look.of(world.connector())
        assert sorted(look.contents.values()) == [world.content("first"), world.content("second")]
        assert look.end.complete

    def test_what_did_not_change_is_not_opened(self, world: Any) -> None:
        world.put("one", "first")
        before = Look.of(world.connector())
        look = Look.of(world.connector(), before)
        assert look.contents == {}
        assert look.seen == before.seen
        assert look.end.complete

    def test_a_change_keeps_its_key(self, world: Any) -> None:
        world.put("one", "first")
        world.put("two", "second")
        before = Look.of(world.connector())
        world.put("one", "changed")
        look = Look.of(world.connector(), before)
        assert list(look.contents.values()) == [world.content("changed")]
        assert look.contents.keys() <= before.contents.keys()

    def test_what_is_gone_is_not_named(self, world: Any) -> None:
        world.put("one", "first")
        world.put("two", "second")
        before = Look.of(world.connector())
        world.remove("one")
        look = Look.of(world.connector(), before)
        assert len(before.seen - look.seen) == 1
        assert look.end.complete

    def test_a_source_that_cannot_be_read_says_so(self, world: Any) -> None:
        world.put("one", "first")
        world.break_down()
        with pytest.raises(SourceUnreachable):
            Look.of(world.connector())
