"""Sources of collections, looked after on the server's own command line."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli.operator import OperatorDesk, opened
from api.wiring import open_blobs, utc_now
from ingest.connectors.configuration import FolderConfig, WebConfig
from ingest.connectors.holding import Holding
from ingest.connectors.service import Change, SourceService

app = typer.Typer(help="Folders and web sites that collections are kept in step with.")
SourceId = Annotated[str, typer.Argument(help="The source's id.")]
Collection = Annotated[str, typer.Argument(help="The collection's name or id.")]
Every = Annotated[int | None, typer.Option(help="Seconds between two looks.")]
_console = Console()


@app.command("list")
def list_sources(collection: Collection) -> None:
    """Show a collection's sources and how they are."""
    with opened() as desk:
        table = Table("id", "source", "state", "files", "refused", "read")
        for one in _service(desk).sources(desk.session, desk.operator, collection):
            read = one.synced_at.isoformat(timespec="seconds") if one.synced_at else "-"
            state = f"{one.state}: {one.error_detail}" if one.error_detail else one.state
            table.add_row(
                one.id, one.config.address, state, str(one.item_count), str(one.refused_count), read
            )
        _console.print(table)


@app.command("add-folder")
def add_folder(
    collection: Collection,
    folder: Annotated[Path, typer.Argument(help="A folder of this server.")],
    ignore: Annotated[list[str] | None, typer.Option(help="Files to leave out.")] = None,
    every: Every = None,
) -> None:
    """Keep a collection in step with a folder; prints the source's id."""
    path = str(folder.absolute())
    config = FolderConfig(kind="folder", path=path, ignore=tuple(ignore or ()))
    _add(collection, config, every)


@app.command("add-web")
def add_web(
    collection: Collection,
    url: Annotated[str, typer.Argument(help="Where the pages begin.")],
    depth: Annotated[int, typer.Option(help="How many links to follow, without a sitemap.")] = 3,
    every: Every = None,
) -> None:
    """Keep a collection in step with a web site; prints the source's id."""
    _add(collection, WebConfig(kind="web", url=url, depth_max=depth), every)


@app.command("sync")
def sync(source: SourceId) -> None:
    """Have a source read as soon as a worker is free."""
    with opened() as desk:
        _service(desk).sync_now(desk.session, desk.operator, source)
    _console.print("It is read next.")


@app.command("pause")
def pause(source: SourceId) -> None:
    """Leave a source alone until it is resumed; its documents stay."""
    _change(source, Change(is_paused=True))


@app.command("resume")
def resume(source: SourceId) -> None:
    """Let a source be read again, from now on with the operator's rights."""
    _change(source, Change(is_paused=False))


@app.command("remove")
def remove(
    source: SourceId,
    documents: Annotated[  # noqa: FBT002 - an option
        bool, typer.Option("--documents", help="Delete its documents as well.")
    ] = False,
) -> None:
    """Disconnect a source; its documents stay unless told otherwise."""
    with opened() as desk:
        _service(desk).delete(desk.session, desk.operator, source, with_documents=documents)
    _console.print("Removed.")


def _add(collection: str, config: FolderConfig | WebConfig, every: int | None) -> None:
    with opened() as desk:
        created = _service(desk).create(desk.session, desk.operator, collection, config, every)
    _console.print(created.id, highlight=False)


def _change(source: str, change: Change) -> None:
    with opened() as desk:
        changed = _service(desk).change(desk.session, desk.operator, source, change)
    _console.print(changed.state)


def _service(desk: OperatorDesk) -> SourceService:
    blobs = open_blobs(desk.settings)
    return SourceService(
        keyring=desk.keyring,
        audit=desk.audit,
        collections=desk.collections(),
        holding=Holding(keyring=desk.keyring, blobs=blobs, audit=desk.audit, clock=utc_now),
        settings=desk.settings.sources,
        clock=utc_now,
    )
