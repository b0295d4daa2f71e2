"""Invariant 5 for documents: no token sees more than its owner, and less is never more.

One exception is meant by deny lists and stated in docs/security/permissions.md: who leaves a group,
or loses a role, that a list denies is no longer kept out by that entry.
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from retrieval.access import admits
from security.principal import Principal, Role, Verb

PLACES = [None, "c1", "c2"]
GROUPS = ["g1", "g2"]
ROLES = st.sampled_from(Role)
verbs = st.sampled_from([Verb.READ, Verb.ASK])
names = st.sampled_from(
    [
        "user:ann",
        "user:bob",
        *(f"group:{group}" for group in (*GROUPS, "unknown")),
        *(f"role:{role}:c1" for role in Role),
        "collection:c1",
        "collection:c2",
    ]
)
denials = names.filter(lambda name: not name.startswith("collection:"))
lists = st.lists(names, max_size=4)
deny_lists = st.lists(denials, max_size=3)
people = st.builds(
    Principal,
    tenant_id=st.just("t"),
    user_id=st.sampled_from(["ann", "bob", "eve"]),
    name=st.just("n"),
    grants=st.dictionaries(st.sampled_from(PLACES), ROLES),
    scopes=st.none(),
    groups=st.frozensets(st.sampled_from(GROUPS)),
    inherited=st.dictionaries(st.sampled_from(PLACES), st.frozensets(ROLES, min_size=1)),
)


@given(people, st.frozensets(st.sampled_from(Verb)), lists, deny_lists, verbs)
def test_a_token_sees_what_its_owner_sees_and_its_scopes_say(
    owner: Principal, scopes: frozenset[Verb], allow: list[str], deny: list[str], verb: Verb
) -> None:
    token = replace(owner, scopes=scopes)
    expected = admits(owner, allow, deny, verb) and verb in scopes
    assert admits(token, allow, deny, verb) == expected


@given(people, lists, deny_lists, denials, verbs)
def test_one_more_denial_never_lets_anybody_in(
    person: Principal, allow: list[str], deny: list[str], more: str, verb: Verb
) -> None:
    assert admits(person, allow, deny, verb) >= admits(person, allow, [*deny, more], verb)


@given(people, lists, deny_lists, names, verbs)
def test_one_permission_less_never_lets_anybody_in(
    person: Principal, allow: list[str], deny: list[str], lost: str, verb: Verb
) -> None:
    fewer = [name for name in allow if name != lost]
    assert admits(person, allow, deny, verb) >= admits(person, fewer, deny, verb)


@given(people, lists, deny_lists, st.sampled_from(GROUPS), verbs)
def test_leaving_a_group_never_lets_in_but_where_the_group_was_denied(
    person: Principal, allow: list[str], deny: list[str], group: str, verb: Verb
) -> None:
    without = replace(person, groups=person.groups - {group})
    if f"group:{group}" not in deny:
        assert admits(person, allow, deny, verb) >= admits(without, allow, deny, verb)


@given(people, lists, deny_lists, st.sampled_from(PLACES), verbs)
def test_losing_a_role_never_lets_in_but_where_a_role_was_denied(
    person: Principal, allow: list[str], deny: list[str], place: str | None, verb: Verb
) -> None:
    fewer = {at: role for at, role in person.grants.items() if at != place}
    without = replace(person, grants=fewer)
    if not any(name.startswith("role:") for name in deny):
        assert admits(person, allow, deny, verb) >= admits(without, allow, deny, verb)


@given(people, lists, deny_lists, verbs)
def test_who_is_denied_and_no_owner_of_the_tenant_sees_nothing(
    person: Principal, allow: list[str], deny: list[str], verb: Verb
) -> None:
    if Role.OWNER not in person.roles():
        assert not admits(person, allow, [*deny, f"user:{person.user_id}"], verb)


@given(people, deny_lists, verbs)
def test_who_is_not_allowed_and_no_owner_of_the_tenant_sees_nothing(
    person: Principal, deny: list[str], verb: Verb
) -> None:
    assert admits(person, [], deny, verb) == (Role.OWNER in person.roles())
