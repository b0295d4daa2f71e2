"""How the kernels are compiled and kept, without compiling them."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from model.errors import KernelsUnavailable
from model.kernels import build
from model.kernels.build import KernelSource

NEEDED = frozenset({"avx512f", "avx512_vnni"})


@pytest.fixture(autouse=True)
def _able_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "processor_flags", lambda: NEEDED)


@pytest.fixture
def source(tmp_path: Path) -> KernelSource:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "library.cpp").write_text("// nothing")
    return KernelSource("tiny", folder, NEEDED)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the files that a compiler would have written."""
    written: list[Path] = []

    def compile_nothing(_: KernelSource, library: Path) -> None:
        library.write_bytes(b"library")
        written.append(library)

    monkeypatch.setattr(build, "_compile", compile_nothing)
    return written


def test_library_is_compiled_once(
    tmp_path: Path, source: KernelSource, compiled: list[Path]
) -> None:
    folder = tmp_path / "cache" / "kernels"
    library = build.built_library(source, folder)
    assert library.read_bytes() == b"library"
    assert build.built_library(source, folder) == library
    assert len(compiled) == 1
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_another_processor_has_a_library_of_its_own(
    tmp_path: Path, source: KernelSource, compiled: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build.built_library(source, tmp_path / "kernels")
    monkeypatch.setattr(build, "processor_flags", lambda: NEEDED | {"amx_bf16"})
    assert build.built_library(source, tmp_path / "kernels") != first


def test_folder_that_others_may_write_is_not_trusted(
    tmp_path: Path, source: KernelSource, compiled: list[Path]
) -> None:
    folder = tmp_path / "kernels"
    folder.mkdir()
    folder.chmod(0o770)
    with pytest.raises(KernelsUnavailable, match="can be written by others"):
        build.built_library(source, folder)
    assert not compiled


def test_link_to_a_folder_is_not_trusted(
    tmp_path: Path, source: KernelSource, compiled: list[Path]
) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "kernels").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KernelsUnavailable, match="does not belong"):
        build.built_library(source, tmp_path / "kernels")


def test_library_that_others_may_write_is_not_trusted(
    tmp_path: Path, source: KernelSource, compiled: list[Path]
) -> None:
    library = build.built_library(source, tmp_path / "kernels")
    library.chmod(0o666)
    with pytest.raises(KernelsUnavailable, match="can be written by others"):
        build.built_library(source, tmp_path / "kernels")


def test_folder_of_another_user_is_not_trusted(
    tmp_path: Path, source: KernelSource, compiled: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kernels").mkdir(mode=0o700)
    other = tmp_path.stat().st_uid + 1
    monkeypatch.setattr("os.getuid", lambda: other)
    with pytest.raises(KernelsUnavailable, match="does not belong to this user"):
        build.built_library(source, tmp_path / "kernels")


def test_lesser_processor_is_named(
    tmp_path: Path, source: KernelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "processor_flags", lambda: NEEDED - {"avx512_vnni"})
    with pytest.raises(KernelsUnavailable, match="avx512_vnni"):
        build.built_library(source, tmp_path)


def test_missing_compiler_is_named(
    tmp_path: Path, source: KernelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(KernelsUnavailable, match="no compiler"):
        build.built_library(source, tmp_path / "kernels")


def test_failing_compiler_is_quoted(
    tmp_path: Path, source: KernelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "c++"
    compiler.write_text("#!/bin/sh\necho it is broken >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda _: str(compiler))
    folder = tmp_path / "kernels"
    with pytest.raises(KernelsUnavailable, match="it is broken"):
        build.built_library(source, folder)
    assert not list(folder.glob("*.so"))


def test_folder_that_cannot_be_made(tmp_path: Path, source: KernelSource) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KernelsUnavailable, match="cannot be used"):
        build.built_library(source, tmp_path / "file" / "kernels")


def test_each_source_has_a_library_of_its_own(
    tmp_path: Path, source: KernelSource, compiled: list[Path]
) -> None:
    first = build.built_library(source, tmp_path / "kernels")
    (source.folder / "more.h").write_text("// more")
    changed = build.built_library(source, tmp_path / "kernels")
    other = build.built_library(replace(source, name="other"), tmp_path / "kernels")
    assert len({first, changed, other}) == 3
    assert first.name.startswith("tiny-")
    assert other.name.startswith("other-")
