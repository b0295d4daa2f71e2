"""Who may see a document, shown and set on the server's own command line."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from api.cli.operator import OperatorDesk, opened
from api.cli.terminal import terminal
from api.wiring import utc_now
from ingest.permission_lists import Wanted
from ingest.permissions import PermissionService, PermissionView
from retrieval.holdings import group_name, user_name

app = typer.Typer(help="Who may see a document.")
DocumentId = Annotated[str, typer.Argument(help="The document's id.")]
Names = Annotated[
    list[str] | None,
    typer.Option(help="user:NAME, group:NAME (or ids), role:ROLE, collection:ID; repeatable."),
]


@app.command("show")
def show(document: DocumentId) -> None:
    """Show a document's lists."""
    with opened() as desk:
        _print(_service(desk).of_document(desk.session, desk.operator, document))


@app.command("set")
def set_lists(document: DocumentId, allow: Names = None, deny: Names = None) -> None:
    """Replace a document's lists; it counts from the next request on."""
    with opened() as desk:
        wanted = Wanted(_resolved(desk, allow or ()), _resolved(desk, deny or ()))
        service = _service(desk)
        _print(service.set_document(desk.session, desk.operator, document, wanted))


def _print(view: PermissionView) -> None:
    table = Table("list", "entry", "name")
    for title, entries in (("allow", view.allow), ("deny", view.deny)):
        for entry in entries:
            table.add_row(title, entry.principal, entry.name or "")
    terminal().print(table)


def _resolved(desk: OperatorDesk, entries: Sequence[str]) -> list[str]:
    """Put ids in place of names."""
    return [_one(desk, *entry.partition(":")) for entry in entries]


def _one(desk: OperatorDesk, kind: str, colon: str, key: str) -> str:
    if kind == "user":
        return user_name(desk.user(key))
    if kind == "group":
        return group_name(desk.group(key))
    return f"{kind}{colon}{key}"


def _service(desk: OperatorDesk) -> PermissionService:
    return PermissionService(desk.audit, desk.collections(), desk.settings.upload, utc_now)
