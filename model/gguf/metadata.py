"""One architecture's metadata in a GGUF file."""

from collections.abc import Mapping
from typing import Any

from model.errors import CheckpointError
from model.gguf.file import GgufFile

TOKENS = "tokenizer.ggml.tokens"
_SOFTMAX = 1  # ggml's number for it
# Values that turn an architecture into a variant which we would compute wrongly.
_KNOWN_VALUES: Mapping[str, tuple[object, ...]] = {
    "attention.causal": (True,),
    "expert_gating_func": (_SOFTMAX,),
    "expert_weights_scale": (0.0, 1.0),
    "attention.clamp_kqv": (0.0,),
}


class Metadata:
    """One architecture's metadata, keys without their prefix."""

    def __init__(self, file: GgufFile) -> None:
        self.file = file
        self.architecture = str(file.value("general.architecture"))
        self._refuse_variants()

    def __getitem__(self, key: str) -> Any:
        """Return a value; a list of equal values, one per layer, counts as one.

        Raises:
            CheckpointError: it is missing, or differs from layer to layer.
        """
        value = self.file.value(f"{self.architecture}.{key}")
        if not isinstance(value, list):
            return value
        if len(set(value)) != 1:
            raise CheckpointError(self.file.path, f"the value {key} is not one for all layers")
        return value[0]

    def get(self, key: str, default: Any) -> Any:
        """Return a value that may be missing."""
        return self[key] if self._has(key) else default

    def width(self, tensor: str) -> int:
        """Return the rows of a matrix, or of each matrix in a stack.

        Raises:
            CheckpointError: the file does not have it, or it is a vector.
        """
        found = self.file.tensors.get(tensor)
        if found is None or len(found.shape) < 2:  # noqa: PLR2004 - a matrix has two
            raise CheckpointError(self.file.path, f"the matrix {tensor} is missing")
        return found.shape[-2]

    def _has(self, key: str) -> bool:
        return f"{self.architecture}.{key}" in self.file.fields

    def _refuse_variants(self) -> None:
        for key, known in _KNOWN_VALUES.items():
            if (value := self.get(key, known[0])) not in known:
                reason = f"the value {value} of {self.architecture}.{key} is not known"
                raise CheckpointError(self.file.path, reason)

    @property
    def head_width(self) -> int:
        """Width of one query or key head.

        Raises:
            CheckpointError: it is not a whole number, or only a part of it is rotated.
        """
        hidden, heads = self["embedding_length"], self["attention.head_count"]
        width = self.get("attention.key_length", hidden // heads if heads else 0)
        if not width or self.get("rope.dimension_count", width) != width:
            raise CheckpointError(self.file.path, "heads that are rotated in part are not known")
        return int(width)
