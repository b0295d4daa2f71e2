"""The model weights: list, fetch, verify, import."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from api.settings import Settings
from model.fetch import configured_sources, fetch_model, verify_model
from model.known_models import KNOWN_MODELS, KnownModel, known_model
from model.sources.folder import FolderSource
from model.sources.port import ModelSource

app = typer.Typer(help="Model weights on this machine.", no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(help="A model's name; default: the configured one.")]


@app.command("list")
def list_models() -> None:
    """List the known models and whether their weights are here."""
    settings, console = Settings(), Console()
    for known in KNOWN_MODELS:
        here = "here" if (settings.models / known.file_name).is_file() else "not fetched"
        chosen = ", configured" if known.name == settings.model.name else ""
        megabytes = known.size_bytes // 1_000_000
        console.print(f"{known.name}  {megabytes} MB  {here}{chosen}", highlight=False)


@app.command("fetch")
def fetch(name: Name = None) -> None:
    """Fetch a model's weights unless they are here; an interrupted fetch goes on."""
    settings = Settings()
    _fetch(settings, _known(settings, name), Console())


@app.command("verify")
def verify(name: Name = None) -> None:
    """Compare the weights with the official hash."""
    settings = Settings()
    known = _known(settings, name)
    verify_model(known, settings.models / known.file_name)
    Console().print(f"{known.name} is the official file.", highlight=False)


@app.command("import")
def import_folder(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)], name: Name = None
) -> None:
    """Copy a model's weights from a folder, such as a disk carried to this machine."""
    settings = Settings()
    known = _known(settings, name)
    _fetch(settings, known, Console(), [FolderSource(folder)])


def fetch_default(settings: Settings, console: Console) -> None:
    """Fetch the configured model if it is not here yet."""
    known = known_model(settings.model.name)
    if not (settings.models / known.file_name).is_file():
        _fetch(settings, known, console)


def _known(settings: Settings, name: str | None) -> KnownModel:
    return known_model(name or settings.model.name)


def _fetch(
    settings: Settings,
    known: KnownModel,
    console: Console,
    sources: list[ModelSource] | None = None,
) -> None:
    if (settings.models / known.file_name).is_file():
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), console=console) as bar:
        task = bar.add_task(f"Fetching {known.name}", total=known.size_bytes)
        fetch_model(
            known,
            settings.models,
            configured_sources(settings.model) if sources is None else sources,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
