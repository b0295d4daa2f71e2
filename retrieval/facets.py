"""How many documents there are of each kind, among those that the caller sees and nothing else.

Each property is counted under the filters of all other properties, so that the values beside a
chosen one show what choosing them as well would add.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import SQLColumnExpression, desc, extract, func, select
from sqlalchemy.orm import Session

from retrieval.access import AccessScope
from retrieval.document_keys import document_ciphers
from retrieval.filters import Filters
from retrieval.labels import author_place
from retrieval.media import FAMILY_OF
from retrieval.tables import READY, Document, DocumentTag
from retrieval.tags import labels_of
from security.errors import DecryptionFailed
from security.keyring import KeyRing


@dataclass(frozen=True, slots=True)
class Count:
    """A value and the documents that have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts by property, most documents first; `collections` are ids. `total` fit all filters."""

    total: int
    families: Sequence[Count]
    languages: Sequence[Count]
    years: Sequence[Count]
    collections: Sequence[Count]
    tags: Sequence[Count]
    authors: Sequence[Count]


@dataclass(frozen=True, slots=True)
class FacetQuery:
    """Whose documents are counted, and what was chosen; `scope` has no filters yet."""

    scope: AccessScope
    filters: Filters
    collections: frozenset[str] | None = None

    def under(self, *left_out: str) -> AccessScope:
        """Return the scope under all that was chosen but in the properties left out."""
        scope = self.scope
        if self.collections is not None and "collections" not in left_out:
            scope = scope.narrowed(self.collections)
        names = [name for name in left_out if name != "collections"]
        return scope.filtered(self.filters.without(*names))


def count_facets(session: Session, keyring: KeyRing, query: FacetQuery, values_max: int) -> Facets:
    """Count the ready documents that fit, with up to `values_max` values of each property."""

    def by(column: SQLColumnExpression[object], *left_out: str) -> list[Count]:
        counted = _counted(session, column, query.under(*left_out))
        return _most({str(value): number for value, number in counted.items()}, values_max)

    families = Counter[str]()
    for media_type, number in _counted(
        session, Document.media_type, query.under("families")
    ).items():
        if media_type in FAMILY_OF:
            families[FAMILY_OF[str(media_type)]] += number
    return Facets(
        total=_total(session, query.under()),
        families=_most(families, values_max),
        languages=by(Document.language, "languages"),
        years=by(extract("year", Document.dated_on), "years", "dated_from", "dated_to"),
        collections=by(Document.collection_id, "collections"),
        tags=_tags(session, keyring, query.under("tags"), values_max),
        authors=_authors(session, keyring, query.under("authors"), values_max),
    )


def _total(session: Session, scope: AccessScope) -> int:
    query = select(func.count()).select_from(Document)
    return session.scalar(query.where(Document.status == READY, scope.documents())) or 0


def _counted(
    session: Session, column: SQLColumnExpression[object], scope: AccessScope
) -> dict[object, int]:
    query = (
        select(column, func.count())
        .where(Document.status == READY, scope.documents(), column.is_not(None))
        .group_by(column)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _most(counts: Mapping[str, int], values_max: int) -> list[Count]:
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Count(value, number) for value, number in order[:values_max]]


def _tags(session: Session, keyring: KeyRing, scope: AccessScope, values_max: int) -> list[Count]:
    """Count by digest; the word itself is opened from one of the documents that were counted."""
    number = func.count().label("number")
    query = (
        select(DocumentTag.digest, number, func.min(DocumentTag.document_id).label("example"))
        .join(Document, Document.id == DocumentTag.document_id)
        .where(Document.status == READY, scope.documents())
        .group_by(DocumentTag.digest)
        .order_by(desc(number), DocumentTag.digest)
        .limit(values_max)
    )
    rows = session.execute(query).all()
    labels = _labels(session, keyring, scope.tenant_id, {row.digest: row.example for row in rows})
    return _most({labels[r.digest]: r.number for r in rows if r.digest in labels}, values_max)


def _authors(
    session: Session, keyring: KeyRing, scope: AccessScope, values_max: int
) -> list[Count]:
    """Count by digest, and open the name from one of the documents that were counted."""
    number = func.count().label("number")
    counted = (
        select(Document.author_digest, number, func.min(Document.id).label("example"))
        .where(Document.status == READY, scope.documents(), Document.author_digest.is_not(None))
        .group_by(Document.author_digest)
        .order_by(desc(number), Document.author_digest)
        .limit(values_max)
    )
    numbers = {row.example: row.number for row in session.execute(counted)}
    names = _names(session, keyring, scope.tenant_id, list(numbers))
    return _most({name: numbers[example] for example, name in names.items()}, values_max)


def _names(
    session: Session, keyring: KeyRing, tenant_id: str, document_ids: Sequence[str]
) -> dict[str, str]:
    """Open the authors of documents; those whose key is gone have none."""
    rows = session.execute(
        select(Document.id, Document.author).where(
            Document.tenant_id == tenant_id, Document.id.in_(document_ids)
        )
    ).all()
    ciphers = document_ciphers(session, keyring, tenant_id, document_ids)
    names = {}
    for row in rows:
        with suppress(KeyError, DecryptionFailed):
            names[row.id] = ciphers[row.id].open(author_place(row.id), row.author).decode()
    return names


def _labels(
    session: Session, keyring: KeyRing, tenant_id: str, examples: Mapping[str, str]
) -> dict[str, str]:
    found = labels_of(session, keyring, tenant_id, list(set(examples.values())))
    return {
        digest: found[document_id][digest]
        for digest, document_id in examples.items()
        if digest in found.get(document_id, {})
    }
