"""The command line against a running server, as a person at a terminal uses it."""

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

HANDBOOK = "# Leave\n\nNew employees receive 25 days of paid annual leave in their first year.\n"
SECONDS_MAX = 180

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """Return an environment of its own: no login, no settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SOURCEBOOK_")}
    return kept | {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path)}


@pytest.fixture
def run(surroundings: dict[str, str]) -> Run:
    """Run a command without a terminal."""

    def start(
        *arguments: object, given: str = "", **settings: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "api.cli", *map(str, arguments)],
            env=surroundings | {f"SOURCEBOOK_{key}": value for key, value in settings.items()},
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )

    return start


@pytest.fixture
def signed_in(server: Any, someone: Callable[..., Any]) -> dict[str, str]:
    """Return what a script sets instead of signing in."""
    program = server.with_token(["read", "ask", "upload", "edit"], someone("editor").client)
    token = program.headers["Authorization"].removeprefix("Bearer ")
    return {"URL": server.url, "TOKEN": token}


def _words(*outputs: str) -> str:
    """Join lines: where a terminal breaks them does not matter."""
    return " ".join(" ".join(outputs).split())


def _assert_one_clear_line(ended: subprocess.CompletedProcess[str], *said: str) -> None:
    assert ended.returncode == 1
    assert "Traceback" not in ended.stdout + ended.stderr
    assert all(part in _words(ended.stderr) for part in said), ended.stderr


def _at_a_terminal(command: list[str], environment: Mapping[str, str], typed: str) -> str:
    """Run a command whose input and output are a terminal; return all that was to be seen."""
    ours, theirs = pty.openpty()
    options = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with subprocess.Popen(command, env=environment, start_new_session=True, **options) as process:
        os.close(theirs)
        try:
            seen = b""
            while b"Password" not in seen and (piece := _read(ours)):
                seen += piece
            _wait_until_unechoed(ours)
            os.write(ours, typed.encode())
            while piece := _read(ours):
                seen += piece
        finally:
            process.kill()
            os.close(ours)
    return seen.decode()


def _wait_until_unechoed(terminal: int) -> None:
    # The prompt is written first; what is typed before the echo is off would be thrown away.
    deadline = time.monotonic() + SECONDS_MAX
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        if time.monotonic() > deadline:
            pytest.fail("the password would be shown")
        time.sleep(0.01)


def _read(terminal: int) -> bytes:
    if not select.select([terminal], [], [], SECONDS_MAX)[0]:
        pytest.fail("the command is silent and does not end")
    try:
        return os.read(terminal, 1024)
    except OSError:  # Linux's way to say that nobody holds the other end any more
        return b""


def test_signing_in_keeps_a_token_that_only_its_owner_can_read(
    server: Any, someone: Callable[..., Any], surroundings: dict[str, str], run: Run
) -> None:
    known = someone("editor")
    command = [sys.executable, "-m", "api.cli", "login", "--url", server.url, "--name", known.name]
    seen = _at_a_terminal(command, surroundings, f"{known.password}\n")
    assert "Signed in" in seen
    assert known.password not in seen
    file = Path(surroundings["XDG_CONFIG_HOME"]) / "sourcebook/login.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "sbk_" in file.read_text()
    assert known.password not in file.read_text()
    assert run("search", "anything").returncode == 0
    assert run("logout").returncode == 0
    _assert_one_clear_line(run("search", "anything"), "sourcebook login")


@pytest.mark.filterwarnings("default")
def test_a_wrong_password_is_said_in_words(
    server: Any, surroundings: dict[str, str], run: Run
) -> None:
    arguments = ("login", "--url", server.url, "--name", f"nobody {uuid4().hex}")
    _assert_one_clear_line(run(*arguments, given="not the password\n"), "password is wrong")
    assert not (Path(surroundings["XDG_CONFIG_HOME"]) / "sourcebook/login.json").exists()


@pytest.mark.models
def test_a_folder_is_ingested_searched_and_asked(
    run: Run, signed_in: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "papers"
    (folder / "below").mkdir(parents=True)
    (folder / "leave.md").write_text(HANDBOOK)
    (folder / "below/合同.txt").write_text("买方应当在收到雪橇之日起三十日内付款。")
    (folder / "program.exe").write_bytes(b"MZ\x00\x01")
    shelf = f"c {uuid4().hex}"
    ended = run("ingest", folder, "--collection", shelf, **signed_in)
    assert ended.returncode == 0, ended.stderr
    assert "leave.md" in ended.stdout
    assert "合同.txt" in ended.stdout
    assert "program.exe" not in ended.stdout
    assert "ready" in ended.stdout
    again = run("ingest", folder / "leave.md", "-c", shelf, **signed_in)
    assert (again.returncode, "already there" in again.stdout) == (0, True)
    # All tests share one server; no other document speaks of sledges.
    found = run("search", "雪橇", "--limit", "1", **signed_in)
    assert "1. 合同.txt" in found.stdout
    assert "三十日内付款" in _words(found.stdout).replace(" ", "")
    asked = run("ask", "收到雪橇之后多少日内付款？", **signed_in)
    assert asked.returncode == 0
    assert "三十日内" in _words(asked.stdout).replace(" ", "")
    assert "[1] 合同.txt" in asked.stdout


def test_a_file_that_fails_is_named_with_its_reason(
    run: Run, signed_in: dict[str, str], tmp_path: Path
) -> None:
    broken, unknown = tmp_path / "broken.pdf", tmp_path / "unknown.gif"
    broken.write_bytes(b"%PDF-1.4\n" + b"x" * 2000)
    unknown.write_bytes(b"GIF89a" + bytes(range(256)) * 4)
    ended = run("ingest", broken, unknown, "-c", f"c {uuid4().hex}", **signed_in)
    assert ended.returncode == 1
    told = _words(ended.stdout, ended.stderr)
    assert f"{broken}: The file is damaged" in told
    assert f"{unknown}: " in told


def test_nothing_found_is_said(run: Run, signed_in: dict[str, str], someone: Any) -> None:
    ended = run("search", "anything", **(signed_in | {"TOKEN": _token_of_a_stranger(someone)}))
    assert (ended.returncode, _words(ended.stdout)) == (0, "Nothing was found.")


def _token_of_a_stranger(someone: Callable[..., Any]) -> str:
    wanted = {"name": "test", "scopes": ["read"], "expires_in_days": 1}
    created = someone().client.post("/v1/tokens", json=wanted).raise_for_status()
    return str(created.json()["token"])


def test_errors_of_the_server_come_in_its_words(run: Run, signed_in: dict[str, str]) -> None:
    _assert_one_clear_line(run("ask", "x" * 5000, **signed_in), "question is longer than")
    wrong = signed_in | {"TOKEN": "sbk_wrong"}
    _assert_one_clear_line(run("search", "x", **wrong), "Sign in, or send a valid access token.")


@pytest.mark.parametrize("command", [("search", "x"), ("ask", "x"), ("ingest", __file__)])
def test_a_server_that_is_not_there(run: Run, command: tuple[str, str]) -> None:
    ended = run(*command, URL="http://127.0.0.1:9", TOKEN="sbk_any")
    _assert_one_clear_line(ended, "cannot be reached", "sourcebook serve")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"PORT": "many"}, "SOURCEBOOK_PORT"),
        ({"UPLOAD__UPLOAD_BYTES_MAX": "-1"}, "SOURCEBOOK_UPLOAD__UPLOAD_BYTES_MAX"),
        ({"MODEL__NAME": "no-such-model"}, "no-such-model"),
        ({"SETTINGS_FILE": "/no/such/file.toml"}, "SOURCEBOOK_SETTINGS_FILE"),
        ({"KEY": "too short"}, "key-encryption key"),
    ],
    ids=str,
)
def test_settings_that_are_wrong_are_named(
    run: Run, tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    ended = run(
        "migrate" if "KEY" in settings else "models", *_rest(settings), **_own(tmp_path), **settings
    )
    _assert_one_clear_line(ended, said)
    assert "too short" not in ended.stderr


def _rest(settings: dict[str, str]) -> tuple[str, ...]:
    return () if "KEY" in settings else ("fetch",)


def _own(folder: Path) -> dict[str, str]:
    return {"DATA": str(folder / "data"), "MODELS": str(folder / "models")}


def test_a_settings_file_is_read_and_its_mistakes_are_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "sourcebook.toml"
    given = {"SETTINGS_FILE": str(file)} | _own(tmp_path)
    file.write_text('[model]\nname = "qwen2.5-coder-1.5b-instruct"\n')
    listed = run("models", "list", **given).stdout.splitlines()
    assert [line.split()[1] for line in listed if line.startswith("*")] == [
        "qwen2.5-coder-1.5b-instruct"
    ]
    file.write_text("port = = 8000\n")
    _assert_one_clear_line(run("models", "list", **given), str(file), "TOML")
    file.write_text("ports = 8000\n")
    _assert_one_clear_line(run("models", "list", **given), "SOURCEBOOK_PORTS")
    file.write_text("[upload]\nupload_byte_max = 8000\n")
    misspelt = run("models", "list", **given)
    _assert_one_clear_line(misspelt, "SOURCEBOOK_UPLOAD__UPLOAD_BYTE_MAX")


@pytest.mark.models
def test_models_are_listed_and_verified(server: Any, run: Run, tmp_path: Path) -> None:
    models = os.environ.get("SOURCEBOOK_MODELS") or Path.home() / ".cache/sourcebook/models"
    listed = run("models", "list", MODELS=str(models)).stdout
    assert listed.splitlines()[0].startswith("* ")
    assert "here" in listed.splitlines()[0].split()
    assert "official file" in run("models", "verify", MODELS=str(models)).stdout
    altered = tmp_path / "models"
    altered.mkdir()
    (altered / "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf").write_bytes(b"GGUF, and something else")
    _assert_one_clear_line(run("models", "verify", MODELS=str(altered)), "does not have 491400064")


def test_the_index_equals_the_rows(
    server: Any, admin: httpx.Client, collection: str, run: Run, surroundings: dict[str, str]
) -> None:
    server.ready(admin, collection, "a.txt", HANDBOOK)
    surroundings["PATH"] = "/nowhere"
    ended = run("index", "verify", DATA=str(server.data))
    assert ended.returncode == 0, ended.stderr
    assert "there is no compiler" in ended.stderr or "the processor has no" in ended.stderr
    documents = int(_words(ended.stdout).split()[0])
    assert documents >= 1


def test_the_queue_is_shown_cancelled_and_tried_again(
    run: Run, server: Any, someone: Callable[..., Any], signed_in: dict[str, str]
) -> None:
    owner = server.signed_in()
    made = owner.post("/v1/collections", json={"name": f"c {uuid4().hex}"}).json()["id"]
    content = "\n\n".join(f"Paragraph {uuid4().hex} of many. " * 40 for _ in range(2000))
    document = server.upload(owner, made, "long.txt", content.encode()).json()["id"]
    ended = run("queue", "cancel", document, **signed_in)
    assert (ended.returncode, ended.stdout) == (0, "Cancelled.\n"), ended.stderr
    shown = run("queue", "status", "-c", made, **signed_in)
    assert "cancelled             1" in shown.stdout
    assert "The processing was cancelled." in _words(shown.stdout)
    again = run("queue", "retry", "-c", made, "--code", "cancelled", **signed_in)
    assert again.stdout == "1 waiting again.\n", again.stderr
    assert run("queue", "cancel", document, **signed_in).returncode == 0
    assert run("queue", "retry", document, **signed_in).stdout == "1 waiting again.\n"
    owner.delete(f"/v1/documents/{document}").raise_for_status()
    _assert_one_clear_line(run("queue", "cancel", document, **signed_in), "no such thing")
