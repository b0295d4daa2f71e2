"""One tenant's blind tokens in a tantivy index in memory, ranked by BM25.

tantivy sees hexadecimal tokens only. What is put or removed shows after `commit` and `publish`.
"""

from collections.abc import Sequence

import numpy as np
from tantivy import Document, Index, Occur, Query, Schema, SchemaBuilder, Searcher

from retrieval.lexical.blind import TOKEN_BYTES
from retrieval.visibility import Visible


def _schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_unsigned_field("chunk", fast=True)
    builder.add_unsigned_field("visibility", indexed=True, fast=True)
    builder.add_text_field("document", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("tokens", tokenizer_name="whitespace", index_option="freq")
    return builder.build()


class TantivyIndex:
    """Words by chunk; searching is safe at any time, writing needs one writer at a time."""

    def __init__(self, buffer_bytes: int) -> None:
        self._schema = _schema()
        self._index = Index(self._schema)
        # Readers see a commit when `publish` says so, together with the vectors' update.
        self._index.config_reader("Manual")
        self._writer = self._index.writer(buffer_bytes, num_threads=1)
        self._searcher: Searcher = self._index.searcher()

    def __len__(self) -> int:
        """Count the published chunks."""
        return int(self._searcher.num_docs)

    def put(
        self,
        document_id: str,
        visibility: int,
        chunk_ids: Sequence[int],
        tokens: Sequence[bytes],
    ) -> None:
        """Add a document's chunks, in place of those it had; `tokens` has one entry a chunk."""
        self.remove(document_id)
        for chunk_id, joined in zip(chunk_ids, tokens, strict=True):
            entry = Document()
            entry.add_unsigned("chunk", chunk_id)
            entry.add_unsigned("visibility", visibility)
            entry.add_text("document", document_id)
            entry.add_text("tokens", joined.hex(" ", TOKEN_BYTES))
            self._writer.add_document(entry)

    def remove(self, document_id: str) -> None:
        """Delete a document's chunks, if it has any."""
        self._writer.delete_documents_by_term("document", document_id)

    def commit(self) -> None:
        """Finish what was put and removed; takes milliseconds, so it is done once a batch."""
        self._writer.commit()

    def publish(self) -> None:
        """Show the last commit to searches; takes microseconds."""
        self._index.reload()
        self._searcher = self._index.searcher()

    def search(self, tokens: Sequence[bytes], visible: Visible, limit: int) -> Sequence[int]:
        """Return up to `limit` visible chunks that hold any of `tokens`, best first."""
        classes = [int(number) for number in np.flatnonzero(visible)]
        if not tokens or not classes:
            return []
        searcher = self._searcher
        found = searcher.search(self._query(tokens, classes), limit, count=False)
        addresses = [address for _, address in found.hits]
        chunks = searcher.fast_field_values("chunk", addresses)
        # Equal scores come in the order of tantivy's segments, which depends on history.
        scored = zip(found.hits, chunks, strict=True)
        return [chunk for _, chunk in sorted((-hit[0], chunk) for hit, chunk in scored)]

    def contents(self) -> dict[int, tuple[str, int]]:
        """Return the document and visibility class of every published chunk; slow."""
        searcher = self._searcher
        if not searcher.num_docs:
            return {}
        found = searcher.search(Query.all_query(), searcher.num_docs, count=False)
        addresses = [address for _, address in found.hits]
        chunks = searcher.fast_field_values("chunk", addresses)
        documents = [searcher.doc(address)["document"][0] for address in addresses]
        classes = searcher.fast_field_values("visibility", addresses)
        return dict(zip(chunks, zip(documents, classes, strict=True), strict=True))

    def _query(self, tokens: Sequence[bytes], classes: Sequence[int]) -> Query:
        words = [
            (Occur.Should, Query.term_query(self._schema, "tokens", token.hex(), "freq"))
            for token in dict.fromkeys(tokens)
        ]
        # The filter adds a constant nought, so it changes no rank.
        seen = Query.const_score_query(
            Query.term_set_query(self._schema, "visibility", classes), 0.0
        )
        return Query.boolean_query([(Occur.Must, Query.boolean_query(words)), (Occur.Must, seen)])
