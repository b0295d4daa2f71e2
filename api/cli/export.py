"""The command that writes a model as a GGUF file, for programs that read nothing else."""

from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from api.settings import Settings
from model.gguf.export import PackedType, export_gguf
from model.model_folder import ModelFolder
from model.prepared import prepared_folder, shipped_experts


def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The GGUF file to write.")],
    name: Annotated[
        str | None, typer.Argument(help="A model's name or a part of it; default: the configured.")
    ] = None,
    packed_type: Annotated[PackedType, typer.Option("--type", help="How weights are packed.")] = (
        "q8_0"
    ),
) -> None:
    """Write a model with its tuned experts as a GGUF file for llama.cpp."""
    settings, console = Settings(), Console(highlight=False, soft_wrap=True, markup=False)
    place = ModelFolder(settings.models).find(name or settings.model.name)
    if not place.is_here:
        message = f"{place.name} is not here: `sourcebook models fetch {place.name}`."
        raise LookupError(message)
    folder = place.path
    if place.known is not None:
        folder = prepared_folder(place.path, shipped_experts(place.path), torch.bfloat16)
    console.print(f"Writing {place.name} as {packed_type} …")
    export_gguf(folder, file, packed_type)
    console.print(f"{file} is written: {file.stat().st_size / 1e6:.0f} MB")
