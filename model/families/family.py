"""What one family of models adds to the decoder: how its files are read.

A layer's parameter (such as `mlp.experts.gate_EID`) is by default stored under its own name; a
family lists those that are not. Where experts are stored one by one they are stacked here, a
parameter at a time, so that memory holds the stack and at most one parameter besides; the files
themselves stay mapped.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from model.config import DecoderConfig, Shape
from model.families.values import ConfigValues


class Source(Protocol):
    """Where in a checkpoint a parameter's values are. Names follow the prefix of the layer."""

    def shapes(self, prefix: str, shape: Shape) -> dict[str, Shape]:
        """Return the tensors on disk and their shapes, for a parameter of this shape."""

    def read(self, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        """Make the parameter of these tensors, in the order of `shapes`; a view if possible."""

    def write(self, prefix: str, parameter: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the tensors to store."""


@dataclass(frozen=True, slots=True)
class Named:
    """One tensor, the same but for its name."""

    name: str

    def shapes(self, prefix: str, shape: Shape) -> dict[str, Shape]:
        """Return the tensor's name and shape."""
        return {prefix + self.name: shape}

    def read(self, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return it, still mapped."""
        return tensors[0]

    def write(self, prefix: str, parameter: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return it under its name."""
        return {prefix + self.name: parameter}


@dataclass(frozen=True, slots=True)
class Stacked:
    """One tensor for each expert; "{}" in the name stands for its number."""

    name: str

    def shapes(self, prefix: str, shape: Shape) -> dict[str, Shape]:
        """Return the experts' tensors."""
        return {self._of(prefix, expert): shape[1:] for expert in range(shape[0])}

    def read(self, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        """Stack them: a copy."""
        return torch.stack(list(tensors))

    def write(self, prefix: str, parameter: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return each expert's part."""
        return {self._of(prefix, expert): part for expert, part in enumerate(parameter)}

    def _of(self, prefix: str, expert: int) -> str:
        return prefix + self.name.format(expert)


@dataclass(frozen=True, slots=True)
class Derived:
    """A part or another order of one tensor, which other parameters may share. Read only.

    Attributes:
        shape: the parameter's shape -> the tensor's.
        pick: the tensor -> the parameter.
    """

    name: str
    shape: Callable[[Shape], Shape]
    pick: Callable[[torch.Tensor], torch.Tensor]

    def shapes(self, prefix: str, shape: Shape) -> dict[str, Shape]:
        """Return the tensor's name and shape."""
        return {prefix + self.name: self.shape(shape)}

    def read(self, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the parameter; a view if it is one."""
        return self.pick(tensors[0])

    def write(self, prefix: str, parameter: torch.Tensor) -> dict[str, torch.Tensor]:
        """Refuse."""
        raise NotImplementedError(f"{prefix}{self.name} holds more than one parameter")


@dataclass(frozen=True, slots=True)
class Family:
    """How one family's files are read, and written where `write` is given.

    Attributes:
        read: the values of a `config.json` -> configuration. Raises KeyError for one that is
            missing and ValueError for one that is nonsense or not supported.
        sources: parameters of a layer that are stored under another name or in another form.
        write: configuration -> the values of a `config.json` that `transformers` reads too.
    """

    read: Callable[[ConfigValues], DecoderConfig]
    sources: Mapping[str, Source] = field(default_factory=dict)
    write: Callable[[DecoderConfig], dict[str, Any]] | None = None

    def source(self, parameter: str) -> tuple[str, Source]:
        """Return the prefix and the source of a parameter with its whole name."""
        head, middle, rest = parameter.partition("layers.")
        layer, _, part = rest.partition(".")
        if not middle or part not in self.sources:
            return "", Named(parameter)
        return f"{head}{middle}{layer}.", self.sources[part]
