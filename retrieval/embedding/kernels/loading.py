"""Whether the encoder's kernels can be used in this process."""

from functools import cache
from pathlib import Path
from typing import Final

import structlog
import torch

from model.kernels.library import KernelSource, KernelsUnavailable, load_library

SOURCE: Final = KernelSource(
    "encoder",
    Path(__file__).with_name("source"),
    frozenset({"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_bf16"}),
)
_log = structlog.get_logger()


@cache
def kernels_loaded() -> bool:
    """Load the kernels, which compiles them the first time; says once in the log why it cannot."""
    try:
        load_library(SOURCE)
        _check_tiles()
    except KernelsUnavailable as error:
        _log.warning("embedding_without_kernels", reason=str(error))
        return False
    return True


def _check_tiles() -> None:
    if not torch.ops.sourcebook_encoder.granted(torch.empty(0)):
        raise KernelsUnavailable("the system does not let processes use AMX")
