"""Filters and facets against a plain oracle: what is found and counted is what is seen and fits.

With every limit above the corpus's size, a filtered search finds exactly the documents that the
rights and the filters let through, in each index by itself; a facet counts exactly those.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.access import AccessScope
from retrieval.facets import FacetQuery, count_facets
from retrieval.filters import Filters
from retrieval.labels import author_digest, tag_digest
from retrieval.lexical.analysis import terms
from retrieval.lexical.blind import BlindTokens
from retrieval.media import FAMILY_OF
from retrieval.scripts import SCRIPTS
from retrieval.stages import ignore
from storage.database import Database
from tests.integration.retrieval.world import NOW, World

TENANT = "t1"
TYPES = ("application/pdf", "text/plain", "text/csv", "text/markdown")
LANGUAGES = ("en", "zh", None)
AUTHORS = ("Ann", "张三", None)
TAGS = ("Legal", "urgent", "归档")
YEARS = (2023, 2024, 2025)
DOCUMENTS = 48


@dataclass(frozen=True)
class Known:
    """What the oracle knows of a document."""

    collection: str
    acl: int
    media_type: str
    language: str | None
    author: str | None
    dated_on: date
    tags: frozenset[str]


class Library:
    """Documents of every kind, half of them under a list that is seldom held."""

    def __init__(self, database: Database) -> None:
        self.world = World(database)
        self.world.tenant(TENANT)
        self.collections = [self.world.collection(TENANT) for _ in range(2)]
        self.acls = [self.world.acl(TENANT, f"collection:{n}") for n in range(2)]
        self.known = dict(self._added(Random(number)) for number in range(DOCUMENTS))
        self.index = self.world.index()
        self.index.rebuild()
        self.retriever = self.world.retriever(self.index)
        with database.reading() as session:
            self.keys = self.world.keyring.tenant(session, TENANT)

    def _added(self, random: Random) -> tuple[str, Known]:
        known = Known(
            collection=random.choice(self.collections),
            acl=random.choice(self.acls),
            media_type=random.choice(TYPES),
            language=random.choice(LANGUAGES),
            author=random.choice(AUTHORS),
            dated_on=date(random.choice(YEARS), random.randint(1, 12), 15),
            tags=frozenset(tag for tag in TAGS if random.random() < 0.3),
        )
        text = f"alpha {random.random()}"
        document = self.world.document(TENANT, known.collection, known.acl, [text], known.language)
        self.world.describe(
            TENANT,
            document,
            media_type=known.media_type,
            dated_on=known.dated_on,
            author=known.author,
            tags=sorted(known.tags),
        )
        return document, known


@dataclass(frozen=True)
class Wanted:
    """Filters in words."""

    families: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    authors: frozenset[str] | None = None
    years: frozenset[int] | None = None
    dated_from: date | None = None
    dated_to: date | None = None
    uploaded_from: date | None = None
    uploaded_to: date | None = None

    def fits(self, known: Known) -> bool:
        day, uploaded = known.dated_on, NOW.date()
        return (
            (self.families is None or FAMILY_OF[known.media_type] in self.families)
            and (self.languages is None or known.language in self.languages)
            and (self.tags is None or bool(self.tags & known.tags))
            and (self.authors is None or known.author in self.authors)
            and (self.years is None or day.year in self.years)
            and (self.dated_from is None or self.dated_from <= day)
            and (self.dated_to is None or day <= self.dated_to)
            and (self.uploaded_from is None or self.uploaded_from <= uploaded)
            and (self.uploaded_to is None or uploaded <= self.uploaded_to)
        )


def _some(values: tuple[str, ...]) -> st.SearchStrategy[frozenset[str] | None]:
    return st.none() | st.frozensets(st.sampled_from(values))


days = st.none() | st.dates(date(2023, 1, 1), date(2025, 12, 31))
uploads = st.none() | st.sampled_from([date(2026, 11, 21), date(2026, 11, 22), date(2026, 11, 23)])
wanted = st.builds(
    Wanted,
    families=_some(("pdf", "text", "table", "book")),
    languages=_some(("en", "zh", "ja")),
    tags=_some((*TAGS, "unknown")),
    authors=_some(("Ann", "张三", "Bob")),
    years=st.none() | st.frozensets(st.sampled_from(YEARS)),
    dated_from=days,
    dated_to=days,
    uploaded_from=uploads,
    uploaded_to=uploads,
)
# Rarely all at once, or nothing would fit.
few = st.sets(st.sampled_from(list(Wanted.__dataclass_fields__)), max_size=3)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('library') / 'rows.db'}")
    yield Library(database)
    database.close()


def _filters(library: Library, words: Wanted) -> Filters:
    def digests(values, digest):
        return (
            None if values is None else frozenset(digest(library.keys, v.upper()) for v in values)
        )

    return Filters(
        families=words.families,  # type: ignore[arg-type] - names of families
        languages=words.languages,
        tags=digests(words.tags, tag_digest),
        authors=digests(words.authors, author_digest),
        years=words.years,
        dated_from=words.dated_from,
        dated_to=words.dated_to,
        uploaded_from=words.uploaded_from,
        uploaded_to=words.uploaded_to,
    )


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    words=wanted,
    kept=few,
    held=st.frozensets(st.sampled_from((0, 1)), min_size=1),
    places=st.none() | st.frozensets(st.sampled_from((0, 1))),
)
def test_what_is_found_and_counted_is_what_is_seen_and_fits(
    library: Library,
    words: Wanted,
    kept: set[str],
    held: frozenset[int],
    places: frozenset[int] | None,
) -> None:
    words = replace(
        words, **{name: None for name in Wanted.__dataclass_fields__ if name not in kept}
    )
    scope = AccessScope(TENANT, frozenset(library.acls[n] for n in held))
    inside = None if places is None else frozenset(library.collections[n] for n in places)
    seen = {key: known for key, known in library.known.items() if known.acl in scope.acls}
    narrowed = scope if inside is None else scope.narrowed(inside)
    narrowed = narrowed.filtered(_filters(library, words))
    fitting = {
        key
        for key, known in seen.items()
        if words.fits(known) and (inside is None or known.collection in inside)
    }
    found = library.retriever.search(narrowed, "alpha", 1000)
    assert {hit.document_id for hit in found} == fitting
    _check_legs(library, narrowed, fitting)
    _check_facets(library, scope, words, inside, seen)


def _check_legs(library: Library, scope: AccessScope, fitting: set[str]) -> None:
    vector = library.world.embedder.embed_queries(["alpha"])[0].astype(np.float32)
    tokens = BlindTokens(library.keys.blind_token_key).tokens(terms("alpha"))
    legs = library.index.search(scope, dict.fromkeys(SCRIPTS, vector), tokens, 1000, ignore)
    with library.world.database.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT id, document_id FROM chunks")
        numbers = {number for number, document in rows if document in fitting}
    assert {number for leg in legs.dense.values() for number, _ in leg} == numbers
    assert set(dict(legs.lexical)) == numbers


def _check_facets(
    library: Library,
    scope: AccessScope,
    words: Wanted,
    inside: frozenset[str] | None,
    seen: dict[str, Known],
) -> None:
    query = FacetQuery(scope, _filters(library, words), inside)
    with library.world.database.reading() as session:
        facets = count_facets(session, library.world.keyring, query, 50)

    def among(*left_out: str, everywhere: bool = False) -> Iterator[Known]:
        rest = replace(words, **dict.fromkeys(left_out))
        for known in seen.values():
            if rest.fits(known) and (everywhere or inside is None or known.collection in inside):
                yield known

    dates = ("years", "dated_from", "dated_to")
    expected = {
        "families": Counter(FAMILY_OF[known.media_type] for known in among("families")),
        "languages": Counter(k.language for k in among("languages") if k.language),
        "years": Counter(str(known.dated_on.year) for known in among(*dates)),
        "collections": Counter(known.collection for known in among(everywhere=True)),
        "tags": Counter(tag for known in among("tags") for tag in known.tags),
        "authors": Counter(known.author for known in among("authors") if known.author),
    }
    assert facets.total == len(list(among()))
    for name, counts in expected.items():
        found = getattr(facets, name)
        assert {one.value: one.count for one in found} == counts
        assert [one.count for one in found] == sorted(counts.values(), reverse=True)


def test_a_filter_only_ever_takes_away(library: Library) -> None:
    scope = AccessScope(TENANT, frozenset(library.acls))
    text, pdf = Filters(families=frozenset({"text"})), Filters(families=frozenset({"pdf"}))
    assert library.retriever.search(scope.filtered(text), "alpha", 1000)
    assert not library.retriever.search(scope.filtered(text).filtered(pdf), "alpha", 1000)
    assert scope.filtered(Filters()) is scope


def test_a_changed_tag_counts_for_the_next_search(library: Library) -> None:
    scope = AccessScope(TENANT, frozenset(library.acls))
    document, known = next(iter(library.known.items()))
    tagged = scope.filtered(Filters(tags=frozenset({tag_digest(library.keys, "brand new")})))
    assert not library.retriever.search(tagged, "alpha", 10)
    described = {"media_type": known.media_type, "dated_on": known.dated_on, "author": known.author}
    library.world.describe(TENANT, document, **described, tags=["Brand New"])
    assert [hit.document_id for hit in library.retriever.search(tagged, "alpha", 10)] == [document]
    library.world.describe(TENANT, document, **described, tags=sorted(known.tags))
    assert not library.retriever.search(tagged, "alpha", 10)


def test_every_combination_of_selectivity_was_tried(library: Library) -> None:
    """The documents differ in enough properties that one filter lets one through, or nearly all."""
    kinds = {(known.media_type, known.language) for known in library.known.values()}
    assert kinds == set(product(TYPES, LANGUAGES))
