"""The real default model: fetched once into a cache folder, by the product's own fetch."""

import os
from pathlib import Path

import pytest
import torch

from model.checkpoint import Checkpoint
from model.fetch import configured_sources, fetch_model
from model.gguf.unpack import unpacked_folder
from model.known_models import known_model
from model.settings import ModelSettings

MODELS = Path(os.environ.get("SOURCEBOOK_TEST_MODELS", "~/.cache/sourcebook/models")).expanduser()


@pytest.fixture(scope="session")
def gguf_path() -> Path:
    settings = ModelSettings()
    return fetch_model(known_model(settings.name), MODELS, configured_sources(settings))


@pytest.fixture(scope="session")
def folder(gguf_path: Path) -> Path:
    return unpacked_folder(gguf_path, torch.bfloat16)


@pytest.fixture(scope="session")
def float32_checkpoint(folder: Path) -> Checkpoint:
    """Return the real weights in float32, for proofs."""
    checkpoint = Checkpoint.open(folder)
    weights = {name: tensor.float() for name, tensor in checkpoint.weights.items()}
    return Checkpoint(checkpoint.config, weights)
