"""Sources of collections, looked after on the server's own command line.

A password or key is asked for, or read from a file: never given as an argument, which others on the
machine could see.
"""

from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.table import Table

from api.cli.operator import OperatorDesk, opened
from api.wiring import open_blobs, utc_now
from ingest.connectors.configuration import (
    AnyConfig,
    FolderConfig,
    GitConfig,
    ImapConfig,
    S3Config,
    WebConfig,
)
from ingest.connectors.holding import Holding
from ingest.connectors.service import Change, SourceService

app = typer.Typer(help="What collections are kept in step with.")
SourceId = Annotated[str, typer.Argument(help="The source's id.")]
Collection = Annotated[str, typer.Argument(help="The collection's name or id.")]
Every = Annotated[int | None, typer.Option(help="Seconds between two looks.")]
SecretFile = Annotated[
    typer.FileText | None, typer.Option(help="Where the secret stands; - for standard input.")
]
Ignore = Annotated[list[str] | None, typer.Option(help="Files to leave out.")]
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
    *,
    ignore: Ignore = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="Follow its permissions: GROUP=OURS, its group and ours, each once."),
    ] = None,
    every: Every = None,
) -> None:
    """Keep a collection in step with a folder; prints the source's id."""
    groups = dict(_pair(one) for one in group) if group else None
    path = str(folder.absolute())
    config = FolderConfig(kind="folder", path=path, ignore=tuple(ignore or ()), groups=groups)
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


@app.command("add-s3")
def add_s3(
    collection: Collection,
    bucket: Annotated[str, typer.Argument(help="The bucket's name.")],
    *,
    prefix: Annotated[str, typer.Option(help="Only keys that begin so.")] = "",
    endpoint: Annotated[str, typer.Option(help="The server's address, if it is not AWS.")] = "",
    region: Annotated[str, typer.Option(help="The bucket's region.")] = "us-east-1",
    access_key_id: Annotated[str, typer.Option(help="Without one, read as anybody may.")] = "",
    secret_file: SecretFile = None,
    ignore: Ignore = None,
    every: Every = None,
) -> None:
    """Keep a collection in step with a bucket; prints the source's id."""
    config = S3Config(
        kind="s3",
        bucket=bucket,
        prefix=prefix,
        endpoint=endpoint,
        region=region,
        access_key_id=access_key_id,
        ignore=tuple(ignore or ()),
    )
    _add(collection, config, every, secret_file)


@app.command("add-imap")
def add_imap(
    collection: Collection,
    host: Annotated[str, typer.Argument(help="The mail server; it is reached over TLS.")],
    username: Annotated[str, typer.Argument(help="The account's user.")],
    *,
    port: Annotated[int, typer.Option(help="Where the server speaks IMAP over TLS.")] = 993,
    mailbox: Annotated[list[str] | None, typer.Option(help="Instead of INBOX.")] = None,
    secret_file: SecretFile = None,
    every: Every = None,
) -> None:
    """Keep a collection in step with mailboxes; prints the source's id."""
    boxes = tuple(mailbox or ("INBOX",))
    config = ImapConfig(kind="imap", host=host, port=port, username=username, mailboxes=boxes)
    _add(collection, config, every, secret_file)


@app.command("add-git")
def add_git(
    collection: Collection,
    url: Annotated[str, typer.Argument(help="What `git clone` takes, with https://.")],
    *,
    branch: Annotated[str, typer.Option(help="Instead of the one that is shown first.")] = "",
    include: Annotated[list[str] | None, typer.Option(help="Only such files.")] = None,
    ignore: Ignore = None,
    username: Annotated[str, typer.Option(help="For servers that look at it.")] = "",
    secret_file: SecretFile = None,
    every: Every = None,
) -> None:
    """Keep a collection in step with a branch; prints the source's id."""
    config = GitConfig(
        kind="git",
        url=url,
        branch=branch,
        username=username,
        include=tuple(include or ()),
        ignore=tuple(ignore or ()),
    )
    _add(collection, config, every, secret_file)


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


def _add(
    collection: str, config: AnyConfig, every: int | None, secret_file: TextIO | None = None
) -> None:
    secret = _secret(config, secret_file)
    with opened() as desk:
        created = _service(desk).create(
            desk.session, desk.operator, collection, config, every, secret=secret
        )
    _console.print(created.id, highlight=False)


def _pair(text: str) -> tuple[str, str]:
    theirs, sign, ours = text.partition("=")
    if not sign:
        message = "A group is given as GROUP=OURS, like legal=Legal."
        raise typer.BadParameter(message)
    return theirs, ours


def _secret(config: AnyConfig, file: TextIO | None) -> str | None:
    if file is not None:
        return file.read().rstrip("\r\n")
    if config.wants_secret:
        return str(typer.prompt("Password or key", hide_input=True))
    return None


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
