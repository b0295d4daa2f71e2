"""What a passage's document says about it: that of which the whole report speaks, it need not say.

"Capital expenditure of 3M in 2018" stands in a table without the company's name and in many years'
reports. So a passage is also judged by the words of its whole document, and by the document's
name, as people who ask for "the Q2 report" do. Like the words of passages, those of documents and
names are counted among what the scope sees.

Source: Callan, "Passage-Level Evidence in Document Retrieval", SIGIR 1994.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.lexical.bm25 import (
    K1,
    B,
    Postings,
    ScopeStatistics,
    Scores,
    rarity,
    visible_postings,
)
from retrieval.lexical.postings import Tokens
from retrieval.lexical.word_state import WordState

DOCUMENT_K1 = 3.0
"""Larger than for passages: a report tells by the twentieth mention still what it is about."""


def document_evidence(
    state: WordState, wanted: Tokens, rarities: Sequence[float], scope: ScopeStatistics
) -> Scores:
    """Score every document by its own words and by its name, by owner.

    `rarities` are those of the wanted tokens among passages, by which names are judged.
    """
    scores = np.zeros(len(state.firsts), np.float32)
    passage_length = max(scope.tokens / max(scope.chunks, 1), 1.0)
    document_length = max(scope.tokens / max(scope.documents, 1), 1.0)
    for whole in visible_postings(state.wholes, wanted, scope):
        weights = [rarity(size, scope.documents) for size in whole.sizes]
        owners = state.owners.take(whole.slots).astype(np.intp)
        lengths = state.document_tokens.take(owners) / document_length
        np.add.at(scores, owners, _worth(whole, weights, lengths, DOCUMENT_K1))
    for name in visible_postings(state.names, wanted, scope):
        owners = state.owners.take(name.slots).astype(np.intp)
        # As if it were a passage, and a short one: each of its words says much.
        lengths = state.name_tokens.take(owners) / passage_length
        np.add.at(scores, owners, _worth(name, rarities[name.tokens], lengths, K1))
    return scores


def _worth(
    found: Postings, rarities: Sequence[float], lengths: NDArray[np.float32], k1: float
) -> Scores:
    """Return BM25's worth of each posting; `lengths` are relative to the mean."""
    damping = (k1 * (1 - B + B * lengths)).astype(np.float32, copy=False)
    weights = found.spread([(k1 + 1) * each for each in rarities])
    worth: Scores = weights * found.counts / (found.counts + damping)
    return worth
