"""Names to choose from, for those who share a collection and may not list everybody."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from security.errors import Forbidden
from security.principal import Principal, Verb
from security.settings import DirectorySettings
from security.tables import Group, User


@dataclass(frozen=True, slots=True)
class Found:
    """A person or a group: enough to choose it, and nothing more about it."""

    kind: Literal["user", "group"]
    id: str
    name: str


class Directory:
    """Looks people and groups up by a part of their name."""

    def __init__(self, settings: DirectorySettings) -> None:
        self._settings = settings

    def find(self, session: Session, principal: Principal, part: str) -> list[Found]:
        """Return the first matches by name, groups before people.

        Raises:
            Forbidden: the caller shares nothing, so there is nobody to choose.
        """
        places = {None, *principal.grants, *principal.inherited}
        if not any(principal.may(Verb.SHARE, place) for place in places):
            raise Forbidden
        most = self._settings.matches_max
        tenant_id = principal.tenant_id
        groups = _matching(Group, tenant_id, part).limit(most)
        people = _matching(User, tenant_id, part).where(User.deactivated_at.is_(None))
        found = [Found("group", key, name) for key, name in session.execute(groups)]
        found += [Found("user", key, name) for key, name in session.execute(people.limit(most))]
        return found[:most]


def _matching(table: type[Group | User], tenant_id: str, part: str) -> Select[str, str]:
    holds = table.name.icontains(part, autoescape=True)
    query = select(table.id, table.name).where(table.tenant_id == tenant_id, holds)
    return query.order_by(table.name, table.id)
