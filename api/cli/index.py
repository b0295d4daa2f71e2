"""Check and rebuild what is derived from the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from api.key_holders import key_provider
from api.settings import Settings
from api.wiring import open_database, utc_now
from retrieval.embedding.factory import create_embedder
from retrieval.index import CorpusIndex
from retrieval.vectors.factory import open_shared_vectors
from security.keyring import KeyRing

if TYPE_CHECKING:  # its client is an extra
    from retrieval.shared_vectors import SharedVectors

app = typer.Typer(help="The search indexes, which are derived from the database.")


@app.command("verify")
def verify() -> None:
    """Compare every chunk of the indexes with its row; exit status 1 on a difference.

    Indexes in memory are built from the rows for it; a vector store on a server is looked through.
    """
    console = Console()
    with _opened() as (index, _):
        index.rebuild()
        report = index.verify()
    console.print(f"{report.documents} documents, {report.chunks} chunks compared.")
    for found in report.differences:
        console.print(f"{found.document_id}: {found.kind}", style="red", highlight=False)
    raise typer.Exit(0 if report.ok else 1)


@app.command("rebuild")
def rebuild() -> None:
    """Empty the vector store on a server and fill it anew from the rows.

    Searches by meaning find less until it is done. Indexes in memory are rebuilt by each start.
    """
    console = Console()
    with _opened() as (_, shared):
        if shared is None:
            console.print("The indexes are in memory: each start of the server rebuilds them.")
            return
        shared.empty()
        if not shared.catch_up():
            console.print("Another process is filling the vector store.")
            return
    console.print("The vector store is filled.")


@contextmanager
def _opened() -> Iterator[tuple[CorpusIndex, "SharedVectors | None"]]:
    settings = Settings()
    database = open_database(settings)
    embedder = create_embedder(settings.embedding)
    keyring = KeyRing(key_provider(settings), utc_now)
    shared = open_shared_vectors(settings.vectors, database, keyring, embedder)
    index = CorpusIndex(
        database, keyring, embedder=embedder, settings=settings.retrieval, shared=shared
    )
    try:
        yield index, shared
    finally:
        index.close()
        database.close()
