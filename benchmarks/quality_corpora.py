"""Data sets as the product holds them: documents cut into passages, embedded and indexed."""

import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from api.evaluation.corpus import as_document
from benchmarks.vector_cache import CachedEmbedder
from evaluation.datasets import Dataset, Question, read_dataset
from ingest import detect, parsers
from ingest.chunking import chunk
from retrieval.access import AccessScope
from retrieval.corpus import Chunk
from retrieval.crossing import Crossing
from retrieval.lexical.analysis import question_terms, terms
from retrieval.lexical.blind import BlindTokens
from retrieval.rows import Batch, IndexedDocument
from retrieval.scripts import script_of
from retrieval.settings import RetrievalSettings
from retrieval.stages import ignore
from retrieval.tenant_index import Candidates, TenantIndex
from retrieval.vectors.centres import centre_of
from retrieval.vectors.faiss_vectors import FaissVectors
from retrieval.visibility import DocumentClass, VisibilityClasses

BLIND: Final = BlindTokens(bytes(range(32)))
SCOPE: Final = AccessScope("benchmark", frozenset({1}))


@dataclass(frozen=True, slots=True)
class CutDocument:
    """A document of a data set: what questions call it, its file's name, and its passages."""

    id: str
    name: str
    language: str | None
    chunks: list[Chunk]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A data set and its documents."""

    dataset: Dataset
    documents: list[CutDocument]

    def places(self) -> list[tuple[CutDocument, Chunk]]:
        """Return every passage with its document; indexes call them by their place here."""
        return [(document, one) for document in self.documents for one in document.chunks]


def read_corpus(folder: Path, embedder: CachedEmbedder, cache: Path) -> Corpus:
    """Read a set of `qa/` or, with PDF files beside it, of `finance/`; the latter are parsed once.

    A parsed file is read again when the file, or the code that parses and cuts, has changed.
    """
    dataset = read_dataset(folder)
    if not (folder / "pdfs").is_dir():
        return cut(dataset, embedder)
    files = sorted((folder / "pdfs").glob("*.pdf"))
    judged = {name for grades in dataset.grades.values() for name in grades}
    # Judgements of documents name their files, those of pages leave the ending out.
    named = {path: path.name if path.name in judged else path.stem for path in files}
    documents = [
        CutDocument(name, path.stem, *read_pdf(path, embedder, cache))
        for path, name in named.items()
    ]
    return Corpus(dataset, documents)


def cut(dataset: Dataset, embedder: CachedEmbedder) -> Corpus:
    """Cut a data set's passages as if each were a document without a name."""
    parsed = [(passage.id, as_document(passage)) for passage in dataset.passages]
    count = embedder.count_tokens
    documents = [CutDocument(key, "", one.language, chunk(one, count)) for key, one in parsed]
    return Corpus(dataset, documents)


def candidates(
    corpus: Corpus, embedder: CachedEmbedder, settings: RetrievalSettings
) -> Iterator[tuple[Question, Candidates]]:
    """Ask the product's indexes every judged question."""
    index, questions = index_of(corpus, embedder, settings), corpus.dataset.judged_questions
    crossing = Crossing(embedder, settings.foreign_centre_share)
    vectors = embedder.embed_queries([question.text for question in questions])
    for question, vector in zip(questions, vectors, strict=True):
        words = question_terms(question.text)[: settings.query_terms_max]
        tokens = BLIND.tokens(words)
        limit = settings.candidates_max
        queries = crossing.queries(question.text, vector.astype(np.float32))
        found = index.search(SCOPE, queries, tokens, limit, ignore)
        yield question, crossing.adapted(question.text, found)


def index_of(corpus: Corpus, embedder: CachedEmbedder, settings: RetrievalSettings) -> TenantIndex:
    """Index a corpus as the product does; chunks are called by their place in `places`."""
    classes = VisibilityClasses()
    centre = partial(centre_of, embedder)
    vectors = FaissVectors(classes, embedder.dimensions, settings, centre)
    index = TenantIndex(vectors, classes, settings)
    index.load([Batch([], list(_indexed(corpus, embedder)))])
    return index


def _indexed(corpus: Corpus, embedder: CachedEmbedder) -> Iterable[IndexedDocument]:
    texts = [one.embedded_text for _, one in corpus.places()]
    vectors, first = embedder.embed_passages(texts).astype(np.float16), 0
    for document in corpus.documents:
        numbers = range(first, first := first + len(document.chunks))
        yield IndexedDocument(
            document_id=document.id,
            document_class=DocumentClass(1, "all", script_of(document.language)),
            chunk_ids=numbers,
            tokens=[b"".join(BLIND.tokens(terms(c.embedded_text))) for c in document.chunks],
            vector_ids=np.array(numbers, np.int64),
            vectors=vectors[numbers.start : numbers.stop],
            name_tokens=b"".join(BLIND.tokens(terms(document.name))),
        )


def read_pdf(path: Path, embedder: CachedEmbedder, cache: Path) -> tuple[str | None, list[Chunk]]:
    """Return a file's language and passages."""
    key = sha256(path.read_bytes() + _code_version()).hexdigest()
    kept = cache / f"{key}.pickle"
    if not kept.exists():
        document = parsers.parse(path, detect.PDF)
        part = kept.with_suffix(".part")
        found = (document.language, chunk(document, embedder.count_tokens))
        part.write_bytes(pickle.dumps(found))
        part.replace(kept)
    stored: tuple[str | None, list[Chunk]] = pickle.loads(kept.read_bytes())
    return stored


def _code_version() -> bytes:
    folder = Path(parsers.__file__).parents[1]
    files = sorted([*folder.glob("*.py"), *folder.glob("parsers/*.py")])
    return sha256(b"".join(path.read_bytes() for path in files)).digest()
