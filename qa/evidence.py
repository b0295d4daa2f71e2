"""What was searched for a question, and the passages that were found: for each part its own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ingest.blocks import BLOCK_SEPARATOR
from qa.followup import refers_back, search_query
from qa.words import names_asked
from retrieval.access import AccessScope
from retrieval.chunk_codec import chunk_id
from retrieval.corpus import Chunk, Hit
from retrieval.fusion import fuse
from retrieval.search import Retriever

_RANK_OFFSET: Final = 5
_WHOLE_WEIGHT: Final = 0.5
"""A part counts twice as much as the whole question, which gives what the part leaves unsaid."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A single question, the text that was searched for it, and what was found.

    `mentions` are passages that hold the question's names.
    """

    question: str
    query: str
    hits: Sequence[Hit]
    mentions: Sequence[Hit] = ()

    @property
    def document_ids(self) -> list[str]:
        """The documents of the passages and of their copies."""
        return [one.document_id for hit in self.hits for one in (hit, *hit.copies)]


@dataclass(frozen=True, slots=True)
class Gathering:
    """Gathers the evidence of one question within a scope."""

    retriever: Retriever
    scope: AccessScope
    passages_max: int
    mentions_max: int

    def of(
        self, question: str, parts: Sequence[str], earlier: Sequence[str] = ()
    ) -> Sequence[Evidence]:
        """Search for a question's parts, in order; `earlier` are those of its conversation."""
        query = search_query(question, earlier)
        whole = self._search(query)
        if len(parts) == 1:
            return (Evidence(question, query, self._continued(whole), self._mentions(query)),)
        queries = [search_query(parts[0], earlier)]
        for part in parts[1:]:
            queries.append(f"{queries[-1]}\n{part}" if refers_back(part) else part)
        return [
            Evidence(
                part, asked, self._continued(self._merged(asked, whole)), self._mentions(asked)
            )
            for part, asked in zip(parts, queries, strict=True)
        ]

    def _continued(self, hits: Sequence[Hit]) -> Sequence[Hit]:
        """Add what goes on from the best passage, or leads to it, within a paragraph or table."""
        if not hits:
            return hits
        best, known = hits[0], {hit.chunk_id for hit in hits}
        around = self.retriever.neighbours(self.scope, best, before=1, after=1)
        added = [_beside(best, chunk) for chunk in around if _goes_on(best.chunk, chunk)]
        return [*hits, *(hit for hit in added if hit.chunk_id not in known)]

    def _search(self, query: str) -> Sequence[Hit]:
        return self.retriever.search(self.scope, query, self.passages_max)

    def _merged(self, query: str, whole: Sequence[Hit]) -> Sequence[Hit]:
        rankings = ((1.0, self._search(query)), (_WHOLE_WEIGHT, whole))
        return merged(rankings, self.passages_max)

    def _mentions(self, query: str) -> Sequence[Hit]:
        """Find where the names of a question stand, which need not be where the answer does."""
        names = names_asked(query)
        if not names:
            return ()
        return self.retriever.search(self.scope, " ".join(names), self.mentions_max)


def merged(rankings: Iterable[tuple[float, Sequence[Hit]]], limit: int) -> list[Hit]:
    """Merge weighted results by reciprocal rank fusion, ranked anew.

    Cormack, Clarke, Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
    Learning Methods", SIGIR 2009.
    """
    weighted = list(rankings)
    hits = {hit.chunk_id: hit for _, ranking in weighted for hit in reversed(ranking)}
    numbers = {chunk_id: number for number, chunk_id in enumerate(hits)}
    order = fuse(
        (
            weight,
            {
                numbers[hit.chunk_id]: 1 / (_RANK_OFFSET + rank)
                for rank, hit in enumerate(ranking, start=1)
            },
        )
        for weight, ranking in weighted
    )
    ranked = [list(hits.values())[number] for number, _ in order[:limit]]
    return [replace(hit, rank=rank) for rank, hit in enumerate(ranked, start=1)]


def _beside(hit: Hit, chunk: Chunk) -> Hit:
    name = chunk_id(hit.document_id, chunk.ordinal)
    return Hit(name, hit.document_id, hit.document_name, hit.rank, chunk)


def _goes_on(one: Chunk, other: Chunk) -> bool:
    """Whether two chunks were cut from one block: less than a block's end is between them."""
    first, second = sorted((one, other), key=lambda chunk: chunk.start)
    return 0 <= second.start - first.end < len(BLOCK_SEPARATOR)
