"""`sourcebook models export`, on a tiny known model and on an imported one."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import models
from model.gguf.file import GgufFile
from model.known_models import CarrierPackages, KnownModel
from tests.integration.model.tiny_gguf import FAMILIES, random_model, write

TINY = KnownModel("tiny", "tiny.gguf", 0, "", "some/one", CarrierPackages("tiny-part", "1.0", 2))


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr("model.model_folder.KNOWN_MODELS", (TINY,))
    monkeypatch.setenv("SOURCEBOOK_MODELS", str(tmp_path / "here"))
    monkeypatch.setenv("SOURCEBOOK_MODEL", "tiny")
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


@pytest.fixture
def tiny(here: Path, tmp_path: Path) -> Path:
    family = FAMILIES["qwen2"]
    write(here / TINY.file_name, family, random_model(family), tmp_path / "saved")
    return here / TINY.file_name


def run(*arguments: str) -> Result:
    return CliRunner().invoke(models.app, arguments, catch_exceptions=False)


def test_known_model(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.gguf"
    assert f"{out} is written" in run("export", str(out), "--type", "f16").output
    ours, theirs = GgufFile.open(out), GgufFile.open(tiny)
    assert {name: t.shape for name, t in ours.tensors.items()} == {
        name: t.shape for name, t in theirs.tensors.items()
    }


def test_imported_model(tiny: Path, tmp_path: Path) -> None:
    run("export", str(tmp_path / "first.gguf"))  # unpacks it
    run("import", str(tiny.with_name("tiny.bfloat16")), "ours")
    run("export", str(tmp_path / "second.gguf"), "ours", "--type", "q8_0")
    assert (tmp_path / "first.gguf").read_bytes() == (tmp_path / "second.gguf").read_bytes()


def test_model_that_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="tiny is not here: `sourcebook models fetch tiny`"):
        run("export", str(tmp_path / "out.gguf"))


def test_unknown_type_is_refused(tiny: Path, tmp_path: Path) -> None:
    assert run("export", str(tmp_path / "out.gguf"), "--type", "q9").exit_code == 2
    assert not (tmp_path / "out.gguf").exists()
