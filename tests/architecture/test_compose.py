"""docker-compose.yml hangs together, and its containers have no more rights than they need."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from api.cli.server_commands import add_to

OUR_IMAGE = "sourcebook"
SECRET_WORDS = re.compile(r"PASSWORD|SECRET|TOKEN|KEY", re.IGNORECASE)


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((root / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    services = compose["services"].items()
    return {name: service for name, service in services if service["image"] == OUR_IMAGE}


def test_there_is_all_that_the_product_needs(ours: dict[str, Any]) -> None:
    assert {"api", "worker"} <= set(ours)


def test_services_use_only_what_is_declared(compose: dict[str, Any], root: Path) -> None:
    secrets, volumes = set(), set()
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        secrets |= set(service.get("secrets", ()))
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            if source.startswith("."):
                assert (root / source).exists()
            else:
                volumes.add(source)
    assert secrets == set(compose["secrets"])
    assert volumes == set(compose["volumes"])


def test_our_containers_cannot_change_themselves(ours: dict[str, dict[str, Any]]) -> None:
    for name, service in ours.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not service.get("privileged"), name
        assert "docker.sock" not in str(service.get("volumes")), name


def test_no_password_is_written_down(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if SECRET_WORDS.search(variable):
                assert str(value).startswith("/run/secrets/"), f"{name}: {variable}"
            assert not re.search(r"://[^/@]*:[^/@]+@", str(value)), f"{name}: {variable}"
    for secret in compose["secrets"].values():
        assert set(secret) == {"file"}


def test_only_this_machine_can_reach_the_port(compose: dict[str, Any]) -> None:
    published = [port for s in compose["services"].values() for port in s.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_commands_exist(ours: dict[str, dict[str, Any]]) -> None:
    commands = typer.Typer()
    add_to(commands)
    known = {command.name for command in commands.registered_commands}
    known |= {group.name for group in commands.registered_groups}
    for service in ours.values():
        used = re.findall(r"sourcebook ([a-z]+)", " ".join(service["command"]))
        assert used
        assert set(used) <= known


def test_the_image_runs_without_rights(root: Path) -> None:
    lines = (root / "deploy" / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1] not in {"root", "0", "0:0"}
