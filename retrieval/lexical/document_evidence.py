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

from retrieval.lexical.bm25 import K1, B, ScopeStatistics, Scores, rarity, visible_postings
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
    wholes = visible_postings(state.wholes, wanted, scope)
    names = visible_postings(state.names, wanted, scope)
    for whole, name, name_rarity in zip(wholes, names, rarities, strict=True):
        owners = state.owners.take(whole.slots)
        lengths = state.document_tokens.take(owners) / document_length
        weight = rarity(len(whole), scope.documents)
        scores[owners] += _worth(weight, whole.counts, lengths, DOCUMENT_K1)
        owners = state.owners.take(name.slots)
        # As if it were a passage, and a short one: each of its words says much.
        lengths = state.name_tokens.take(owners) / passage_length
        scores[owners] += _worth(name_rarity, name.counts, lengths, K1)
    return scores


def _worth(
    weight: float, counts: NDArray[np.float32], lengths: NDArray[np.float32], k1: float
) -> Scores:
    """Return BM25's worth of one token; `lengths` are relative to the mean."""
    damping = k1 * (1 - B + B * lengths)
    worth: Scores = (weight * (k1 + 1) * counts / (counts + damping)).astype(np.float32)
    return worth
