"""Filters as requests name them, turned into what rows are compared with."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.orm import Session

from api import filter_schemas as schemas
from retrieval.filters import Filters
from retrieval.labels import author_digest, tag_digest
from security.keyring import KeyRing

Value = TypeVar("Value")


def opened_filters(
    session: Session, keyring: KeyRing, tenant_id: str, wanted: schemas.Filters
) -> Filters:
    """Replace the words that only the tenant's key can find by their digests."""
    filters = Filters(
        families=_set(wanted.types),
        languages=_set(wanted.languages),
        years=_set(wanted.years),
        dated_from=wanted.dated_from,
        dated_to=wanted.dated_to,
        uploaded_from=wanted.uploaded_from,
        uploaded_to=wanted.uploaded_to,
    )
    if wanted.tags is None and wanted.authors is None:
        return filters
    keys = keyring.tenant(session, tenant_id)
    tags, authors = wanted.tags, wanted.authors
    return replace(
        filters,
        tags=None if tags is None else frozenset(tag_digest(keys, one) for one in tags),
        authors=None if authors is None else frozenset(author_digest(keys, one) for one in authors),
    )


def _set(values: Iterable[Value] | None) -> frozenset[Value] | None:
    return None if values is None else frozenset(values)
