"""The documents say what the product is: every route, setting and dependency, and how to start."""

import re
import tomllib
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.app import create_app
from api.settings import Settings
from api.settings_table import settings_page

ALWAYS_ANSWERED = {"/v1/about", "/healthz", "/readyz", "/metrics"}
ROUTE = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (/[^`]*)`")
PAGE_ROUTES = {("GET", "/docs")}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """Return the application, not started: its routes need no services."""

    def never(_metrics: object) -> None:
        raise AssertionError

    return create_app(Settings(), never)  # type: ignore[arg-type]


def _operations(app: FastAPI) -> dict[tuple[str, str], dict[str, object]]:
    return {
        (method.upper(), path): operation
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    }


def test_every_route_has_a_line_in_the_api_page(root: Path, app: FastAPI) -> None:
    documented = ROUTE.findall((root / "docs" / "api.md").read_text())
    assert set(documented) - PAGE_ROUTES == set(_operations(app))


def test_every_route_says_what_it_does_and_how_it_fails(app: FastAPI) -> None:
    for (method, path), operation in _operations(app).items():
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        if path not in ALWAYS_ANSWERED:
            responses = operation["responses"]
            assert isinstance(responses, dict)
            shape = "scim" if path.startswith("/scim/") else "problem"
            for failure in ("4XX", "5XX"):
                assert list(responses[failure]["content"]) == [f"application/{shape}+json"]
            assert "422" not in responses, (method, path)  # FastAPI's own shape, not ours


def test_no_route_is_hidden_from_the_description(app: FastAPI) -> None:
    hidden = [route.path for route in app.routes if isinstance(route, APIRoute)]
    hidden = [path for path in hidden if path not in app.openapi()["paths"]]
    assert set(hidden) <= {"/docs"}


def test_the_settings_page_lists_every_setting(root: Path) -> None:
    page = (root / "docs" / "settings.md").read_text()
    assert page == settings_page(), (
        "Write the page again: .venv/bin/python -m api.settings_table > docs/settings.md"
    )
    for variable in ("DATA", "HOST", "UPLOAD__UPLOAD_BYTES_MAX", "PARSING__ARCHIVE__RATIO_MAX"):
        assert f"`SOURCEBOOK_{variable}`" in page


def test_every_dependency_is_explained_once(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [
        _name(item) for group in (project["dependencies"], *extras.values()) for item in group
    ]
    page = (root / "docs" / "dependencies.md").read_text()
    prose = page.partition("## For tests")[2].partition("\n## ")[0]
    named = [
        *re.findall(r"^\| ([^ |]+) \|", page, flags=re.MULTILINE),
        *re.split(r"[^\w-]+", prose),
    ]
    assert {name: named.count(name) for name in wanted} == dict.fromkeys(wanted, 1)


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=~!; ]", requirement, maxsplit=1)[0]


def test_links_between_pages_lead_somewhere(root: Path) -> None:
    for page in (root / "README.md", *(root / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_s_commands_exist(root: Path) -> None:
    readme, makefile = (root / "README.md").read_text(), (root / "Makefile").read_text()
    commands = set(re.findall(r"^make ([a-z0-9-]+)", readme, flags=re.MULTILINE))
    assert {"run", "test"} <= commands
    for command in commands:
        assert re.search(rf"^{command}:", makefile, flags=re.MULTILINE), command


def test_the_license_is_apache(root: Path) -> None:
    text = (root / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert (
        tomllib.loads((root / "pyproject.toml").read_text())["project"]["license"] == "Apache-2.0"
    )


def test_each_test_that_a_page_on_security_names_exists(root: Path) -> None:
    pages = [root / "docs" / "security.md", *(root / "docs" / "security").glob("*.md")]
    named = {name for page in pages for name in re.findall(r"`(tests/[^`]+)`", page.read_text())}
    assert len(named) > 50  # the search itself works
    for test in sorted(named):
        file, *names = test.split("::")
        assert (root / file).exists(), test
        for name in names:
            pattern = rf"^ *(?:def|class) {name}\b"
            assert re.search(pattern, (root / file).read_text(), flags=re.MULTILINE), test


def test_the_site_lists_every_page(root: Path) -> None:
    nav = (root / "mkdocs.yml").read_text()
    pages = (root / "docs").rglob("*.md")
    listed = [page.relative_to(root / "docs").as_posix() for page in pages]
    missing = [page for page in listed if f" {page}\n" not in nav and not page.startswith("adr/0")]
    assert missing == []
