"""What every place for checkpoints must do; each adapter's tests inherit this."""

import pytest

from security.audit.checkpoint import Signer, read_notes
from security.audit.places.port import CheckpointPlace
from security.errors import CheckpointNotKept

SIGNER = Signer("sourcebook/audit/t", b"\x01" * 32)
NOTES = [SIGNER.sign(size, bytes([size]) * 32) for size in (1, 5, 9)]


class PlaceConformance:
    """`place` is one that works, `broken` one that cannot; `kept` returns all that it holds."""

    def test_what_is_appended_is_kept_in_order(self, place: CheckpointPlace, kept) -> None:
        for size, note in zip((1, 5, 9), NOTES, strict=True):
            place.append("sourcebook/audit/t", size, note)
        assert list(read_notes(kept(len(NOTES)))) == NOTES

    def test_what_cannot_be_kept_is_said(self, broken: CheckpointPlace) -> None:
        with pytest.raises(CheckpointNotKept):
            broken.append("sourcebook/audit/t", 1, NOTES[0])
