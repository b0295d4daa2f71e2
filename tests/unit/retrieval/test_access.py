"""Which permission lists admit whom, and how long that is remembered."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from retrieval.access import AccessScope, admits, denies_group, forget_acls, intern_acl, scope_for
from retrieval.tables import Acl, AclName, Document
from security.epochs import bump, permission_epoch
from security.principal import Principal, Role, Verb
from security.tables import Tenant
from storage.database import Base, Database

TENANT, OTHER = "t1", "t2"
C1, C2 = "collection:c1", "collection:c2"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'lists.db'}")
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        for tenant in (TENANT, OTHER):
            session.add(Tenant(id=tenant, name=tenant, created_at=NOW))
    yield database
    database.close()


def _person(
    user_id: str = "ann",
    grants: dict[str | None, Role] | None = None,
    *,
    groups: tuple[str, ...] = (),
    inherited: dict[str | None, frozenset[Role]] | None = None,
    scopes: frozenset[Verb] | None = None,
) -> Principal:
    return Principal(
        TENANT, user_id, user_id, grants or {}, scopes, frozenset(groups), inherited or {}
    )


READER = {"c1": Role.READER}
CASES = [
    (_person(), [], [], False),
    (_person(), ["user:ann"], [], True),
    (_person(), ["user:bob"], [], False),
    (_person(), ["user:ann"], ["user:ann"], False),
    (_person(groups=("g",)), ["group:g"], [], True),
    (_person(groups=("g", "h")), ["group:g"], ["group:h"], False),
    (_person(groups=("g",)), ["group:unknown"], [], False),
    (_person(groups=("g",)), ["group:g"], ["group:unknown"], True),
    (_person(grants=READER), [C1], [], True),
    (_person(grants=READER), [C2], [], False),
    (_person(grants={None: Role.READER}), [C2], [], True),
    (_person(inherited={"c1": frozenset({Role.READER})}), [C1], [], True),
    (_person(grants={"c1": Role.AUDITOR}), [C1], [], False),
    (_person(grants=READER), ["role:reader:c1"], [], True),
    (_person(grants=READER), ["role:reader:c2"], [], False),
    (_person(grants=READER), ["role:editor:c1"], [], False),
    (_person(grants={None: Role.READER}), ["role:reader:c2"], [], True),
    (_person(grants={None: Role.READER}), [C1], ["role:reader:c1"], False),
    (_person(grants={"c1": Role.OWNER}), [C1], ["user:ann"], False),
    (_person(grants={None: Role.OWNER}), [], ["user:ann"], True),
    (_person(inherited={None: frozenset({Role.OWNER})}), [], [], True),
    (_person(scopes=frozenset({Verb.ASK})), ["user:ann"], [], False),
    (_person(grants={None: Role.OWNER}, scopes=frozenset({Verb.ASK})), [C1], [], False),
    (_person(grants=READER, scopes=frozenset({Verb.READ})), [C1], [], True),
]


@pytest.mark.parametrize(("person", "allow", "deny", "seen"), CASES)
def test_a_list_admits_whom_it_names_and_does_not_deny(
    database: Database, person: Principal, allow: list[str], deny: list[str], *, seen: bool
) -> None:
    with database.transaction() as session:
        number = intern_acl(session, TENANT, allow, deny)
        intern_acl(session, OTHER, allow, deny)
        assert scope_for(session, person).acls == ({number} if seen else set())
    assert admits(person, allow, deny) is seen


def test_being_named_allows_to_see_and_nothing_else(database: Database) -> None:
    reader = _person(grants=READER)
    with database.transaction() as session:
        intern_acl(session, TENANT, ["user:ann", C1])
        for verb in Verb:
            assert bool(scope_for(session, reader, verb).acls) == (verb in {Verb.READ, Verb.ASK})


def test_equal_lists_are_one_number_for_each_tenant(database: Database) -> None:
    with database.transaction() as session:
        number = intern_acl(session, TENANT, ["user:b", "user:a", "user:b"], ["group:g"])
        assert intern_acl(session, TENANT, ["user:a", "user:b"], ["group:g"]) == number
        assert intern_acl(session, TENANT, ["user:a", "user:b", "group:g"]) != number
        assert intern_acl(session, OTHER, ["user:a", "user:b"], ["group:g"]) != number


def test_a_scope_is_collected_once_until_rights_change(database: Database) -> None:
    person, collected = _person(groups=("g",)), []
    with database.transaction() as session:
        number = intern_acl(session, TENANT, ["group:g"])

    def note(*arguments: object) -> None:
        if "acl_names" in str(arguments[2]):
            collected.append(arguments)

    event.listen(database.engine, "before_cursor_execute", note)
    for _ in range(3):
        with database.reading() as session:
            assert scope_for(session, person).acls == {number}
    once = len(collected)
    with database.transaction() as session:
        bump(session, TENANT)
    with database.reading() as session:
        assert scope_for(session, person).acls == {number}
    assert (once, len(collected)) == (2, 4)


def test_what_a_writer_saw_and_rolled_back_is_not_remembered(database: Database) -> None:
    person = _person()

    class RolledBack(Exception):
        pass

    with pytest.raises(RolledBack), database.transaction() as session:
        intern_acl(session, TENANT, ["user:ann"])
        assert len(scope_for(session, person).acls) == 1
        raise RolledBack
    with database.transaction() as session:
        number = intern_acl(session, TENANT, ["user:bob"])
        assert scope_for(session, person).acls == set()  # writers share nothing either
    with database.reading() as session:
        assert scope_for(session, person).acls == set()
        assert scope_for(session, _person("bob")).acls == {number}


def test_two_databases_do_not_share_what_they_remember(database: Database, tmp_path: Path) -> None:
    second = Database(f"sqlite:///{tmp_path / 'second.db'}")
    Base.metadata.create_all(second.engine)
    with second.transaction() as session:
        session.add(Tenant(id=TENANT, name=TENANT, created_at=NOW))
        session.flush()
        intern_acl(session, TENANT, ["user:bob"])
    with database.transaction() as session:
        number = intern_acl(session, TENANT, ["user:ann"])
    with database.reading() as session:
        assert scope_for(session, _person()).acls == {number}
    with second.reading() as session:
        assert scope_for(session, _person()).acls == set()
    second.close()


def test_a_new_list_and_a_forgotten_one_move_the_epoch(database: Database) -> None:
    with database.transaction() as session:
        before = permission_epoch(session, TENANT)
        intern_acl(session, TENANT, [C1, "role:editor:c2"])
        intern_acl(session, TENANT, [C1, "role:editor:c2"])
        assert permission_epoch(session, TENANT) == before + 1
        intern_acl(session, TENANT, ["user:ann"])
        forget_acls(session, TENANT, "c2")
        assert permission_epoch(session, TENANT) == before + 3
        assert permission_epoch(session, OTHER) == 0
        assert _lists(session) == [["user:ann"]]
        assert session.scalars(select(AclName.name)).all() == ["user:ann"]


def test_more_lists_than_a_database_takes_parameters_are_one_condition(database: Database) -> None:
    scope = AccessScope(TENANT, frozenset(range(70_000)))
    with database.reading() as session:
        assert session.scalars(select(Document.id).where(scope.documents())).all() == []


def test_narrowing_a_scope_never_widens_it() -> None:
    scope = AccessScope(TENANT, frozenset({1})).narrowed(frozenset({"c1", "c2"}))
    assert scope.narrowed(frozenset({"c2", "c3"})).collections == {"c2"}
    assert scope.narrowed(frozenset({"c3"})).is_empty


def test_owners_of_two_tenants_do_not_share_what_is_remembered(database: Database) -> None:
    owner = _person(grants={None: Role.OWNER})
    with database.transaction() as session:
        lists = {tenant: intern_acl(session, tenant, [C1]) for tenant in (TENANT, OTHER)}
    for tenant, number in lists.items():
        with database.reading() as session:
            assert scope_for(session, replace(owner, tenant_id=tenant)).acls == {number}


def test_a_denied_group_is_known_only_where_a_list_is_in_use(database: Database) -> None:
    with database.transaction() as session:
        intern_acl(session, TENANT, [C1], ["group:g"])
        assert not denies_group(session, TENANT, "g")


def _lists(session: Session) -> list[list[str]]:
    return [acl.allow for acl in session.scalars(select(Acl))]
