"""Whether the kernels of searches are in use in this process."""

from functools import cache
from pathlib import Path
from typing import Final

import structlog

from model.kernels.library import KernelSource, KernelsUnavailable, load_library
from retrieval.settings import RetrievalSettings

SOURCE: Final = KernelSource(
    "retrieval",
    Path(__file__).with_name("source"),
    frozenset({"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vpopcntdq", "bmi2", "f16c"}),
)
_log = structlog.get_logger()


def kernels_used(settings: RetrievalSettings) -> bool:
    """Whether searches with these settings use kernels; compiles them the first time."""
    return settings.kernels == "auto" and _loaded()


@cache
def _loaded() -> bool:
    try:
        load_library(SOURCE)
    except KernelsUnavailable as error:
        _log.warning("search_without_kernels", reason=str(error))
        return False
    return True
