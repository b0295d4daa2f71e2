"""The kernels' sources are right for processors of other kinds than this one, too."""

import platform
import shutil
import subprocess

import pytest

from model.kernels import build
from model.kernels import loading as model_kernels
from retrieval.embedding.kernels import loading as encoder_kernels

KINDS = (  # 8-bit dot products only; those of bfloat16, too; tiles
    (model_kernels.SOURCE, "cascadelake"),
    (model_kernels.SOURCE, "cooperlake"),
    (model_kernels.SOURCE, "sapphirerapids"),
    (encoder_kernels.SOURCE, "cooperlake"),
    (encoder_kernels.SOURCE, "sapphirerapids"),
)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="written for x86-64")
@pytest.mark.parametrize(("kernels", "kind"), KINDS)
def test_they_compile(kernels: build.KernelSource, kind: str) -> None:
    compiler = next(filter(None, map(shutil.which, build.COMPILERS)), None)
    if compiler is None:
        pytest.skip("there is no compiler")
    flags = ["-std=c++20", "-O0", "-S", f"-march={kind}", *build._torch_flags()]
    source = str(kernels.folder / "library.cpp")
    done = subprocess.run(
        [compiler, *flags, source, "-o", "/dev/null"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
