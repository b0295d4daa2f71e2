"""Pin every dependency with hashes: `run.lock` for the product, `test.lock` for all the rest too.

torch is written without its local version label ("+cpu"), so that the same lock accepts the build
for processors only, wherever pip finds it; its hash still decides.
"""

import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
COMPILE = [
    *(sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes"),
    *("--strip-extras", "--allow-unsafe", "--no-header", "--no-annotate"),
    *("--no-emit-index-url", "--no-emit-find-links", "--build-deps-for", "editable"),
]


def lock(name: str, *options: str) -> None:
    """Write one lock file."""
    file = FOLDER / name
    command = [*COMPILE, *options, "--output-file", str(file), "pyproject.toml"]
    subprocess.run(command, check=True, cwd=FOLDER.parent)  # noqa: S603 - our own arguments
    file.write_text(re.sub(r"^(torch==[\d.]+)\+cpu", r"\1", file.read_text(), flags=re.MULTILINE))


if __name__ == "__main__":
    lock("test.lock", "--extra", "cpu", "--extra", "test")
    lock("run.lock", "--extra", "cpu", "--constraint", str(FOLDER / "test.lock"))
