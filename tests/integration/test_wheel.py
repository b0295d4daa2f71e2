"""The wheel is the whole product: built, installed into an empty environment, and served from."""

import os
import re
import socket
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from model.known_models import KNOWN_MODELS
from model.tuning.tuned_file import FILE

ROOT = Path(__file__).parents[2]
START_SECONDS_MAX = 180
ADMIN_PASSWORD = "a long password for tests"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, without isolation and so without a network."""
    if not (ROOT / "api/static/index.html").is_file():
        pytest.fail("The page is not built: make web")
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own, which only borrows the dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    # Python reads no .pth file of a folder that is itself named in one: the checkout, which the
    # running environment may have in such a file, stays out of sight.
    (Path(packages) / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install"]
    options = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run([*pip, *options, str(wheel)], check=True, capture_output=True)
    return folder


def test_the_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {"api/static/index.html", "api/migrations/env.py"} <= set(names)
    assert [name for name in names if re.search(r"migrations/versions/\w+\.py$", name)]
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    assert {f"model/tuned/{known.name}/{FILE}" for known in KNOWN_MODELS} <= set(names)
    folders = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert folders == {path.parent.name for path in ROOT.glob("*/__init__.py")}


def test_the_command_comes_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    where = [installed / "bin/python", "-c", "import api, storage; print(api.__file__)"]
    output = subprocess.run(where, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert Path(output.stdout.strip()).is_relative_to(installed)
    command = [installed / "bin/sourcebook", "--help"]
    shown = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    for name in ("serve", "worker", "ingest", "ask", "search", "models", "index"):
        assert name in shown.stdout


@contextmanager
def _serving(installed: Path, folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    models = os.environ.get("SOURCEBOOK_MODELS") or Path.home() / ".cache/sourcebook/models"
    environment = os.environ | {
        "SOURCEBOOK_DATA": str(folder / "data"),
        "SOURCEBOOK_MODELS": str(models),
        "SOURCEBOOK_PORT": str(port),
        "SOURCEBOOK_ADMIN_PASSWORD": ADMIN_PASSWORD,
    }
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [installed / "bin/sourcebook", "serve"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz", timeout=5).is_success:
                return
        time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text()[-4000:]}")


@pytest.mark.models
def test_the_installed_product_serves_its_page_and_reads_a_document(
    installed: Path, tmp_path: Path
) -> None:
    with (
        _serving(installed, tmp_path) as url,
        httpx.Client(base_url=url, headers={"Origin": url}, timeout=60) as client,
    ):
        page = client.get("/")
        assert page.headers["content-type"].startswith("text/html")
        parts = re.findall(r'(?:src|href)="\.?(/assets/[^"]+)"', page.text)
        assert parts
        for part in parts:
            assert client.get(part).is_success
        assert client.get("/readyz").json() == {"database": True, "index": True}
        client.post("/v1/session", json={"name": "admin", "password": ADMIN_PASSWORD})
        client.post("/v1/collections", json={"name": "Papers"}).raise_for_status()
        files = {"file": ("a.txt", b"The worker and its parser run from the wheel too.")}
        uploaded = client.post("/v1/documents", data={"collection": "Papers"}, files=files).json()
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            document = client.get(f"/v1/documents/{uploaded['id']}").json()
            if document["status"] in {"ready", "failed"}:
                break
            time.sleep(0.1)
        assert document["status"] == "ready"
