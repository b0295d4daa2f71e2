"""Every route, for every kind of caller, on what is ours and on what is another tenant's."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import pytest

from api.app import create_app
from api.settings import Settings
from tests.integration.matrix.expectations import EXPECTED, Caller, expected_status
from tests.integration.matrix.installation import OURS, THEIRS, Installation
from tests.integration.matrix.things import PLAIN, parameters, thing

ABSENT = "f" * 32
REFUSED = {401, 403, 404}
NOT_COMPARED = {"date", "ratelimit", "x-request-id"}


def _parameters(route: str) -> list[str]:
    """Return which things a request names, in its path, its query or its form."""
    wanted = EXPECTED[route]
    sent = " ".join([route, *(wanted.query or {}).values(), *(wanted.form or {}).values()])
    return parameters(sent)


NAMING = [(route, parameter) for route in EXPECTED for parameter in _parameters(route)]

pytestmark = pytest.mark.xdist_group("matrix")


def test_every_route_has_an_expectation() -> None:
    app = create_app(Settings(), lambda _: None)  # type: ignore[arg-type, return-value]
    paths = app.openapi()["paths"].items()
    assert EXPECTED.keys() == {f"{m.upper()} {path}" for path, methods in paths for m in methods}


@pytest.mark.parametrize("route", EXPECTED)
def test_each_caller_is_let_in_or_refused_as_expected(
    installation: Installation, route: str
) -> None:
    before, wrong = installation.rows(), {}
    for caller in _askers(installation, route):
        status = expected_status(caller, EXPECTED[route], names_a_thing=bool(_parameters(route)))
        response = _answer(installation, caller, route, lasts=status in REFUSED)
        if response.status_code != status:
            wrong[caller.name] = f"{response.status_code}, not {status}: {response.text[:200]}"
        if response.status_code in REFUSED:
            _tells_nothing(response)
        hidden = {OURS} if caller.elsewhere else {THEIRS, *installation.theirs.values()}
        assert _mentioned(hidden, response) == set()
    assert wrong == {}
    if not EXPECTED[route].lasts:
        assert installation.rows() == before


@pytest.mark.parametrize(("route", "parameter"), NAMING)
def test_a_thing_of_another_tenant_is_as_if_there_were_none(
    installation: Installation, route: str, parameter: str
) -> None:
    before, told = installation.rows(), {}
    theirs = thing(installation.theirs, route, parameter)
    for caller in _of_each_kind(installation, route):
        answers = [
            _answer(installation, caller, route, **{parameter: named}) for named in (theirs, ABSENT)
        ]
        for answer in answers:
            assert answer.status_code in REFUSED, (caller.name, answer.text)
        status = expected_status(caller, EXPECTED[route], names_a_thing=True)
        if status not in REFUSED:
            assert answers[0].status_code == 404
        shown = [_shown(answers[0], theirs), _shown(answers[1], ABSENT)]
        if shown[0] != shown[1]:
            told[caller.name] = shown
    assert told == {}
    assert installation.rows() == before


def _askers(installation: Installation, route: str) -> list[Caller]:
    """Leave out tokens that lack a verb which the route does not care for, but for one."""
    wanted = f"{EXPECTED[route].verb} {EXPECTED[route].scope} audit"
    return [
        caller
        for caller in installation.callers
        if not (lacks := caller.name.partition(" without ")[2]) or lacks in wanted
    ]


def _of_each_kind(installation: Installation, route: str) -> list[Caller]:
    """Choose a person and a token for each way in which the route answers."""
    chosen: dict[tuple[int, bool], Caller] = {}
    for caller in installation.callers:
        if not caller.elsewhere:
            status = expected_status(caller, EXPECTED[route], names_a_thing=True)
            chosen.setdefault((status, caller.scopes is None), caller)
    return [*chosen.values()]


def _answer(
    installation: Installation, caller: Caller, route: str, *, lasts: bool = True, **named: str
) -> Any:
    """Call a route on our things but for those in `named`; undo it unless it `lasts`."""
    wanted = EXPECTED[route]
    things = {
        name: named.get(name) or thing(installation.ours, route, name)
        for name in _parameters(route)
    } | PLAIN
    method, path = route.split(" ")
    parts: dict[str, Any] = {"json": wanted.body, "params": _filled(wanted.query, things)}
    if wanted.form is not None:
        parts = {"data": _filled(wanted.form, things)}
        if "collection" in wanted.form:
            parts["files"] = {"file": ("note.txt", b"A note")}
    with nullcontext() if lasts or wanted.lasts else installation.undone():
        return installation.send(caller, method, path.format_map(things), **parts)


def _filled(template: Mapping[str, str] | None, things: Mapping[str, str]) -> dict[str, str] | None:
    return {name: value.format_map(things) for name, value in (template or {}).items()} or None


def _tells_nothing(response: Any) -> None:
    """Check that a refusal is a problem in fixed words, with nothing of what is stored."""
    kind, path = response.headers["content-type"], response.request.url.path
    if path.startswith("/scim/"):
        assert kind == "application/scim+json"
        assert response.json()["status"] == str(response.status_code)
    elif path == "/oauth2/token":
        assert response.json().keys() == {"error", "error_description"}
    else:
        assert kind == "application/problem+json"
        assert response.json().keys() == {"type", "title", "status", "detail", "code"}
        assert response.json()["status"] == response.status_code
    assert _mentioned({OURS, THEIRS}, response) == set()


def _mentioned(words: set[str], response: Any) -> set[str]:
    said = f"{response.text} {dict(response.headers)}".casefold()
    return {word for word in words if word in said}


def _shown(response: Any, named: str) -> Any:
    headers = {k: v for k, v in response.headers.items() if k not in NOT_COMPARED}
    return response.status_code, headers, response.text.replace(named, "ID")
