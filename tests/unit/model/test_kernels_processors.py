"""The kernels' source is right for processors of other kinds than this one, too."""

import platform
import shutil
import subprocess

import pytest

from model.kernels import build
from model.kernels.loading import SOURCE

KINDS = {
    "cascadelake": "8-bit dot products only",
    "cooperlake": "dot products of bfloat16",
    "sapphirerapids": "tiles",
}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="written for x86-64")
@pytest.mark.parametrize("kind", KINDS)
def test_it_compiles(kind: str) -> None:
    compiler = next(filter(None, map(shutil.which, build.COMPILERS)), None)
    if compiler is None:
        pytest.skip("there is no compiler")
    flags = ["-std=c++20", "-O0", "-S", f"-march={kind}", *build._torch_flags()]
    source = str(SOURCE.folder / "library.cpp")
    done = subprocess.run(
        [compiler, *flags, source, "-o", "/dev/null"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
