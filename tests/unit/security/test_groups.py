"""Groups: who is in them, what they give, and what is left when they or their people go."""

from collections.abc import Callable

import pytest

from security.accounts import Accounts, principal_of
from security.audit import AuditLog
from security.epochs import permission_epoch
from security.errors import (
    Forbidden,
    GroupNameTaken,
    LastOwner,
    ManagedElsewhere,
    NameRefused,
    NotFound,
)
from security.grants import Grants, GroupRole
from security.group_changes import GroupChanges
from security.groups import Groups
from security.principal import Principal, Role, Verb
from security.provided_groups import ProvidedGroups
from storage.database import Database

TENANT = "default"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})
ISSUER = "https://login.example.com"


@pytest.fixture
def changes(audit: AuditLog, clock) -> GroupChanges:
    return GroupChanges(audit, clock)


@pytest.fixture
def groups(changes: GroupChanges) -> Groups:
    return Groups(changes)


@pytest.fixture
def provided(changes: GroupChanges) -> ProvidedGroups:
    return ProvidedGroups(changes)


@pytest.fixture
def user(database: Database, accounts: Accounts) -> Callable[[str], str]:
    """Create a user without rights and return the id."""

    def create(name: str) -> str:
        with database.transaction() as session:
            return accounts.create_user(session, OPERATOR, name, "correct horse", None).id

    return create


def _principal(database: Database, user_id: str) -> Principal:
    with database.reading() as session:
        return principal_of(session, user_id)


def test_members_have_what_the_group_has_until_they_leave(
    database: Database, groups: Groups, grants: Grants, user: Callable[[str], str]
) -> None:
    ada, bob = user("Ada"), user("Bob")
    with database.transaction() as session:
        group = groups.create(session, OPERATOR, "Legal").id
        groups.add(session, OPERATOR, group, ada)
        groups.add(session, OPERATOR, group, ada)
        grants.set_group(session, OPERATOR, group, "c1", Role.EDITOR)
        grants.set(session, OPERATOR, ada, "c1", Role.READER)
    member = _principal(database, ada)
    assert member.groups == {group}
    assert member.roles("c1") == {Role.READER, Role.EDITOR}
    assert member.role("c1") is Role.EDITOR
    assert not member.verbs("c2")
    assert not _principal(database, bob).groups
    with database.transaction() as session:
        groups.remove(session, OPERATOR, group, ada)
    assert _principal(database, ada).roles("c1") == {Role.READER}


def test_a_deleted_group_takes_its_rights_along_and_a_new_one_of_the_name_has_none(
    database: Database, groups: Groups, grants: Grants, user: Callable[[str], str]
) -> None:
    ada = user("Ada")
    with database.transaction() as session:
        group = groups.create(session, OPERATOR, "Legal").id
        groups.add(session, OPERATOR, group, ada)
        grants.set_group(session, OPERATOR, group, None, Role.READER)
        groups.delete(session, OPERATOR, group)
        again = groups.create(session, OPERATOR, "Legal").id
        groups.add(session, OPERATOR, again, ada)
    assert again != group
    assert _principal(database, ada).groups == {again}
    assert not _principal(database, ada).verbs()


def test_an_auditor_reads_the_log_and_nothing_else(database: Database, audit: AuditLog) -> None:
    auditor = Principal(TENANT, "u", "u", {None: Role.AUDITOR})
    assert auditor.verbs() == auditor.verbs("c1") == {Verb.AUDIT}
    with database.reading() as session:
        audit.entries(session, auditor)


def test_groups_are_listed_with_role_and_size(
    database: Database, groups: Groups, grants: Grants, user: Callable[[str], str]
) -> None:
    ada = user("Ada")
    with database.transaction() as session:
        staff = groups.create(session, OPERATOR, "Staff").id
        legal = groups.create(session, OPERATOR, "Legal").id
        groups.add(session, OPERATOR, legal, ada)
        grants.set_group(session, OPERATOR, legal, None, Role.EDITOR)
        grants.set_group(session, OPERATOR, legal, "c1", Role.OWNER)
        listed = groups.groups(session, OPERATOR)
        assert [(group.name, group.role, group.member_count) for group in listed] == [
            ("Legal", Role.EDITOR, 1),
            ("Staff", None, 0),
        ]
        assert grants.groups(session, OPERATOR, "c1") == [GroupRole(legal, "Legal", Role.OWNER)]
        assert [person.user_id for person in groups.members(session, OPERATOR, legal)] == [ada]
        assert groups.members(session, OPERATOR, staff) == []


def test_only_administrators_of_the_tenant_manage_groups(
    database: Database, groups: Groups, user: Callable[[str], str]
) -> None:
    ada = user("Ada")
    with database.transaction() as session:
        group = groups.create(session, OPERATOR, "Legal").id
    editor = Principal(TENANT, ada, "Ada", {None: Role.EDITOR, "c1": Role.OWNER})
    foreign = Principal("other", ada, "Ada", {None: Role.OWNER})
    with database.transaction() as session:
        for principal, refusal in ((editor, Forbidden), (foreign, NotFound)):
            for attempt in (
                lambda who: groups.rename(session, who, group, "Mine"),
                lambda who: groups.members(session, who, group),
                lambda who: groups.add(session, who, group, ada),
                lambda who: groups.remove(session, who, group, ada),
                lambda who: groups.delete(session, who, group),
            ):
                with pytest.raises(refusal):
                    attempt(principal)
        with pytest.raises(Forbidden):
            groups.create(session, editor, "Mine")
        with pytest.raises(Forbidden):
            groups.groups(session, editor)


def test_a_token_gives_away_through_a_group_no_more_than_it_may(
    database: Database, groups: Groups, grants: Grants, user: Callable[[str], str]
) -> None:
    ada = user("Ada")
    with database.transaction() as session:
        group = groups.create(session, OPERATOR, "Legal").id
    limits = frozenset({Verb.ADMINISTER})
    narrow = Principal(TENANT, "operator", "operator", {None: Role.OWNER}, limits)
    reading = Principal(
        TENANT, "operator", "operator", {None: Role.OWNER}, limits | {Verb.READ, Verb.ASK}
    )
    with database.transaction() as session:
        with pytest.raises(Forbidden):  # a permission list may name the group
            groups.add(session, narrow, group, ada)
        groups.add(session, reading, group, ada)
        groups.remove(session, reading, group, ada)
        grants.set_group(session, OPERATOR, group, "c1", Role.EDITOR)
        with pytest.raises(Forbidden):
            groups.add(session, reading, group, ada)


def test_names_are_unique_for_each_source(
    database: Database, groups: Groups, provided: ProvidedGroups
) -> None:
    with database.transaction() as session:
        legal = groups.create(session, OPERATOR, "Legal").id
        provided.put(session, TENANT, "scim", ISSUER, "1", "Legal")
        staff = groups.create(session, OPERATOR, "Staff").id
        groups.rename(session, OPERATOR, legal, "Legal")
        with pytest.raises(GroupNameTaken):
            groups.create(session, OPERATOR, "Legal")
        with pytest.raises(GroupNameTaken):
            groups.rename(session, OPERATOR, staff, "Legal")
        with pytest.raises(NameRefused):
            groups.create(session, OPERATOR, " ")


def test_a_group_with_an_owners_role_does_not_replace_the_last_owner(
    database: Database, accounts: Accounts, groups: Groups, grants: Grants
) -> None:
    with database.transaction() as session:
        ada = accounts.create_user(session, OPERATOR, "Ada", "correct horse", Role.OWNER).id
        bob = accounts.create_user(session, OPERATOR, "Bob", "correct horse", None).id
        group = groups.create(session, OPERATOR, "Admins").id
        groups.add(session, OPERATOR, group, bob)
        grants.set_group(session, OPERATOR, group, None, Role.OWNER)
        with pytest.raises(LastOwner):
            grants.remove(session, OPERATOR, ada, None)


def test_each_change_leaves_one_entry_and_moves_the_epoch(
    database: Database, groups: Groups, grants: Grants, audit: AuditLog, user: Callable[[str], str]
) -> None:
    ada, epochs = user("Ada"), []
    with database.transaction() as session:

        def note() -> None:
            epochs.append(permission_epoch(session, TENANT))

        note()
        group = groups.create(session, OPERATOR, "Legal").id
        for change in (
            lambda: groups.rename(session, OPERATOR, group, "Law"),
            lambda: groups.add(session, OPERATOR, group, ada),
            lambda: grants.set_group(session, OPERATOR, group, "c1", Role.READER),
            lambda: grants.remove_group(session, OPERATOR, group, "c1"),
            lambda: groups.remove(session, OPERATOR, group, ada),
            lambda: groups.delete(session, OPERATOR, group),
        ):
            note()
            change()
        note()
        entries = audit.entries(session, OPERATOR, limit=7)
    assert epochs == list(range(epochs[0], epochs[0] + 8))
    assert {entry.target for entry in entries} == {group}
    assert [entry.action for entry in reversed(entries)] == [
        "group.create",
        "group.rename",
        "group.add_member",
        "grant.set",
        "grant.remove",
        "group.remove_member",
        "group.delete",
    ]


def test_a_provider_changes_its_own_groups_only(
    database: Database, groups: Groups, provided: ProvidedGroups, user: Callable[[str], str]
) -> None:
    ada = user("Ada")
    with database.transaction() as session:
        here = groups.create(session, OPERATOR, "legal").id
        groups.add(session, OPERATOR, here, ada)
        provided.set_groups(session, TENANT, ada, ISSUER, ["legal", "staff", "", "x" * 201])
    assert len(_principal(database, ada).groups) == 3
    with database.transaction() as session:
        provided.set_groups(session, TENANT, ada, ISSUER, ["staff"])
        provided.set_groups(session, TENANT, ada, "https://other.example.com", [])
        listed = {(group.source, group.name): group for group in groups.groups(session, OPERATOR)}
    staff, legal = listed[ISSUER, "staff"], listed[ISSUER, "legal"]
    assert _principal(database, ada).groups == {here, staff.id}
    assert legal.member_count == 0
    with database.transaction() as session:
        for attempt in (
            lambda: groups.add(session, OPERATOR, legal.id, ada),
            lambda: groups.remove(session, OPERATOR, staff.id, ada),
            lambda: groups.rename(session, OPERATOR, staff.id, "Staff"),
        ):
            with pytest.raises(ManagedElsewhere):
                attempt()
        groups.delete(session, OPERATOR, staff.id)
    assert _principal(database, ada).groups == {here}


def test_a_provider_names_fills_and_deletes_a_group(
    database: Database, provided: ProvidedGroups, user: Callable[[str], str]
) -> None:
    ada, bob = user("Ada"), user("Bob")
    with database.transaction() as session:
        group = provided.put(session, TENANT, "scim", "scim", "7", "Staff")
        assert provided.put(session, TENANT, "scim", "scim", "7", "All staff") is group
        provided.set_members(session, "scim", group, [ada, bob])
        provided.set_members(session, "scim", group, [bob])
    assert group.name == "All staff"
    assert not _principal(database, ada).groups
    assert _principal(database, bob).groups == {group.id}
    with database.transaction() as session:
        provided.delete(session, "scim", session.merge(group))
    assert not _principal(database, bob).groups
