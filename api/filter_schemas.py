"""What searches and questions are narrowed to, and the counts that help to choose."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from api.schema_base import Identifier, Input, View, Word
from retrieval.media import Family

_VALUES_MAX = 50
_Words = Annotated[
    list[Annotated[Word, Field(min_length=1, max_length=200)]], Field(max_length=_VALUES_MAX)
]
_Year = Annotated[int, Field(ge=1, le=9999)]


class Filters(Input):
    """Properties of documents: values of one are alternatives, different ones must all fit.

    `dated_…` and `years` go by the date that the file tells, else by the day of its upload. Days
    are inclusive, in UTC. Tags and authors are whole; capital letters do not matter.
    """

    types: list[Family] | None = None
    languages: _Words | None = None
    years: Annotated[list[_Year], Field(max_length=_VALUES_MAX)] | None = None
    tags: _Words | None = None
    authors: _Words | None = None
    dated_from: date | None = None
    dated_to: date | None = None
    uploaded_from: date | None = None
    uploaded_to: date | None = None


class FacetQuery(Input):
    """What is chosen so far."""

    collections: list[Identifier] | None = None
    filters: Filters = Filters()


class FacetCount(View):
    """A value, and how many documents have it that fit all other properties chosen."""

    value: str
    count: int


class Facets(BaseModel):
    """Counts among the documents that the caller may read, most first; `collections` are ids."""

    total: int
    types: list[FacetCount]
    languages: list[FacetCount]
    years: list[FacetCount]
    tags: list[FacetCount]
    authors: list[FacetCount]
    collections: list[FacetCount]


class Tags(Input):
    """All tags of a document."""

    tags: list[Word]
