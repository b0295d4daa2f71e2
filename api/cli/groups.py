"""Groups of people, looked after on the server's own command line."""

from typing import Annotated

import typer
from rich.table import Column, Table

from api.cli.operator import OperatorDesk, opened
from api.cli.terminal import terminal
from api.wiring import utc_now
from retrieval.access import denies_group
from security.grants import Grants
from security.group_changes import GroupChanges
from security.groups import Groups
from security.principal import Role

app = typer.Typer(help="Groups of people, which are given rights together.")
GroupKey = Annotated[str, typer.Argument(help="The group's name or id.")]
UserKey = Annotated[str, typer.Argument(help="The person's user name or id.")]
Collection = Annotated[
    str | None, typer.Option(help="A collection's name or id; without it, the whole tenant.")
]


@app.command("list")
def list_groups() -> None:
    """Show all groups."""
    with opened() as desk:
        table = Table(Column("id", no_wrap=True), "name", "source", "role", "members")
        for group in _groups(desk).groups(desk.session, desk.operator):
            count = str(group.member_count)
            table.add_row(group.id, group.name, group.source, group.role or "-", count)
        terminal().print(table)


@app.command("members")
def members(group: GroupKey) -> None:
    """Show who is in a group."""
    with opened() as desk:
        table = Table(Column("id", no_wrap=True), "name")
        people = _groups(desk).members(desk.session, desk.operator, desk.group(group))
        for person in people:
            table.add_row(person.user_id, person.name)
        terminal().print(table)


@app.command("create")
def create(name: Annotated[str, typer.Argument(help="What the group is called.")]) -> None:
    """Create a group without members or rights; prints its id."""
    with opened() as desk:
        created = _groups(desk).create(desk.session, desk.operator, name)
    terminal().print(created.id, highlight=False)


@app.command("rename")
def rename(group: GroupKey, name: Annotated[str, typer.Argument(help="The new name.")]) -> None:
    """Rename a group; its members and rights stay."""
    with opened() as desk:
        _groups(desk).rename(desk.session, desk.operator, desk.group(group), name)
    terminal().print("Renamed.")


@app.command("delete")
def delete(group: GroupKey) -> None:
    """Delete a group with its roles; its members stay users."""
    with opened() as desk:
        _groups(desk).delete(desk.session, desk.operator, desk.group(group))
    terminal().print("Deleted.")


@app.command("add")
def add(group: GroupKey, user: UserKey) -> None:
    """Put somebody into a group."""
    with opened() as desk:
        _groups(desk).add(desk.session, desk.operator, desk.group(group), desk.user(user))
    terminal().print("Added.")


@app.command("remove")
def remove(group: GroupKey, user: UserKey) -> None:
    """Take somebody out of a group; what it gave them is gone with their next request."""
    with opened() as desk:
        _groups(desk).remove(desk.session, desk.operator, desk.group(group), desk.user(user))
    terminal().print("Removed.")


@app.command("grant")
def grant(
    group: GroupKey,
    role: Annotated[Role, typer.Argument(help="What its members may do.")],
    collection: Collection = None,
) -> None:
    """Give a group a role in place of any that it holds there."""
    with opened() as desk:
        place = _place(desk, collection)
        Grants(desk.audit, utc_now).set_group(
            desk.session, desk.operator, desk.group(group), place, role
        )
    terminal().print("Granted.")


@app.command("revoke")
def revoke(group: GroupKey, collection: Collection = None) -> None:
    """Take a group's role away."""
    with opened() as desk:
        place = _place(desk, collection)
        Grants(desk.audit, utc_now).remove_group(
            desk.session, desk.operator, desk.group(group), place
        )
    terminal().print("Revoked.")


def _place(desk: OperatorDesk, collection: str | None) -> str | None:
    if collection is None:
        return None
    return desk.collections().find(desk.session, desk.operator, collection).id


def _groups(desk: OperatorDesk) -> Groups:
    return Groups(GroupChanges(desk.audit, utc_now, denies_group))
