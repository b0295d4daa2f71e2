"""Invariant 8: any edit, deletion, insertion, reordering or truncation before the last checkpoint
is found, and so is a fork; an erased person changes nothing."""

import base64
import json

from hypothesis import assume, given
from hypothesis import strategies as st

from security.audit.canonical import canonical
from security.audit.checkpoint import Signer
from security.audit.export import log_line, read_log
from security.audit.merkle import Frontier, hash_leaf
from security.audit.verification import Leaf, Report, verify

SIGNER = Signer("sourcebook/audit/t", b"\x01" * 32)

logs = st.integers(1, 40).flatmap(
    lambda size: st.tuples(
        st.just(size), st.sets(st.integers(1, size), max_size=5).map(lambda s: sorted({*s, size}))
    )
)


def line(index: int, text: str) -> bytes:
    return log_line(_leaf(index, text))


def _leaf(index: int, text: str) -> Leaf:
    body = canonical({"said": text})
    return Leaf(index, body, hash_leaf(body))


def written(texts: list[str]) -> list[bytes]:
    return [line(index, text) for index, text in enumerate(texts)]


def signed(texts: list[str], sizes: list[int]) -> list[str]:
    tree, notes = Frontier(), []
    for index, text in enumerate(texts):
        tree, _ = tree.append(_leaf(index, text).hash)
        if tree.size in sizes:
            notes.append(SIGNER.sign(tree.size, tree.root()))
    return notes


def checked(lines: list[bytes], notes: list[str]) -> Report:
    return verify(read_log(iter(lines)), notes, SIGNER.verifier)


def numbered(size: int) -> list[str]:
    return [f"entry {number}" for number in range(size)]


@given(log=logs)
def test_an_untouched_log_is_whole(log) -> None:
    size, sizes = log
    report = checked(written(numbered(size)), signed(numbered(size), sizes))
    assert report.ok
    assert (report.size, report.checkpoints) == (size, len(sizes))


@given(log=logs, data=st.data())
def test_an_edited_leaf_is_named(log, data) -> None:
    size, sizes = log
    at = data.draw(st.integers(0, size - 1))
    lines = written(numbered(size))
    said = json.loads(lines[at])
    said["entry"]["said"] = "something else"
    lines[at] = canonical(said)
    finding = checked(lines, signed(numbered(size), sizes)).finding
    assert finding
    assert (finding.kind, finding.first, finding.last) == ("edited", at, at)


@given(log=logs, data=st.data())
def test_a_deleted_leaf_is_named(log, data) -> None:
    size, sizes = log
    at = data.draw(st.integers(0, size - 1))
    lines = written(numbered(size))
    del lines[at]
    finding = checked(lines, signed(numbered(size), sizes)).finding
    assert finding
    assert (finding.first, finding.last) == (at, at)
    assert finding.kind == ("missing" if at < size - 1 else "truncated")


@given(log=logs, data=st.data())
def test_an_inserted_leaf_is_named(log, data) -> None:
    size, sizes = log
    at = data.draw(st.integers(0, size - 1))
    lines = written(numbered(size))
    lines.insert(at, line(at, "inserted"))
    finding = checked(lines, signed(numbered(size), sizes)).finding
    assert finding
    # The inserted leaf itself is well formed: the one that it pushed away does not fit.
    assert finding.first <= at + 1
    assert not checked(lines, signed(numbered(size), sizes)).ok


@given(log=logs, data=st.data())
def test_two_leaves_that_changed_places_are_named(log, data) -> None:
    size, sizes = log
    assume(size > 1)
    one, other = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=2, max_size=2)))
    lines = written(numbered(size))
    lines[one], lines[other] = lines[other], lines[one]
    finding = checked(lines, signed(numbered(size), sizes)).finding
    assert finding
    assert finding.first == one


@given(log=logs, data=st.data())
def test_truncation_before_a_checkpoint_is_found(log, data) -> None:
    size, sizes = log
    kept = data.draw(st.integers(0, size - 1))
    finding = checked(written(numbered(size))[:kept], signed(numbered(size), sizes)).finding
    assert finding
    assert (finding.kind, finding.first) == ("truncated", kept)


@given(log=logs, data=st.data())
def test_whoever_writes_every_hash_anew_is_found_between_two_checkpoints(log, data) -> None:
    """The best that an owner of the database can do: all numbers and hashes are made to fit."""
    size, sizes = log
    at = data.draw(st.integers(0, size - 1))
    changed = numbered(size)
    match data.draw(st.sampled_from(["edit", "insert", "delete", "swap"])):
        case "edit":
            changed[at] = "something else"
        case "insert":
            changed.insert(at, "inserted")
        case "delete":
            del changed[at]
        case "swap":
            other = data.draw(st.integers(0, size - 1).filter(lambda o: o != at)) if size > 1 else 0
            assume(size > 1)
            at, other = min(at, other), max(at, other)
            changed[at], changed[other] = changed[other], changed[at]
    finding = checked(written(changed), signed(numbered(size), sizes)).finding
    assert finding
    good = max((s for s in sizes if s <= at), default=0)
    bad = min(s for s in sizes if s > at)
    assert finding.first in {good, size - 1}
    assert finding.last == bad - 1


@given(log=logs, data=st.data())
def test_a_fork_is_found(log, data) -> None:
    """Two histories were signed; whichever is shown, the other's checkpoints tell."""
    size, sizes = log
    at = data.draw(st.integers(0, size - 1))
    other = numbered(size)
    other[at] = "another history"
    notes = signed(numbered(size), sizes) + signed(other, [size])
    for history in (numbered(size), other):
        finding = checked(written(history), notes).finding
        assert finding
        assert finding.kind == "fork"
    early = data.draw(st.integers(at + 1, size))
    longer = [*numbered(size), "more"]
    mixed = signed(other, [early]) + signed(longer, [size + 1])
    finding = checked(written(longer), mixed).finding
    assert finding
    assert (finding.kind, finding.last) == ("fork", early - 1)


@given(data=st.binary(max_size=60))
def test_a_line_that_nobody_exported_is_named(data: bytes) -> None:
    lines = [*written(numbered(2)), data.replace(b"\n", b"")]
    finding = checked(lines, signed(numbered(2), [2])).finding
    assert finding
    assert (finding.kind, finding.first) in {("damaged", 2), ("edited", 2)}


def test_a_checkpoint_of_another_key_is_named() -> None:
    stranger = Signer("sourcebook/audit/t", b"\x02" * 32)
    note = stranger.sign(1, base64.b64decode("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))
    report = checked(written(numbered(1)), [*signed(numbered(1), [1]), note])
    assert report.finding
    assert report.finding.kind == "note"
