"""A whole answer while it is written: one draft for each question that was asked."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model.allowed_text import CitedNumbers
from model.backends.port import GenerationRequest, Generator
from qa.answer import Citation, CitationFound, Token, Turn, Usage
from qa.draft import Draft
from qa.evidence import Evidence
from qa.grounding import Grounding
from qa.language import REFUSAL, language_of, unanswered
from qa.prompt import Prompt, build_prompt
from qa.relevance import Relevance
from qa.settings import AnswerSettings
from qa.text import plain
from qa.verified import VerifiedText
from retrieval.embedding.port import Embedder


@dataclass(frozen=True, slots=True)
class Writer:
    """What writes answers."""

    generator: Generator
    embedder: Embedder
    settings: AnswerSettings


class Composition:
    """Writes what is supported for each part, and says which has no answer.

    `finished` stays False when the reader stops the answer or goes away.
    """

    def __init__(
        self, writer: Writer, parts: Sequence[Evidence], history: Sequence[Turn], tenant_id: str
    ) -> None:
        self.finished = False
        self.refused = False
        self.unanswered: tuple[str, ...] = ()
        self._writer = writer
        self._parts = parts
        self._history = history
        self._tenant_id = tenant_id
        self._refusal = REFUSAL[language_of(parts[0].question)]
        self._verified = VerifiedText()
        self._drafts: list[Draft] = []

    @property
    def text(self) -> str:
        """What the reader has seen so far."""
        return self._refusal if self.refused else self._verified.text

    @property
    def citations(self) -> Sequence[Citation]:
        """The places behind `text`."""
        return self._verified.citations

    @property
    def usage(self) -> Usage:
        """Tokens read and written for all parts."""
        used = [draft.usage for draft in self._drafts]
        return Usage(
            sum(one.prompt_tokens for one in used), sum(one.completion_tokens for one in used)
        )

    def write(self, cancelled: threading.Event) -> Iterator[Token | CitationFound]:
        """Stream what is supported, or the refusal; closing the iterator stops the model."""
        for part in self._parts:
            self._verified.begin_line()
            begun_at = len(self._verified.text)
            relevance = Relevance(part.query, part.hits, self._writer.embedder, part.mentions)
            if relevance.best_score >= self._writer.settings.grounding.relevance_min:
                draft = self._draft(part, relevance)
                yield from self._drafted(part, relevance, draft, cancelled)
                if not draft.finished:
                    return
            if len(self._verified.text) == begun_at:
                self.unanswered += (part.question,)
                self._verified.note(unanswered(plain(part.question)))
        yield from self._ended()

    def _ended(self) -> Iterator[Token]:
        """Say what is left to say: that some parts, or all, have no answer."""
        self.finished = True
        if self._verified.text:
            yield from self._verified.noted()
        else:
            self.refused, self.unanswered = True, ()
            yield Token(self._refusal)

    def _draft(self, part: Evidence, relevance: Relevance) -> Draft:
        thresholds = self._writer.settings.grounding
        grounding = Grounding(part.query, relevance.passages, relevance.vectors, thresholds)
        language = language_of(part.question)
        draft = Draft(relevance, grounding, thresholds, language, self._verified)
        self._drafts.append(draft)
        return draft

    def _drafted(
        self, part: Evidence, relevance: Relevance, draft: Draft, cancelled: threading.Event
    ) -> Iterator[Token | CitationFound]:
        generator, settings = self._writer.generator, self._writer.settings
        prompt = build_prompt(
            part.question,
            relevance.excerpts(self._shown_sentences(relevance)),
            self._history,
            generator.count_tokens,
            settings,
        )
        return draft.write(generator, self._request(prompt), prompt.excerpts, cancelled)

    def _shown_sentences(self, relevance: Relevance) -> int:
        """Count what the model is shown: more where the ranking hardly tells the best apart.

        In short documents more sentences than needed make a small model deny what stands there.
        """
        settings = self._writer.settings
        near = relevance.count_near_best(settings.shown_margin)
        return max(settings.shown_sentences_min, min(near, settings.shown_sentences_max))

    def _request(self, prompt: Prompt) -> GenerationRequest:
        numbers = CitedNumbers(frozenset(range(1, len(prompt.excerpts) + 1)))
        return GenerationRequest(
            prompt.messages,
            self._writer.settings.new_tokens_max,
            tenant=self._tenant_id,
            allowed=numbers if self._writer.generator.enforces_allowed else None,
            drafts=[excerpt.text for excerpt in prompt.excerpts],
        )
