"""Upload files and folders and follow them until they are ready."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from api.cli.client import Client, ClientError, read_login

POLL_SECONDS = 0.5
FINISHED = frozenset({"ready", "failed"})

Paths = Annotated[list[Path], typer.Argument(exists=True, help="Files, or folders to go through.")]


def ingest(
    paths: Paths,
    collection: Annotated[
        str, typer.Option("--collection", "-c", help="Name; created when there is none.")
    ] = "Documents",
) -> None:
    """Upload documents and wait until each is ready or has failed."""
    client, console = Client(read_login()), Console()
    collection_id = _collection(client, collection)
    extensions = frozenset(client.call("GET", "/v1/about")["extensions"])
    failures = _ingest(client, console, collection_id, list(_files(paths, extensions)))
    for line in failures:
        console.print(line, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(1 if failures else 0)


def _collection(client: Client, name: str) -> str:
    for known in client.call("GET", "/v1/collections")["items"]:
        if name in {known["name"], known["id"]}:
            return str(known["id"])
    return str(client.call("POST", "/v1/collections", json={"name": name})["id"])


def _files(paths: Iterable[Path], extensions: frozenset[str]) -> Iterator[Path]:
    """Yield named files as they are; from folders, only what the server can read."""
    for path in paths:
        if path.is_dir():
            found = sorted(item for item in path.rglob("*") if item.is_file())
            yield from (item for item in found if item.suffix.lower() in extensions)
        else:
            yield path


def _ingest(client: Client, console: Console, collection_id: str, files: list[Path]) -> list[str]:
    """Upload all, then follow all; return a line for each that failed, or not read as a whole."""
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[stage]}"),
        TimeElapsedColumn(),
        console=console,
    )
    failures: list[str] = []
    waiting: dict[str, tuple[Path, TaskID]] = {}
    with bar:
        for file in files:
            task = bar.add_task(file.name, total=100, stage="uploading")
            try:
                uploaded = _upload(client, file, collection_id)
            except ClientError as error:
                bar.update(task, stage="refused")
                failures.append(f"{file}: {error}")
            else:
                _show(bar, task, uploaded)
                if uploaded["status"] != "ready":  # as a duplicate may be
                    waiting[uploaded["id"]] = (file, task)
        failures += _follow(client, bar, waiting)
    return failures


def _upload(client: Client, file: Path, collection_id: str) -> dict[str, Any]:
    with file.open("rb") as content:
        answer: dict[str, Any] = client.call(
            "POST",
            "/v1/documents",
            data={"collection": collection_id},
            files={"file": (file.name, content)},
        )
    return answer


def _follow(client: Client, bar: Progress, waiting: dict[str, tuple[Path, TaskID]]) -> list[str]:
    failures = []
    while waiting:
        for document_id, (file, task) in list(waiting.items()):
            document = client.call("GET", f"/v1/documents/{document_id}")
            _show(bar, task, document)
            if document["status"] in FINISHED:
                del waiting[document_id]
                failures += [f"{file}: {reason}" for reason in _reasons(document)]
        time.sleep(POLL_SECONDS if waiting else 0)
    return failures


def _reasons(document: dict[str, Any]) -> Iterator[str]:
    """Say in words why a document failed, or what of it was not read."""
    if document["error"]:
        yield document["error"]["detail"]
    for one in document["omissions"]:
        stretches = [f"{first}-{last}" for first, last in one["pages"]]
        numbers = f" ({', '.join(stretches)})" if stretches else ""
        yield f"{one['count']} {one['part']} not read{numbers}: {one['detail']}"


def _show(bar: Progress, task: TaskID, document: dict[str, Any]) -> None:
    stage = "already there" if document["duplicate"] else document["stage"]
    stage = "failed" if document["status"] == "failed" else stage
    bar.update(task, completed=document["progress"], stage=stage)
