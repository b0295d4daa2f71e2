"""Signed notes against the specification's own examples and everything that is not quite one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.audit.checkpoint import (
    Checkpoint,
    Signer,
    VerifierKey,
    open_note,
    read_notes,
    signed_text,
)
from security.errors import CheckpointInvalid

GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpR"
    "Zb6KE6RyyBwJnAM=\n"
)
ROOT = bytes(range(32))


def signer(origin: str = "sourcebook/audit/t", seed: bytes = b"\x01" * 32) -> Signer:
    return Signer(origin, seed)


def test_the_note_of_the_go_package_verifies_as_a_note_and_is_no_checkpoint() -> None:
    key = VerifierKey.parse(GO_KEY)
    assert str(key) == GO_KEY
    assert signed_text(GO_NOTE, key) == GO_NOTE.partition("\n\n")[0] + "\n"
    with pytest.raises(CheckpointInvalid):
        open_note(GO_NOTE, key)


def test_what_is_signed_opens() -> None:
    one = signer()
    note = one.sign(7, ROOT)
    assert note.startswith(
        "sourcebook/audit/t\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n— "
    )
    assert open_note(note, one.verifier) == Checkpoint("sourcebook/audit/t", 7, ROOT)
    assert VerifierKey.parse(str(one.verifier)) == one.verifier


@given(position=st.integers(0, 10_000), bit=st.integers(0, 6))
def test_a_changed_note_does_not_open(position: int, bit: int) -> None:
    one = signer()
    note = bytearray(one.sign(7, ROOT).encode())
    note[position % len(note)] ^= 1 << bit
    changed = note.decode("utf-8", "replace")
    with pytest.raises(CheckpointInvalid):
        open_note(changed, one.verifier)


@pytest.mark.parametrize("end", ["\x0b", "\x1d", "\x85", "\u2028"])
def test_what_others_take_for_the_end_of_a_line_is_none(end: str) -> None:
    one = signer()
    with pytest.raises(CheckpointInvalid):
        open_note(one.sign(7, ROOT).replace("/audit/t ", f"/audit{end}t "), one.verifier)


@pytest.mark.parametrize(
    "other", [signer(seed=b"\x02" * 32), signer(origin="sourcebook/audit/other")]
)
def test_another_log_s_note_does_not_open(other: Signer) -> None:
    with pytest.raises(CheckpointInvalid):
        open_note(other.sign(7, ROOT), signer().verifier)


def test_a_second_signature_by_someone_else_does_not_matter() -> None:
    one = signer()
    note = one.sign(7, ROOT)
    witness = signer("witness.example", b"\x03" * 32).sign(7, ROOT).rpartition("\n\n")[2]
    assert open_note(note + witness, one.verifier).size == 7
    text, _, signature = note.partition("\n\n")
    assert open_note(f"{text}\n\n{witness}{signature}", one.verifier).size == 7


@pytest.mark.parametrize(
    "key", ["", "name", "a+b+c", GO_KEY[:-4] + "AAAA", GO_KEY.replace("c74f", "c74e")]
)
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(CheckpointInvalid):
        VerifierKey.parse(key)


def test_notes_are_found_in_a_file() -> None:
    one = signer()
    notes = [one.sign(size, ROOT) for size in (1, 2, 30)]
    assert list(read_notes("\n".join(notes))) == notes
    assert list(read_notes("".join(notes))) == notes
    assert list(read_notes("")) == []
