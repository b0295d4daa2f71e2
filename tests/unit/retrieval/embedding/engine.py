"""The C engine of the package that carries the weights, compiled from the package's own source.

The library in the package is for one version of Python only.
"""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np

from retrieval.embedding.e5_file import installed_file
from retrieval.embedding.port import Vectors

_DIMENSIONS = 384


class Engine:
    """Embeds passages one at a time on one core; `folder` receives the compiled library."""

    def __init__(self, folder: Path) -> None:
        weights = installed_file()
        self._library = ctypes.CDLL(str(_compile(weights.with_name("e5.c"), folder)))
        self._library.e5_load.restype = ctypes.c_void_p
        self._library.e5_load.argtypes = [ctypes.c_char_p]
        text = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
        self._library.e5_embed.argtypes = (*text, ctypes.c_void_p)
        self._library.e5_token_count.argtypes = text
        # Never freed: it lives as long as the tests do.
        self._model = self._library.e5_load(str(weights).encode())

    def embed_passages(self, passages: list[str]) -> Vectors:
        return self._embed(passages, is_query=0)

    def embed_queries(self, queries: list[str]) -> Vectors:
        return self._embed(queries, is_query=1)

    def _embed(self, texts: list[str], is_query: int) -> Vectors:
        vectors = np.zeros((len(texts), _DIMENSIONS), np.float32)
        for text, row in zip(texts, vectors, strict=True):
            self._library.e5_embed(self._model, text.encode(), is_query, row.ctypes.data)
        return vectors

    def count_tokens(self, passage: str) -> int:
        """Count tokens with the prefix, the beginning and the end."""
        return int(self._library.e5_token_count(self._model, passage.encode(), 0))


def _compile(source: Path, folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise RuntimeError("a C compiler is missing: apt-get install gcc")
    library = folder / "e5.so"
    options = ["-O3", "-march=native", "-shared", "-fPIC"]
    subprocess.run([compiler, *options, source, "-o", library, "-lm"], check=True)
    return library
