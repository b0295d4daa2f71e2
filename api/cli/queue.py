"""The queue of documents from a terminal: look, try again, take out."""

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.client import Client, read_login

_STAGES = ("parsing", "chunking", "embedding", "indexing")

app = typer.Typer(help="What waits, runs and failed among the documents that you may read.")
Collection = Annotated[
    str | None, typer.Option("--collection", "-c", help="Only of this collection (name or id).")
]
_console = Console()


@app.command()
def status(collection: Collection = None) -> None:
    """Show the queue, what was done in the last hour, and why documents failed."""
    wanted = {"collection": collection} if collection else {}
    queue = Client(read_login()).call("GET", "/v1/queue", params=wanted)
    for name, value in _lines(queue):
        _console.print(f"{name:<22}{value}", highlight=False)
    if queue["failures"]:
        _console.print(_failures(queue["failures"]))


@app.command()
def retry(
    document: Annotated[str | None, typer.Argument(help="A document's id.")] = None,
    collection: Collection = None,
    code: Annotated[
        str | None, typer.Option(help="The reason, as `status` shows it; else all dead letters.")
    ] = None,
) -> None:
    """Process a failed document once more, or all that failed though their file may be sound."""
    client = Client(read_login())
    if document is not None:
        client.call("POST", f"/v1/documents/{document}/retry")
        retried = 1
    else:
        retried = _retry_all(client, {"collection": collection, "code": code})
    _console.print(f"{retried} waiting again.", highlight=False)


@app.command()
def cancel(document: Annotated[str, typer.Argument(help="A document's id.")]) -> None:
    """Take a document out of the queue, or end the work on it."""
    Client(read_login()).call("POST", f"/v1/documents/{document}/cancel")
    _console.print("Cancelled.")


def _retry_all(client: Client, wanted: dict[str, str | None]) -> int:
    total, remaining = 0, 1
    while remaining:
        answer = client.call("POST", "/v1/queue/retry", json=wanted)
        total += answer["retried"]
        remaining = answer["remaining"] if answer["retried"] else 0
    return total


def _lines(queue: dict[str, Any]) -> list[tuple[str, str]]:
    running = [f"{queue['running'][stage]} {stage}" for stage in _STAGES if queue["running"][stage]]
    return [
        ("waiting", f"{queue['waiting']}{_since(queue['oldest_waiting_at'])}"),
        ("running", ", ".join(running) or "0"),
        ("done in an hour", f"{queue['done_documents']} ({queue['done_chunks']} chunks)"),
        (
            "a minute, lately",
            f"{queue['documents_per_minute']:.1f} ({queue['chunks_per_minute']:.1f} chunks)",
        ),
        ("dead letters", str(queue["dead_letters"])),
        ("cancelled", str(queue["cancelled"])),
    ]


def _since(oldest: str | None) -> str:
    if oldest is None:
        return ""
    return f", the oldest since {datetime.fromisoformat(oldest):%Y-%m-%d %H:%M:%S %Z}"


def _failures(failures: list[dict[str, Any]]) -> Table:
    table = Table("failed", "code", "reason")
    for one in failures:
        table.add_row(str(one["count"]), one["code"], one["detail"])
    return table
