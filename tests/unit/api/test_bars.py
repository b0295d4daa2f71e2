"""What a terminal shows while the first start prepares the model's weights."""

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from api.cli import serve
from api.cli.bars import bar_of_each_pass
from api.settings import Settings
from model.progress import Progress

CURSOR_SHOWN = "\x1b[?25h"
LINE_ERASED = "\x1b[1A\x1b[2K"


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=80, _environ={})


def seen(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_each_pass_has_a_bar_that_is_gone_when_it_ends() -> None:
    console = terminal()
    with bar_of_each_pass("Preparing", console) as progress:
        for total in (10, 20):
            progress(0, total)
            progress(total, total)
            assert seen(console).endswith(LINE_ERASED)
    assert all(
        f"{done}/{total} bytes" in seen(console) for total in (10, 20) for done in (0, total)
    )
    assert "Preparing" in seen(console)


def test_a_failure_takes_the_bar_away() -> None:
    console = terminal()
    with pytest.raises(OSError, match="full"), bar_of_each_pass("Preparing", console) as progress:
        progress(0, 10)
        raise OSError("full")
    assert seen(console).endswith(CURSOR_SHOWN + "\r" + LINE_ERASED)


def test_nothing_to_prepare_shows_nothing() -> None:
    console = terminal()
    with bar_of_each_pass("Preparing", console):
        pass
    assert seen(console) == ""


def test_no_terminal_shows_nothing() -> None:
    console = Console(file=io.StringIO())
    with bar_of_each_pass("Preparing", console) as progress:
        progress(0, 10)
        progress(10, 10)
    assert seen(console) == ""


def test_the_server_shows_how_far_its_model_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_generator(_settings: Settings, progress: Progress) -> None:
        progress(0, 10)
        progress(10, 10)

    def create_app(_settings: Settings, build: Any) -> None:
        build(None)

    monkeypatch.setattr(serve, "open_generator", open_generator)
    monkeypatch.setattr(serve, "build_state", lambda *_: None)
    monkeypatch.setattr(serve, "create_app", create_app)
    monkeypatch.setattr(serve, "gc", SimpleNamespace(collect=int, freeze=int))
    server = SimpleNamespace(run=int, started=True)
    monkeypatch.setattr("uvicorn.Server", lambda _config: server)
    console = terminal()
    serve._run_api(Settings(), console)
    bar, ready = seen(console).split(LINE_ERASED)
    assert "10/10 bytes" in bar
    assert "Sourcebook is ready" in ready
