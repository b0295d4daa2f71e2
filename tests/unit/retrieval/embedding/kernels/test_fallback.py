"""What is taken where the kernel does not run."""

from collections.abc import Iterator

import pytest
import torch
from structlog.testing import capture_logs

from model.kernels.library import KernelSource, KernelsUnavailable
from retrieval.embedding.bert import fastest_layers
from retrieval.embedding.kernels import kernel_layers, loading
from retrieval.embedding.torch_layers import TorchLayers
from tests.unit.retrieval.embedding.kernels.weights import random_weights


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    loading.kernels_loaded.cache_clear()
    yield
    loading.kernels_loaded.cache_clear()


@pytest.fixture
def _no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: KernelSource) -> None:
        raise KernelsUnavailable(f"there is no compiler for {source.name}")

    monkeypatch.setattr(loading, "load_library", refuse)


@pytest.mark.usefixtures("_no_compiler")
def test_without_a_compiler_torch_computes_and_the_log_says_so_once() -> None:
    with capture_logs() as logs:
        chosen = [fastest_layers(random_weights(), kernels=True) for _ in range(2)]
    assert all(isinstance(layers, TorchLayers) for layers in chosen)
    assert [(line["event"], line["reason"]) for line in logs] == [
        ("embedding_without_kernels", "there is no compiler for encoder")
    ]


def test_a_processor_needs_no_tiles() -> None:
    assert not [flag for flag in loading.SOURCE.needed if flag.startswith("amx")]


def test_a_system_that_keeps_the_tiles_to_itself_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise KernelsUnavailable("the system does not let processes use AMX")

    monkeypatch.setattr(loading, "load_library", lambda _: None)
    monkeypatch.setattr(loading, "_check_tiles", refuse)
    assert not loading.kernels_loaded()


@pytest.fixture
def _able(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_layers, "kernels_loaded", lambda: True)


@pytest.mark.usefixtures("_able")
@pytest.mark.parametrize(
    "shape",
    [
        {"hidden": 64, "heads": 4},  # heads of 16 numbers
        {"hidden": 96, "heads": 2, "feed_forward": 96},  # of 48
        {"hidden": 64, "heads": 2, "feed_forward": 160},  # no multiple of the hidden size
    ],
    ids=str,
)
def test_a_shape_that_is_no_multiple_of_tiles_is_left_to_torch(shape: dict[str, int]) -> None:
    assert isinstance(fastest_layers(random_weights(**shape), kernels=True), TorchLayers)


@pytest.mark.usefixtures("_able")
def test_float32_and_kernels_switched_off_are_left_to_torch() -> None:
    exact = random_weights(dtype=torch.float32)
    assert isinstance(fastest_layers(exact, kernels=True), TorchLayers)
    assert isinstance(fastest_layers(random_weights(), kernels=False), TorchLayers)
    assert not isinstance(fastest_layers(random_weights(), kernels=True), TorchLayers)
