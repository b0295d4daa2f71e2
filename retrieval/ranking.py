"""One ranking from what the indexes propose for a question.

The default model puts almost any passage in the question's own language before the right one in
another. So passages in the other language are found apart, and their cosine is raised before both
are merged. When the nearest of all is then a foreign one, words, which seldom lead to another
language, would still push it back: so foreign passages earn by meaning some of what words earn.
Where only the question's language is visible, none of this changes anything; where only another is,
words count as far as they stand there: that of a sentence few do, of a product's name all.

Each index counts by how clearly it tells passages apart. Where the nearest passage is hardly nearer
than the hundredth, as among thousands of news, meaning says little; and words say little where the
hundredth passage holds nearly as many of them as the best. Last, the best passages say
which others are like them (`retrieval.feedback`).
"""

from itertools import chain
from operator import itemgetter
from typing import Final

from retrieval.feedback import with_feedback
from retrieval.fusion import Scored, fuse, numbers, scaled
from retrieval.scripts import is_chinese, own_and_foreign
from retrieval.settings import RetrievalSettings
from retrieval.tenant_index import Candidates
from retrieval.vectors.port import Nearest

_NEAREST: Final = 10
"""A foreign passage among so many of the nearest may be the answer."""


def ranked(candidates: Candidates, question: str, settings: RetrievalSettings) -> Scored:
    """Merge what was found by meaning and by words, best first."""
    words = 1 - settings.dense_weight
    all_foreign = _is_all_foreign(candidates, question)
    known = words * (candidates.covered() if all_foreign else 1.0)
    nearest = by_meaning(candidates, question, settings)[: settings.candidates_max]
    foreign = frozenset(chunk for chunk, _ in _by_language(candidates, question)[1])
    # Across languages meaning is all there is to go by, however close together cosines lie.
    crosses = all_foreign or not foreign.isdisjoint(numbers(nearest[:_NEAREST]))
    dense = scaled(nearest, 0.0 if crosses else settings.dense_spread_min)
    parts = (
        (1 - known, dense),
        (known, _by_words(candidates.lexical, settings.candidates_max)),
        (words * settings.foreign_words_share, _led_by(foreign, dense)),
    )
    fused = fuse(parts)
    return fused if crosses else with_feedback(fused, candidates.vectors, settings)


def by_meaning(candidates: Candidates, question: str, settings: RetrievalSettings) -> Scored:
    """Merge the passages of both languages by their cosine, best first."""
    bonus = settings.foreign_bonus_chinese if is_chinese(question) else settings.foreign_bonus
    own, foreign = _by_language(candidates, question)
    return _merged(own, [(chunk, cosine + bonus) for chunk, cosine in foreign])


def _by_words(found: Nearest, limit: int) -> dict[int, float]:
    """Scale scores; of a list that was cut, by the best: what was left out may be as good."""
    is_cut = len(found) >= limit
    return scaled(found, found[0][1] if is_cut else 0.0)


def _is_all_foreign(candidates: Candidates, question: str) -> bool:
    own, foreign = own_and_foreign(question)
    return bool(candidates.dense.get(foreign)) and not candidates.dense.get(own)


def _by_language(candidates: Candidates, question: str) -> tuple[Nearest, Nearest]:
    """Return the passages that are not foreign to the question, and those that are.

    Nothing is foreign when nothing is in the question's language, and what is in no known
    language never is: damaged texts are near to anything.
    """
    own, foreign = candidates.dense.get("other", ()), candidates.dense.get("chinese", ())
    if is_chinese(question):
        own, foreign = foreign, own
    if not own:
        own, foreign = foreign, ()
    return _merged(own, candidates.dense.get("unknown", ())), foreign


def _merged(*found: Nearest) -> Nearest:
    return sorted(chain(*found), key=itemgetter(1), reverse=True)


def _led_by(foreign: frozenset[int], dense: dict[int, float]) -> dict[int, float]:
    """Keep the foreign passages if one of them is the nearest of all."""
    if not dense or next(iter(dense)) not in foreign:
        return {}
    return {chunk: score for chunk, score in dense.items() if chunk in foreign}
