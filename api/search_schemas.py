"""What is searched for and what is found, as pydantic models."""

from pydantic import BaseModel, Field

from api.filter_schemas import Filters
from api.schema_base import Identifier, Input
from api.schemas import Box, OtherPlace


class Query(Input):
    """What to search for; without `collections`, everywhere the caller may read."""

    query: str
    limit: int = Field(default=10, ge=1, le=50)
    collections: list[Identifier] | None = None
    filters: Filters = Filters()
    fold_duplicates: bool = True


class Hit(BaseModel):
    """A passage; `start` and `end` are character offsets into the document's text.

    `also` are other places that say the same, or nearly; they are no hits of their own.
    """

    document_id: str
    document_name: str
    chunk_id: str
    text: str
    page: int | None
    boxes: list[Box]
    heading_path: list[str]
    rank: int
    start: int
    end: int
    also: list[OtherPlace]


class Hits(BaseModel):
    """Passages, best first."""

    hits: list[Hit]
