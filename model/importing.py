"""Checkpoints of known families from a folder of one's own, under a name to serve them by."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from model.backends.port import Message
from model.checkpoint import CONFIG, GENERATION_CONFIG, INDEX, WEIGHTS, Checkpoint
from model.durable_files import exclusive, publish, sha256_of
from model.errors import CheckpointError, ImportRefused, WrongModelFile
from model.model_folder import IMPORTED, ModelFolder
from model.progress import Progress, unreported
from model.tokenizer import CHAT_TEMPLATE, TOKENIZER, TOKENIZER_CONFIG, ChatTokenizer

MANIFEST = "imported.json"
BLOCK_BYTES = 8 * 2**20
_SMALL_FILES = (CONFIG, GENERATION_CONFIG, INDEX, TOKENIZER, TOKENIZER_CONFIG)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def import_checkpoint(
    source: Path,
    name: str,
    models: ModelFolder,
    *,
    link: bool = False,
    progress: Progress = unreported,
) -> Path:
    """Copy a Hugging Face folder into the models' folder, or link its weights; return the copy.

    Nothing of it is kept unless it opens and its chat template renders.

    Raises:
        ImportRefused: the name cannot be used, or is taken.
        CheckpointError: the folder cannot be used.
    """
    _check_name(name, models)
    target = models.path / IMPORTED / name
    unfinished = target.with_name(f".{name}.unfinished")
    target.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(target.with_name(f".{name}.lock")):
        shutil.rmtree(unfinished, ignore_errors=True)  # left by a crash; the lock is ours
        unfinished.mkdir()
        try:
            _import(source, unfinished, link, progress)
            publish(unfinished, target)
        except OSError as error:
            raise CheckpointError(source, f"cannot be imported: {error}") from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return target


def verify_import(folder: Path) -> None:
    """Compare an imported checkpoint with the hashes that were noted, reading all of it.

    Raises:
        WrongModelFile: a file is not what was imported.
    """
    noted = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for name, sha256 in noted.items():
        path = folder / name
        if not path.is_file():
            raise WrongModelFile(f"{path} is missing; import the folder again")
        if sha256_of(path) != sha256:
            raise WrongModelFile(f"{path} is not what was imported; import the folder again")


def _check_name(name: str, models: ModelFolder) -> None:
    if not _NAME.fullmatch(name):
        raise ImportRefused(f"{name!r} cannot be a model's name: use letters, digits, . _ and -")
    taken = {place.name: place for place in models.places()}.get(name)
    if taken is not None and taken.known is not None:
        raise ImportRefused(f"{name} is the name of a known model: choose another one")
    if taken is not None:
        raise ImportRefused(f"{name} is here already: choose another name, or delete {taken.path}")


def _import(source: Path, unfinished: Path, link: bool, progress: Progress) -> None:  # noqa: FBT001 - private
    """Copy the small files, check everything, and only then take the weights."""
    for name in _SMALL_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, unfinished / name)
    (unfinished / CHAT_TEMPLATE).write_text(_chat_template(source), encoding="utf-8")
    Checkpoint.open(source)
    ChatTokenizer.open(unfinished).encode_chat([Message("user", "?")])
    noted = {path.name: sha256_of(path) for path in sorted(unfinished.iterdir())}
    weights = [source / name for name in _weight_files(source)]
    total, done = sum(path.stat().st_size for path in weights), 0
    for path in weights:
        digest = hashlib.sha256()
        for block in _taken(path, unfinished / path.name, link):
            digest.update(block)
            done += len(block)
            progress(done, total)
        noted[path.name] = digest.hexdigest()
    (unfinished / MANIFEST).write_text(json.dumps(noted, indent=2), encoding="utf-8")


def _taken(path: Path, target: Path, link: bool) -> Iterator[bytes]:  # noqa: FBT001 - private
    """Copy or link a file, yielding what is in it."""
    if link:
        target.symlink_to(path.resolve())
    with path.open("rb") as source, (Path(os.devnull) if link else target).open("wb") as copy:
        while block := source.read(BLOCK_BYTES):
            copy.write(block)
            yield block


def _weight_files(source: Path) -> list[str]:
    if not (source / INDEX).is_file():
        return [WEIGHTS]
    index = json.loads((source / INDEX).read_text(encoding="utf-8"))
    return sorted(set(index["weight_map"].values()))  # opening the checkpoint has checked them


def _chat_template(source: Path) -> str:
    """Read the template from its own file or, as in older folders, the tokenizer's settings."""
    path = source / CHAT_TEMPLATE
    if path.is_file():
        return path.read_text(encoding="utf-8")
    try:
        settings = json.loads((source / TOKENIZER_CONFIG).read_text(encoding="utf-8"))
        found = settings["chat_template"]
        if isinstance(found, list):  # several, by name
            found = next(entry["template"] for entry in found if entry["name"] == "default")
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise CheckpointError(source, f"there is no {CHAT_TEMPLATE} in it") from error
    return str(found)
