"""Asking in one language for passages in another.

Vectors of multilingual models say first in which language a text is, and only then what it is
about; some passages then lie near every question in the other language. So what all texts in the
question's language share is taken out of it, before it is compared with passages in another:
the centre of the language, which depends on the model alone and on nothing that is stored. See
Libovický, Rosa, Fraser, "On the Language Neutrality of Pre-trained Multilingual Representations",
Findings of EMNLP 2020.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from retrieval.embedding.port import Embedder
from retrieval.scripts import SCRIPTS, Script, own_and_foreign
from retrieval.tenant_index import Candidates
from retrieval.vectors.centres import centre_of
from retrieval.vectors.port import Nearest, Queries


class Crossing:
    """Leads questions to the other script; `share` (0 to 1) of a language's centre is taken out.

    The centres are embedded when they are first needed.
    """

    def __init__(self, embedder: Embedder, share: float) -> None:
        self._centre = cache(partial(centre_of, embedder))
        self._share = share

    def queries(self, question: str, vector: NDArray[np.float32]) -> Queries:
        """Return what to ask each script's passages for; `vector` is the question's."""
        own, foreign = own_and_foreign(question)
        queries = dict.fromkeys(SCRIPTS, vector)
        queries[foreign] = vector - np.float32(self._share) * self._centre(own)
        return queries

    def adapted(self, question: str, found: Candidates) -> Candidates:
        """Bring what `queries` found to one level, and take the question's language out of it."""
        own, _ = own_and_foreign(question)
        common = np.float32(self._share) * self._centre(own)
        return replace(
            found,
            dense=self.levelled(question, found.dense),
            vectors=lambda chunks: found.vectors(chunks).less(common),
        )

    def levelled(self, question: str, dense: Mapping[Script, Nearest]) -> Mapping[Script, Nearest]:
        """Bring the scores of what `queries` found to one level.

        A passage at its own language's centre is as near as it was to the question itself.
        """
        own, foreign = own_and_foreign(question)
        level = self._share * float(self._centre(own) @ self._centre(foreign))
        found = [(chunk, score + level) for chunk, score in dense.get(foreign, ())]
        return {**dense, foreign: found} if found else dense
