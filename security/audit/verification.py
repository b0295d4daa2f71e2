"""Check a log against its checkpoints: what was changed, and where it begins.

Nothing here needs the database or a key that is secret: leaves come from an export or from rows,
checkpoints as signed notes. Personal details stay encrypted, so an erased person changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from security.audit.checkpoint import Checkpoint, VerifierKey, open_note
from security.audit.merkle import EMPTY_ROOT, Frontier, hash_leaf
from security.errors import CheckpointInvalid

Kind = Literal["damaged", "edited", "missing", "misplaced", "changed", "truncated", "fork", "note"]
_VAGUE: Final = frozenset({"changed", "fork"})
"""Checkpoints alone say between which sizes the first bad leaf is."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry as it was found: where it says it stands, its bytes, the hash kept beside it.

    `fault` says in words what is wrong with it already, such as a column that says otherwise.
    """

    index: int
    body: bytes
    hash: bytes
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: the first bad leaf, or (`last` differs) the leaves among which it is."""

    kind: Kind
    first: int
    last: int
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """A log's size and root as they were computed, and what is wrong, the first leaf first."""

    size: int
    root: bytes
    checkpoints: int
    finding: Finding | None

    @property
    def ok(self) -> bool:
        """Whether every leaf and every checkpoint fits."""
        return self.finding is None


def verify(leaves: Iterable[Leaf], notes: Sequence[str], key: VerifierKey) -> Report:
    """Compare a whole log, from its first leaf on, with all of its checkpoints."""
    findings = list[Finding]()
    checkpoints = list(_opened(notes, key, findings))
    reached = _Reached({c.size for c in checkpoints})
    findings.extend(reached.take(leaves))
    findings.extend(_compared(checkpoints, reached))
    # A bad leaf says more than the checkpoints that it spoils.
    finding = min(findings, key=_precision, default=None)
    return Report(reached.tree.size, reached.tree.root(), len(checkpoints), finding)


class _Reached:
    """The tree over the leaves, and its roots at the sizes of the checkpoints."""

    def __init__(self, sizes: set[int]) -> None:
        self.tree = Frontier()
        self.roots = {0: EMPTY_ROOT}
        self._sizes = sizes

    def take(self, leaves: Iterable[Leaf]) -> Iterator[Finding]:
        """Grow by all leaves; yield the first that is wrong by itself."""
        sound = True
        for leaf in leaves:
            finding = _finding_of(leaf, self.tree.size) if sound else None
            if finding is not None:
                sound = False
                yield finding
            self.tree, _ = self.tree.append(hash_leaf(leaf.body))
            if self.tree.size in self._sizes:
                self.roots[self.tree.size] = self.tree.root()


def _finding_of(leaf: Leaf, expected: int) -> Finding | None:
    if leaf.index > expected:
        words = f"Leaf {expected} is missing: leaf {leaf.index} stands in its place."
        return Finding("missing", expected, leaf.index - 1, words)
    if leaf.index < expected:
        words = f"Leaf {leaf.index} stands where leaf {expected} should."
        return Finding("misplaced", expected, expected, words)
    if leaf.fault is not None:
        return Finding("damaged", expected, expected, f"Leaf {expected}: {leaf.fault}")
    if hash_leaf(leaf.body) != leaf.hash:
        words = f"Leaf {expected} was edited: it is not what its hash says."
        return Finding("edited", expected, expected, words)
    return None


def _opened(
    notes: Sequence[str], key: VerifierKey, findings: list[Finding]
) -> Iterator[Checkpoint]:
    for number, note in enumerate(notes, 1):
        try:
            yield open_note(note, key)
        except CheckpointInvalid:
            words = f"Checkpoint number {number} is not signed by this key, or is of another log."
            findings.append(Finding("note", 0, 0, words))


def _compared(checkpoints: Sequence[Checkpoint], reached: _Reached) -> Iterator[Finding]:
    ordered = sorted(set(checkpoints), key=lambda c: c.size)
    for one, other in pairwise(ordered):
        if one.size == other.size:
            words = f"Two checkpoints of {one.size} entries differ: the log was forked."
            yield Finding("fork", 0, one.size - 1, words)
            return
    fitting = [c.size for c in ordered if reached.roots.get(c.size) == c.root]
    for checkpoint in ordered:
        if checkpoint.size not in fitting:
            yield _misfit(checkpoint, fitting, reached.tree.size)
            return


def _misfit(checkpoint: Checkpoint, fitting: Sequence[int], size: int) -> Finding:
    good = max((fits for fits in fitting if fits < checkpoint.size), default=0)
    if checkpoint.size > size:
        words = f"The log was cut: it has {size} entries, and {checkpoint.size} were signed."
        return Finding("truncated", size, checkpoint.size - 1, words)
    if later := [fits for fits in fitting if fits > checkpoint.size]:
        words = (
            f"The checkpoints of {checkpoint.size} and of {later[0]} entries are both signed and "
            "cannot be of one log: it was forked."
        )
        return Finding("fork", good, checkpoint.size - 1, words)
    words = (
        f"The first bad leaf is one from {good} to {checkpoint.size - 1}: the checkpoint of "
        f"{good} entries fits, that of {checkpoint.size} does not."
    )
    return Finding("changed", good, checkpoint.size - 1, words)


def _precision(finding: Finding) -> tuple[bool, int, bool]:
    """Order findings by where the first bad leaf is at the latest; notes name no leaf."""
    vague = finding.kind in _VAGUE
    return finding.kind == "note", finding.last if vague else finding.first, vague
