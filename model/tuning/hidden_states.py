"""The frozen lower layers' outcome for every example, computed once and kept on disk.

One file holds the states of all examples end to end; a note beside it says what they were computed
from, so that states of other data, another base or another layer are never taken for these.

Shapes: see config.py.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

import torch

from model.durable_files import publish
from model.tuning.base import FrozenBase
from model.tuning.example_maker import Example
from model.tuning.shared_prompts import common_tokens, shared_prompts

Progress = Callable[[int, int], None]
"""Called with the tokens that are done and all there are."""


class HiddenStates:
    """The states entering one layer, by an example's number; mapped, so that few are in memory."""

    def __init__(self, path: Path, counts: Sequence[int], hidden: int, dtype: torch.dtype) -> None:
        self._ends = [0, *accumulate(counts)]
        self._states_TD = torch.from_file(
            str(path), shared=False, size=self._ends[-1] * hidden, dtype=dtype
        ).view(-1, hidden)

    def of(self, example: int) -> torch.Tensor:
        """Return one example's states, TD."""
        return self._states_TD[self._ends[example] : self._ends[example + 1]]


def cached_hidden_states(
    path: Path,
    base: FrozenBase,
    layer: int,
    examples: Sequence[Example],
    progress: Progress,
) -> HiddenStates:
    """Compute what is not on disk yet, so an interrupted computation goes on."""
    counts = [len(example.input_tokens) for example in examples]
    _start(path, _fingerprint(base, layer, examples))
    _continue(path, base, layer, examples, progress)
    return HiddenStates(path, counts, base.hidden_size, base.dtype)


def _start(path: Path, fingerprint: str) -> None:
    """Empty the file unless it was computed from the very same."""
    note = path.with_suffix(".json")
    try:
        same = json.loads(note.read_text(encoding="utf-8")) == {"fingerprint": fingerprint}
    except (OSError, ValueError):
        same = False
    if same and path.exists():
        return
    path.write_bytes(b"")
    unfinished = note.with_suffix(".unfinished")
    unfinished.write_text(json.dumps({"fingerprint": fingerprint}), encoding="utf-8")
    publish(unfinished, note)


def _continue(
    path: Path, base: FrozenBase, layer: int, examples: Sequence[Example], progress: Progress
) -> None:
    row_bytes = base.hidden_size * base.dtype.itemsize
    ends = list(accumulate(len(example.input_tokens) for example in examples))
    whole = sum(end * row_bytes <= path.stat().st_size for end in ends)
    with path.open("r+b") as file:
        file.truncate(ends[whole - 1] * row_bytes if whole else 0)
        file.seek(0, 2)
        for group in shared_prompts(examples[whole:]):
            for states_TD in _states(base, layer, [examples[whole + place] for place in group]):
                file.write(states_TD.contiguous().view(torch.uint8).numpy().tobytes())
            progress(ends[whole + group[-1]], ends[-1])


def _states(base: FrozenBase, layer: int, group: Sequence[Example]) -> list[torch.Tensor]:
    """Read a group's common tokens once."""
    if len(group) == 1:
        return [base.states_entering(layer, group[0].input_tokens)]
    common = common_tokens(group)
    rests = [example.input_tokens[common:] for example in group]
    return base.states_after(layer, group[0].prompt[:common], rests)


def _fingerprint(base: FrozenBase, layer: int, examples: Sequence[Example]) -> str:
    digest = hashlib.sha256(f"{base.sha256} {layer} {base.dtype}".encode())
    for example in examples:
        digest.update(json.dumps(example.input_tokens).encode())
    return digest.hexdigest()
