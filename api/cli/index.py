"""Check and rebuild what is derived from the database."""

import typer
from rich.console import Console

from api.key_holders import key_provider
from api.settings import Settings
from api.wiring import open_database, utc_now
from retrieval.embedding.factory import create_embedder
from retrieval.index import CorpusIndex
from security.keyring import KeyRing

app = typer.Typer(help="The search indexes, which are derived from the database.")


@app.command("verify")
def verify() -> None:
    """Build the indexes from the rows and compare every chunk; exit status 1 on a difference."""
    settings, console = Settings(), Console()
    database = open_database(settings)
    embedder = create_embedder(settings.embedding)
    index = CorpusIndex(
        database,
        KeyRing(key_provider(settings), utc_now),
        embedder=embedder,
        settings=settings.retrieval,
    )
    index.rebuild()
    report = index.verify()
    database.close()
    console.print(f"{report.documents} documents, {report.chunks} chunks compared.")
    for found in report.differences:
        console.print(f"{found.document_id}: {found.kind}", style="red", highlight=False)
    raise typer.Exit(0 if report.ok else 1)
