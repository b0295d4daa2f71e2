"""Groups that an identity provider names: in the claims of a sign-in, or over SCIM."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from security.accounts import NAME_CHARACTERS_MAX
from security.group_changes import GroupChanges
from security.tables import Group, GroupMember


class ProvidedGroups:
    """Brings the rows in line with what a provider says; the caller has checked that it does.

    A `source` changes only its own groups: never those made here, nor another provider's.
    """

    def __init__(self, changes: GroupChanges) -> None:
        self._changes = changes

    def put(  # noqa: PLR0917 - reads as a sentence: who says which group is called what
        self, session: Session, tenant_id: str, actor: str, source: str, external_id: str, name: str
    ) -> Group:
        """Return the source's group, created or renamed where that is needed.

        Raises:
            GroupNameTaken: another group of the source has the name.
        """
        group = find(session, tenant_id, source, external_id)
        if group is None:
            return self._changes.create(
                session, tenant_id, actor, name, source=source, external_id=external_id
            )
        self._changes.rename(session, actor, group, name)
        return group

    def set_members(
        self, session: Session, actor: str, group: Group, user_ids: Iterable[str]
    ) -> None:
        """Let exactly these users of the group's tenant be in it."""
        wanted = frozenset(user_ids)
        present = frozenset(
            session.scalars(select(GroupMember.user_id).where(GroupMember.group_id == group.id))
        )
        for user_id in sorted(present - wanted):
            self._changes.remove(session, actor, group, user_id)
        for user_id in sorted(wanted - present):
            self._changes.add(session, actor, group, user_id)

    def set_groups(
        self,
        session: Session,
        tenant_id: str,
        user_id: str,
        source: str,
        external_ids: Iterable[str],
    ) -> None:
        """Let a user be in exactly these of the source's groups, as their token's claims say.

        A group that was never heard of is created under its external id: it gives no right until
        somebody grants it one. Ids that no group can be called are passed over.
        """
        wanted = frozenset(filter(_is_name, external_ids))
        for group in _joined(session, tenant_id, user_id, source):
            if group.external_id not in wanted:
                self._changes.remove(session, user_id, group, user_id)
        for external_id in sorted(wanted):
            group = find(session, tenant_id, source, external_id) or self._changes.create(
                session, tenant_id, user_id, external_id, source=source, external_id=external_id
            )
            self._changes.add(session, user_id, group, user_id)

    def delete(self, session: Session, actor: str, group: Group) -> None:
        """Delete a group that the provider has deleted.

        Raises:
            GroupDenied: a permission list keeps its members out.
        """
        self._changes.delete(session, actor, group)


def find(session: Session, tenant_id: str, source: str, external_id: str) -> Group | None:
    """Return the source's group of this external id."""
    return session.scalar(
        select(Group).filter_by(tenant_id=tenant_id, source=source, external_id=external_id)
    )


def _is_name(external_id: str) -> bool:
    return 0 < len(external_id) <= NAME_CHARACTERS_MAX and external_id.isprintable()


def _joined(session: Session, tenant_id: str, user_id: str, source: str) -> list[Group]:
    query = (
        select(Group)
        .join(GroupMember, GroupMember.group_id == Group.id)
        .where(Group.tenant_id == tenant_id, Group.source == source, GroupMember.user_id == user_id)
    )
    return list(session.scalars(query))
