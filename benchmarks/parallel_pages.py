"""A data set across languages, made from a manual that exists in English and in Chinese.

Half of the pages are held in English only and the other half in Chinese only, so the corpus is
mixed and each answer is there once; or all are held in one language. Questions are the titles and
the first sentences of sections in the edition that is not held; what answers is the same section,
found by its number.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from evaluation.datasets import Dataset, Passage, Question
from ingest.blocks import BLOCK_SEPARATOR, ParsedDocument
from ingest.chunking import TokenCounter, chunk
from ingest.parsers import html
from ingest.sentences import spans
from ingest.settings import ParseLimits
from retrieval.corpus import Chunk
from retrieval.scripts import is_chinese

_EDITIONS = ("en", "zh")
_NUMBER = re.compile(r"([A-Z\d]+(?:\.\d+)+)\.\s*")
_SENTENCE_CHARACTERS_MIN = {"en": 40, "zh": 15}


@dataclass(frozen=True)
class Section:
    """A numbered section's own text, up to the next heading; offsets in the page's text."""

    number: str
    title: str
    sentence: str
    start: int
    end: int

    def holds(self, one: Chunk) -> bool:
        return one.start < self.end and self.start < one.end


def read_manual(folder: Path, count_tokens: TokenCounter, only: str | None = None) -> Dataset:
    """Read the pages that both editions have; ids of passages and questions tell their kinds.

    With `only`, all pages are held in that language.

    Passages are "en/<page>#<ordinal>", questions "zh->en sentence <number>" and the like.
    """
    grades: dict[str, dict[str, float]] = {}
    manual = Dataset("manual", [], [], grades)
    editions = {language: folder / language / "install.html.d" for language in _EDITIONS}
    pages = ({path.name for path in edition.glob("*.html")} for edition in editions.values())
    for position, page in enumerate(sorted(set.intersection(*pages))):
        parsed = {
            name: html.parse(folder / page, ParseLimits()) for name, folder in editions.items()
        }
        english = only == "en" if only else position % 2
        held, asked = _EDITIONS if english else _EDITIONS[::-1]
        chunks = chunk(parsed[held], count_tokens)
        named = {f"{held}/{page}#{one.ordinal}": one for one in chunks}
        manual.passages.extend(_passages(named))
        answers = {section.number: section for section in _sections(parsed[held], held)}
        for section in _sections(parsed[asked], asked):
            if section.number in answers:
                answer = answers[section.number]
                right = {name: 1.0 for name, one in named.items() if answer.holds(one)}
                for question in _questions(manual, section, f"{asked}->{held}"):
                    manual.questions.append(question)
                    grades[question.id] = right
    return manual


def _passages(named: dict[str, Chunk]) -> Iterator[Passage]:
    for name, one in named.items():
        yield Passage(id=name, title=" > ".join(one.heading_path), text=one.text)


def _questions(manual: Dataset, section: Section, direction: str) -> Iterator[Question]:
    for kind, text in (("title", section.title), ("sentence", section.sentence)):
        # Some sections were never translated.
        if text and is_chinese(text) == direction.startswith("zh"):
            name = f"{direction} {kind} {len(manual.questions)}"
            yield Question(id=name, text=text)


def _sections(document: ParsedDocument, language: str) -> Iterator[Section]:
    blocks = document.blocks
    lengths = (len(block.text) + len(BLOCK_SEPARATOR) for block in blocks)
    starts = list(accumulate(lengths, initial=0))
    headings = [n for n, block in enumerate(blocks) if block.kind == "heading"]
    for first, after in pairwise([*headings, len(blocks)]):
        found = _NUMBER.match(blocks[first].text)
        if found and after > first + 1:
            yield Section(
                number=found[1],
                title=blocks[first].text[found.end() :],
                sentence=_first_sentence(blocks[first + 1].text, language),
                start=starts[first],
                end=starts[after] - len(BLOCK_SEPARATOR),
            )


def _first_sentence(text: str, language: str) -> str:
    """Return it on one line; nothing when it is too short to say what the section is about."""
    for start, end in spans(text):
        sentence = " ".join(text[start:end].split())
        return sentence if len(sentence) >= _SENTENCE_CHARACTERS_MIN[language] else ""
    return ""
