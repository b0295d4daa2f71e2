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
        self.architecture = file.text("general.architecture")
        self._refuse_variants()

    def __getitem__(self, key: str) -> Any:
        """Return a number; a list of equal numbers, one per layer, counts as one.

        Raises:
            CheckpointError: it is missing, no number, or differs from layer to layer.
        """
        value = self.file.value(f"{self.architecture}.{key}")
        values = value if isinstance(value, list) else [value]
        if not all(type(number) in {int, float} for number in values):
            raise CheckpointError(self.file.path, f"the value {key} is no number")
        if len(set(values)) != 1:
            raise CheckpointError(self.file.path, f"the value {key} is not one for all layers")
        return values[0]

    def get(self, key: str, default: float) -> Any:
        """Return a number that may be missing.

        Raises:
            CheckpointError: it is there but no number, or differs from layer to layer.
        """
        return self[key] if f"{self.architecture}.{key}" in self.file.fields else default

    def text(self, key: str, default: str) -> str:
        """Return a text that may be missing.

        Raises:
            CheckpointError: it is there but no text.
        """
        key = f"{self.architecture}.{key}"
        return self.file.text(key) if key in self.file.fields else default

    def width(self, tensor: str) -> int:
        """Return the rows of a matrix, or of each matrix in a stack.

        Raises:
            CheckpointError: the file does not have it, or it is a vector.
        """
        found = self.file.tensors.get(tensor)
        if found is None or len(found.shape) < 2:  # noqa: PLR2004 - a matrix has two
            raise CheckpointError(self.file.path, f"the matrix {tensor} is missing")
        return found.shape[-2]

    def _refuse_variants(self) -> None:
        for key, known in _KNOWN_VALUES.items():
            full_key = f"{self.architecture}.{key}"
            if (value := self.file.fields.get(full_key, known[0])) not in known:
                reason = f"the value {value} of {full_key} is not known"
                raise CheckpointError(self.file.path, reason)

    @property
    def head_width(self) -> int:
        """Width of one query or key head.

        Raises:
            CheckpointError: it is not a whole number, or only a part of it is rotated.
        """
        hidden, heads = self["embedding_length"], self["attention.head_count"]
        width = self.get("attention.key_length", hidden // heads if heads > 0 else 0)
        if width <= 0 or self.get("rope.dimension_count", width) != width:
            raise CheckpointError(self.file.path, "heads that are rotated in part are not known")
        return int(width)
