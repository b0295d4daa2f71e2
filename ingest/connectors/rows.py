"""Sources and their items as rows, sealed and opened."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.connectors.configuration import SOURCE_CONFIG, AnyConfig
from ingest.connectors.tables import Source, SourceItem
from security.keyring import KeyRing
from security.places import Place
from security.tenant_keys import TenantKeys

_KEY_DIGEST: Final = "source item"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of an item: its key in the source, its version and its name."""

    key: str
    version: str
    name: str


class SourceRows:
    """Seals and opens one tenant's sources, in one transaction."""

    def __init__(self, session: Session, keyring: KeyRing, tenant_id: str) -> None:
        self._session = session
        self._tenant_id = tenant_id
        self._keys: TenantKeys = keyring.tenant(session, tenant_id)

    def seal_config(self, source_id: str, config: AnyConfig) -> bytes:
        """Seal a configuration."""
        text = SOURCE_CONFIG.dump_json(config)
        return self._keys.fields.seal(Place("sources", source_id, "config"), text)

    def config(self, source: Source) -> AnyConfig:
        """Open a configuration."""
        place = Place("sources", source.id, "config")
        return SOURCE_CONFIG.validate_json(self._keys.fields.open(place, source.config))

    def set_secret(self, source: Source, secret: str | None) -> None:
        """Seal what the source signs in with elsewhere, None for nothing."""
        place = Place("sources", source.id, "secret")
        source.secret = None if secret is None else self._keys.fields.seal(place, secret.encode())

    def secret(self, source: Source) -> str | None:
        """Open what the source signs in with elsewhere."""
        if source.secret is None:
            return None
        place = Place("sources", source.id, "secret")
        return self._keys.fields.open(place, source.secret).decode()

    def cursor(self, source: Source) -> str | None:
        """Open where the last complete run ended."""
        if source.cursor is None:
            return None
        place = Place("sources", source.id, "cursor")
        return self._keys.fields.open(place, source.cursor).decode()

    def set_cursor(self, source: Source, cursor: str) -> None:
        """Seal where a complete run ended."""
        place = Place("sources", source.id, "cursor")
        source.cursor = self._keys.fields.seal(place, cursor.encode())

    def entries(self, source_id: str) -> Iterator[tuple[SourceItem, Entry]]:
        """Open all items of a source."""
        query = select(SourceItem).where(
            SourceItem.tenant_id == self._tenant_id, SourceItem.source_id == source_id
        )
        for item in self._session.scalars(query):
            yield item, self.entry(item)

    def entry(self, item: SourceItem) -> Entry:
        """Open an item."""
        place = Place("source_items", item.id, "entry")
        return Entry(**json.loads(self._keys.fields.open(place, item.entry)))

    def item(self, source_id: str, key: str) -> SourceItem | None:
        """Find an item by its key, and lock it."""
        query = select(SourceItem).where(
            SourceItem.tenant_id == self._tenant_id,
            SourceItem.source_id == source_id,
            SourceItem.key_digest == self._digest(key),
        )
        return self._session.scalar(query.with_for_update())

    def put(self, source_id: str, item: SourceItem | None, entry: Entry) -> SourceItem:
        """Write what is known of an item, which is a new one for None."""
        if item is None:
            key = uuid4().hex
            digest = self._digest(entry.key)
            item = SourceItem(
                id=key, tenant_id=self._tenant_id, source_id=source_id, key_digest=digest
            )
        text = json.dumps({"key": entry.key, "version": entry.version, "name": entry.name})
        place = Place("source_items", item.id, "entry")
        item.entry = self._keys.fields.seal(place, text.encode())
        item.error_code = item.error_detail = None
        self._session.add(item)
        return item

    def _digest(self, key: str) -> str:
        return self._keys.digest(_KEY_DIGEST, key.encode())
