import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import models
from api.generator import open_generator
from api.settings import Settings
from model.backends.openai_server import OpenAIServerGenerator
from model.errors import ImportRefused, ModelNotFetched, UnknownModel, WrongModelFile
from model.known_models import CarrierPackages, KnownModel
from model.provenance import came_from, note_sources

CONTENT = bytes(range(256)) * 40
TINY = KnownModel(
    name="tiny-1b",
    file_name="tiny-1b.gguf",
    size_bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    hub_repository="some/one",
    carriers=CarrierPackages("tiny-part", "1.0", 2),
)
OTHER = KnownModel("tiny-2b", "tiny-2b.gguf", 2_000_000, "", "some/two", TINY.carriers)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Know two tiny models, of which the first is configured, and no source; return the folder."""
    monkeypatch.setattr("model.model_folder.KNOWN_MODELS", (TINY, OTHER))
    monkeypatch.setenv("SOURCEBOOK_MODELS", str(tmp_path / "here"))
    monkeypatch.setenv("SOURCEBOOK_MODEL", "1b")
    monkeypatch.setenv("SOURCEBOOK_MODEL__CARRIER_PACKAGES", "false")
    return tmp_path / "here"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Return a folder that holds the first model's official file."""
    folder = tmp_path / "disk"
    folder.mkdir()
    (folder / TINY.file_name).write_bytes(CONTENT)
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(models.app, arguments, catch_exceptions=False)


def test_list(disk: Path, here: Path) -> None:
    before = run("list").output
    assert "* tiny-1b      0 MB  not fetched  official file\n" in before
    assert "  tiny-2b      2 MB  not fetched  official file\n" in before
    assert f"Folder: {here}\n" in before
    assert "Sources, in order: none" in before
    run("import", str(disk))
    assert "* tiny-1b      0 MB  here         official file\n" in run("list").output


def test_list_tells_which_models_have_tuned_experts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("model.prepared.KNOWN_MODELS", (TINY, OTHER))
    monkeypatch.setattr("model.prepared._SHIPPED", tmp_path)
    (tmp_path / OTHER.name).mkdir()
    (tmp_path / OTHER.name / "experts.safetensors").write_bytes(b"")
    output = run("list").output
    assert "tiny-1b      0 MB  not fetched  official file\n" in output
    assert "tiny-2b      2 MB  not fetched  official file, tuned experts\n" in output


def test_list_shows_where_models_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCEBOOK_MODEL__HUB_URL", "https://hub.example")
    monkeypatch.setenv("SOURCEBOOK_MODEL__CARRIER_PACKAGES", "true")
    assert "Sources, in order: hub, carrier-packages\n" in run("list").output


def test_list_with_a_name_of_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCEBOOK_MODEL", "gpt-9")
    output = run("list").output
    assert "SOURCEBOOK_MODEL=gpt-9 names none of these." in output
    assert "*" not in output


def test_fetch(monkeypatch: pytest.MonkeyPatch, disk: Path, here: Path) -> None:
    monkeypatch.setenv("SOURCEBOOK_MODEL__SOURCE_FOLDER", str(disk))
    output = run("fetch").output
    assert "Fetching tiny-1b" in output
    assert f"tiny-1b is here: {here / TINY.file_name}\n" in output
    assert (here / TINY.file_name).read_bytes() == CONTENT
    assert run("fetch", "1b").output == "tiny-1b is here already.\n"


def test_fetch_without_a_source() -> None:
    with pytest.raises(ModelNotFetched, match=r"tiny-2b could not be fetched.* no source"):
        run("fetch", "2b")
    with pytest.raises(UnknownModel, match=r"'3b'; known are tiny-1b, tiny-2b"):
        run("fetch", "3b")


def test_import_an_official_file(disk: Path, here: Path) -> None:
    assert f"tiny-1b is here: {here / TINY.file_name}\n" in run("import", str(disk)).output
    assert run("import", str(disk)).output == "tiny-1b is here already.\n"


def test_import_refuses_what_is_not_official(disk: Path, here: Path) -> None:
    (disk / TINY.file_name).write_bytes(CONTENT[::-1])
    with pytest.raises(ModelNotFetched, match=r"has SHA-256 .* instead of"):
        run("import", str(disk))
    assert not (here / TINY.file_name).exists()


def test_import_of_a_folder_without_a_model(tmp_path: Path) -> None:
    wanted = r"holds neither tiny-1b\.gguf nor tiny-2b\.gguf nor a checkpoint with config\.json"
    with pytest.raises(ImportRefused, match=wanted):
        run("import", str(tmp_path))
    assert run("import", str(tmp_path / "absent")).exit_code == 2


def test_verify(disk: Path, here: Path) -> None:
    with pytest.raises(LookupError, match=r"No model is in .*: `sourcebook models fetch`"):
        run("verify")
    run("import", str(disk))
    assert run("verify").output == "tiny-1b: the official file\n"
    with pytest.raises(LookupError, match="tiny-2b is not here: `sourcebook models fetch tiny-2b`"):
        run("verify", "2b")
    (here / TINY.file_name).write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(WrongModelFile, match=r"tiny-1b\.gguf has SHA-256"):
        run("verify")


def test_verify_finds_unpacked_weights_that_are_damaged(disk: Path, here: Path) -> None:
    run("import", str(disk))
    unpacked = here / "tiny-1b.bfloat16"
    unpacked.mkdir()
    (unpacked / "weights").write_text("whole")
    note_sources(unpacked, {"base": here / TINY.file_name})
    said = f"{unpacked} is damaged or from another file"
    assert said not in run("verify").output
    (unpacked / "weights").write_text("whale")
    assert said in run("verify").output
    assert not came_from(unpacked, {"base": here / TINY.file_name})  # so it is made anew


@pytest.mark.parametrize(
    ("note", "known"),
    [
        ({"sha256": TINY.sha256}, True),  # as it was noted before what was made was
        ({"base": {"sha256": TINY.sha256}, "tuned": {"sha256": "b"}}, True),
        ({"sha256": "a"}, False),
        ({"base": {"sha256": "a"}}, False),
        ({"sources": {"base": {"sha256": "a"}}, "made": {}}, False),
        ([], False),
    ],
)
def test_verify_knows_a_folder_of_another_file(
    disk: Path, here: Path, note: object, known: bool
) -> None:
    run("import", str(disk))
    unpacked = here / "tiny-1b.bfloat16"
    unpacked.mkdir()
    (unpacked / "source.json").write_text(json.dumps(note))
    assert (f"{unpacked} is damaged or from another file" not in run("verify").output) is known


def test_a_server_needs_no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCEBOOK_MODEL__BACKEND", "openai")
    monkeypatch.setenv("SOURCEBOOK_MODEL__SERVER__URL", "http://gpu.example:8000/v1")
    monkeypatch.setenv("SOURCEBOOK_MODEL", "Qwen/Qwen3-30B-A3B")
    said = "answers are written by http://gpu.example:8000/v1"
    assert said in run("fetch").output
    assert said.capitalize() in run("list").output
    generator = open_generator(Settings())
    assert isinstance(generator, OpenAIServerGenerator)
    assert generator.name == "Qwen/Qwen3-30B-A3B"
    generator.close()


def test_weights_that_were_never_fetched() -> None:
    with pytest.raises(LookupError, match="weights of tiny-1b are missing: `sourcebook models fe"):
        open_generator(Settings())


def test_a_section_s_own_variable_is_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCEBOOK_MODEL__TOP_P", "0.5")
    assert (Settings().model.name, Settings().model.top_p) == ("1b", 0.5)
    monkeypatch.setenv("SOURCEBOOK_MODEL__NAME", "2b")
    assert Settings().model.name == "2b"
    monkeypatch.setenv("SOURCEBOOK_MODEL", '{"top_p": 0.1}')
    assert (Settings().model.name, Settings().model.top_p) == ("2b", 0.5)
