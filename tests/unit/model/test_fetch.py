import errno
import hashlib
from pathlib import Path

import pytest

from model.errors import (
    ModelNotFetched,
    SourceUnavailable,
    UnknownModel,
    WrongModelFile,
)
from model.fetch import configured_sources, fetch_model, verify_model
from model.known_models import KNOWN_MODELS, CarrierPackages, KnownModel, known_model
from model.progress import Progress
from model.settings import ModelSettings
from model.sources.folder import FolderSource

CONTENT = bytes(range(256)) * 40
MODEL = KnownModel(
    name="tiny",
    file_name="tiny.gguf",
    size_bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    hub_repository="some/one",
    carriers=CarrierPackages("tiny-part", "1.0", 2),
)


class FakeSource:
    def __init__(self, name: str, content: bytes | None = None) -> None:
        self.name = name
        self.content = content
        self.found_there: list[str] = []

    def fetch(self, model: KnownModel, working: Path, progress: Progress) -> Path:
        self.found_there = sorted(path.name for path in working.iterdir())
        (working / "begun").touch()
        if self.content is None:
            raise SourceUnavailable("is closed")
        (working / "file").write_bytes(self.content)
        return working / "file"


def test_first_source_that_has_it_is_used(tmp_path: Path) -> None:
    closed, open_, last = FakeSource("a"), FakeSource("b", CONTENT), FakeSource("c", b"unused")
    path = fetch_model(MODEL, tmp_path / "models", [closed, open_, last])
    assert path.read_bytes() == CONTENT
    assert path.name == MODEL.file_name
    assert not list((tmp_path / "models" / ".fetch").iterdir())


def test_file_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / MODEL.file_name).write_bytes(CONTENT)
    assert fetch_model(MODEL, tmp_path, []) == tmp_path / MODEL.file_name


@pytest.mark.parametrize("wrong", [b"", CONTENT[:-1], CONTENT + b"x", CONTENT[:-1] + b"x"], ids=len)
def test_wrong_file_is_refused(tmp_path: Path, wrong: bytes) -> None:
    with pytest.raises(ModelNotFetched, match=r"(file|tiny\.gguf) (does not have|has SHA-256)"):
        fetch_model(MODEL, tmp_path, [FakeSource("a", wrong)])
    assert not (tmp_path / MODEL.file_name).exists()


def test_source_after_a_wrong_file_is_asked(tmp_path: Path) -> None:
    path = fetch_model(MODEL, tmp_path, [FakeSource("a", b"wrong"), FakeSource("b", CONTENT)])
    verify_model(MODEL, path)


def test_interrupted_source_finds_what_it_left(tmp_path: Path) -> None:
    source = FakeSource("a")
    for expected in ([], ["begun"]):
        with pytest.raises(ModelNotFetched, match=r"tiny could not be fetched\. a: is closed"):
            fetch_model(MODEL, tmp_path, [source])
        assert source.found_there == expected


def test_wrong_file_leaves_nothing_to_go_on_from(tmp_path: Path) -> None:
    source = FakeSource("a", b"wrong")
    for _ in range(2):
        with pytest.raises(ModelNotFetched):
            fetch_model(MODEL, tmp_path, [source])
        assert source.found_there == []


def test_no_source_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFetched, match="no source is configured"):
        fetch_model(MODEL, tmp_path, [])


class FullDisk(FakeSource):
    def fetch(self, model: KnownModel, working: Path, progress: Progress) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_full_disk_is_said_and_the_next_source_asked(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFetched, match=r"a: No space left on device\. Put"):
        fetch_model(MODEL, tmp_path, [FullDisk("a")])


def test_folder_source(tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / MODEL.file_name).write_bytes(CONTENT)
    seen: list[tuple[int, int]] = []
    path = fetch_model(
        MODEL,
        tmp_path / "models",
        [FolderSource(tmp_path / "given")],
        lambda done, total: seen.append((done, total)),
    )
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_folder_without_the_file(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFetched, match=r"folder: tiny\.gguf: No such file"):
        fetch_model(MODEL, tmp_path, [FolderSource(tmp_path / "absent")])


def test_verify_reads_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(WrongModelFile, match=r"x\.gguf has SHA-256"):
        verify_model(MODEL, path)


def test_sources_are_asked_in_the_set_order(tmp_path: Path) -> None:
    every = ModelSettings(source_folder=tmp_path, hub_url="https://hub.example")
    assert [s.name for s in configured_sources(every)] == ["folder", "hub", "carrier-packages"]
    assert [s.name for s in configured_sources(ModelSettings())] == ["carrier-packages"]
    assert configured_sources(ModelSettings(carrier_packages=False)) == []


def test_known_models_are_found_by_name() -> None:
    for model in KNOWN_MODELS:
        assert known_model(model.name) is model
    assert known_model(ModelSettings().name)
    with pytest.raises(UnknownModel, match=r"'gpt-9'; known are qwen2\.5"):
        known_model("gpt-9")
