"""What a search is narrowed to besides rights: the properties of documents.

Filters only ever take away: they are one more condition beside the permission lists, in the rows
and in every index. Values of one property are alternatives; different properties must all fit.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, extract, select

from retrieval.media import MEDIA_TYPES, Family
from retrieval.tables import Document, DocumentTag

Choice = frozenset[str] | None
"""Values any of which fits; None lets everything pass."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Properties that documents must have; None lets everything pass.

    `tags` and `authors` are keyed digests (see `retrieval.labels`). Days are inclusive, in UTC:
    `dated` is the document's own date where its file tells one, else the day of its upload.
    """

    families: frozenset[Family] | None = None
    languages: Choice = None
    tags: Choice = None
    authors: Choice = None
    years: frozenset[int] | None = None
    dated_from: date | None = None
    dated_to: date | None = None
    uploaded_from: date | None = None
    uploaded_to: date | None = None

    def __bool__(self) -> bool:
        """Whether anything is narrowed."""
        return any(getattr(self, one.name) is not None for one in fields(self))

    def without(self, *names: str) -> "Filters":
        """Let everything pass in the named properties."""
        return replace(self, **dict.fromkeys(names))

    @property
    def media_types(self) -> frozenset[str] | None:
        """The media types of `families`."""
        if self.families is None:
            return None
        return frozenset(one for family in self.families for one in MEDIA_TYPES[family])

    def documents(self) -> ColumnElement[bool]:
        """Compile to the SQL condition on `documents`."""
        return and_(True, *self._values(), *self._days())  # noqa: FBT003 - SQL's TRUE

    def _values(self) -> Iterator[ColumnElement[bool]]:
        columns = (
            (Document.media_type, self.media_types),
            (Document.language, self.languages),
            (Document.author_digest, self.authors),
            (extract("year", Document.dated_on), self.years),
        )
        for column, wanted in columns:
            if wanted is not None:
                yield column.in_(sorted(wanted))
        if self.tags is not None:
            tagged = select(DocumentTag.document_id).where(
                DocumentTag.document_id == Document.id, DocumentTag.digest.in_(sorted(self.tags))
            )
            yield tagged.exists()

    def _days(self) -> Iterator[ColumnElement[bool]]:
        if self.dated_from is not None:
            yield Document.dated_on >= self.dated_from
        if self.dated_to is not None:
            yield Document.dated_on <= self.dated_to
        if self.uploaded_from is not None:
            yield Document.created_at >= start_of(self.uploaded_from)
        if self.uploaded_to is not None:
            yield Document.created_at < end_of(self.uploaded_to)


NO_FILTERS: Final = Filters()


def start_of(day: date) -> datetime:
    """Return the first moment of a day in UTC."""
    return datetime.combine(day, time(), UTC)


def end_of(day: date) -> datetime:
    """Return the first moment after a day in UTC; the last day there is ends at its last moment."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return start_of(day + timedelta(days=1))
