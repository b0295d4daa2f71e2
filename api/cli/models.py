"""The model weights: list, fetch, verify, import, tune, export."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.cli.bars import bar
from api.cli.export import export
from api.cli.tune import tune
from api.settings import Settings
from model.checkpoint import CONFIG
from model.errors import ImportRefused, UnknownModel
from model.fetch import configured_sources, fetch_model
from model.importing import import_checkpoint
from model.model_folder import ModelFolder, ModelPlace
from model.prepared import shipped_experts
from model.sources.folder import FolderSource
from model.sources.port import ModelSource
from model.verification import verify_place

app = typer.Typer(help="Model weights on this machine.", no_args_is_help=True)
app.command("tune")(tune)
app.command("export")(export)

Name = Annotated[
    str | None,
    typer.Argument(help="A model's name or a part of it that no other has."),
]


@app.command("list")
def list_models() -> None:
    """List all models: which are here, their sizes, and (*) which one is configured."""
    settings, console = Settings(), _console()
    places = ModelFolder(settings.models).places()
    configured = _configured_name(settings)
    width = max(len(place.name) for place in places)
    for place in places:
        mark = "*" if place.name == configured else " "
        state = "here" if place.is_here else "not fetched"
        size = f"{place.size_bytes / 1e6:.0f} MB"
        console.print(f"{mark} {place.name:<{width}}  {size:>8}  {state:<11}  {_origin(place)}")
    console.print(f"\nFolder: {settings.models}")
    console.print(f"Sources, in order: {_sources(settings)}")
    if settings.model.backend == "openai":
        console.print(f"Answers are written by {settings.model.server.url} instead.")
    elif configured is None:
        console.print(f"SOURCEBOOK_MODEL={settings.model.name} names none of these.", style="red")


@app.command("fetch")
def fetch(name: Name = None) -> None:
    """Fetch a model's weights (default: the configured one's); an interrupted fetch goes on."""
    settings, console = Settings(), _console()
    if name is None and settings.model.backend == "openai":
        console.print(f"Nothing to fetch: answers are written by {settings.model.server.url}.")
        return
    _fetch(settings, ModelFolder(settings.models).find(name or settings.model.name), console)


@app.command("verify")
def verify(name: Name = None) -> None:
    """Read all weights that are here and compare their hashes; exit status 1 on a difference."""
    settings, console = Settings(), _console()
    folder = ModelFolder(settings.models)
    places = [folder.find(name)] if name else [p for p in folder.places() if p.is_here]
    if not places:
        message = f"No model is in {settings.models} yet: `sourcebook models fetch`."
        raise LookupError(message)
    for place in places:
        if not place.is_here:
            message = f"{place.name} is not here: `sourcebook models fetch {place.name}`."
            raise LookupError(message)
        stale = verify_place(place)
        origin = "as it was imported" if place.known is None else "the official file"
        console.print(f"{place.name}: {origin}")
        for unpacked in stale:
            console.print(
                f"  {unpacked} is damaged or from another file; it is made anew at the next start"
            )


@app.command("import")
def import_folder(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    name: Annotated[
        str | None,
        typer.Argument(help="What to call it; default: the folder's name, or what the file is."),
    ] = None,
    link: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--link", help="Leave a checkpoint's weights where they are.")
    ] = False,
) -> None:
    """Take a model from a folder: a known one's official file, or a Hugging Face checkpoint."""
    settings, console = Settings(), _console()
    if (folder / CONFIG).is_file():
        chosen = name or folder.resolve().name
        with bar(f"Importing {chosen} …", console) as progress:
            models = ModelFolder(settings.models)
            import_checkpoint(folder, chosen, models, link=link, progress=progress)
        console.print(f"{chosen} is here. To use it: SOURCEBOOK_MODEL={chosen}")
        return
    for place in _official_files(folder, name, ModelFolder(settings.models)):
        _fetch(settings, place, console, [FolderSource(folder)])


def fetch_default(settings: Settings, console: Console) -> None:
    """Fetch the configured model if it is not here yet and is to run here."""
    if settings.model.backend == "local":
        place = ModelFolder(settings.models).find(settings.model.name)
        if not place.is_here:
            _fetch(settings, place, console)


def _origin(place: ModelPlace) -> str:
    if place.known is None:
        return "imported"
    return "official file" + (", tuned experts" if shipped_experts(place.path) else "")


def _official_files(folder: Path, name: str | None, models: ModelFolder) -> list[ModelPlace]:
    wanted = [models.find(name)] if name else [p for p in models.places() if p.known is not None]
    found = [place for place in wanted if (folder / place.path.name).is_file()]
    if not found:
        names = " nor ".join(place.path.name for place in wanted)
        raise ImportRefused(f"{folder} holds neither {names} nor a checkpoint with {CONFIG}.")
    return found


def _fetch(
    settings: Settings,
    place: ModelPlace,
    console: Console,
    sources: list[ModelSource] | None = None,
) -> None:
    if place.is_here or place.known is None:
        console.print(f"{place.name} is here already.")
        return
    if sources is None:
        sources = configured_sources(settings.model)
    with bar(f"Fetching {place.name} …", console) as progress:
        fetch_model(place.known, settings.models, sources, progress)
    console.print(f"{place.name} is here: {place.path}")


def _configured_name(settings: Settings) -> str | None:
    if settings.model.backend != "local":
        return None
    try:
        return ModelFolder(settings.models).find(settings.model.name).name
    except UnknownModel:
        return None


def _sources(settings: Settings) -> str:
    names = [source.name for source in configured_sources(settings.model)]
    return ", ".join(names) or "none (see `model` in the settings)"


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True, markup=False)
