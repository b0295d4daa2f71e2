from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from security.accounts import NAME_CHARACTERS_MAX
from security.oidc.claims import admission, is_told
from security.oidc.settings import ProviderSettings
from security.oidc.sign_in import is_own_page

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def provider(**changed: Any) -> ProviderSettings:
    whole = {
        "id": "company",
        "title": "Company",
        "issuer": "https://login.example.com",
        "client_id": "c",
        "client_secret": "s",
        "roles": {"staff": "reader", "chiefs": "owner"},
        **changed,
    }
    return ProviderSettings.model_validate(whole)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (["staff"], {"staff"}),
        ("staff", {"staff"}),
        (["staff", "chiefs", "others"], {"staff", "chiefs"}),
        (["Staff"], None),
        (["*"], None),
        ([["staff"]], None),
        ({"staff": True}, None),
        (None, None),
    ],
)
def test_only_groups_of_the_settings_count(groups: object, expected: set[str] | None) -> None:
    found = admission(provider(), {"sub": "1", "groups": groups})
    assert (set(found.groups) if found else None) == expected


def test_a_star_lets_everyone_in() -> None:
    found = admission(provider(roles={"*": "reader"}), {"sub": "1"})
    assert found is not None
    assert found.groups == {"*"}


def test_groups_are_found_under_a_path_or_a_name_with_dots() -> None:
    nested = {"realm_access": {"roles": ["staff"]}}
    flat = {"https://example.com/groups": ["staff"]}
    for claim, claims in (("realm_access.roles", nested), ("https://example.com/groups", flat)):
        settings = provider(groups_claim=claim)
        assert admission(settings, claims) is not None
        assert is_told(settings, {**claims, "name": "n"})
        assert not is_told(settings, {"name": "n"})


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": " Ada \u202e Lovelace\n", "sub": "1"}, "Ada Lovelace"),
        ({"name": "", "preferred_username": "ada", "sub": "1"}, "ada"),
        ({"name": 7, "sub": "1"}, "1"),
        ({"name": "x" * 500}, "x" * NAME_CHARACTERS_MAX),
        ({}, "Company"),
    ],
)
def test_everyone_gets_a_name_that_can_be_read(claims: dict[str, Any], name: str) -> None:
    found = admission(provider(roles={"*": "reader"}), claims)
    assert found is not None
    assert found.name == name


@given(st.dictionaries(st.sampled_from(["groups", "name", "sub", "realm"]), JSON))
def test_no_claims_break_it_or_grant_more_than_is_mapped(claims: dict[str, Any]) -> None:
    found = admission(provider(), claims)
    assert found is None or found.groups <= {"staff", "chiefs"}


@given(st.text() | st.text("/\\.:e \n").map("/".__add__))
@example("//evil.example")
@example("/\\evil.example")
def test_a_page_of_ours_is_a_path(page: str) -> None:
    if is_own_page(page):
        assert page.startswith("/")
        assert not page.startswith(("//", "/\\"))
        assert not any(letter in page for letter in "\\\r\n\t ")


@pytest.mark.parametrize("page", ["/", "/#/ask/1", "/#/collections?x=%0d%0a"])
def test_the_page_s_own_addresses_are_ours(page: str) -> None:
    assert is_own_page(page)
