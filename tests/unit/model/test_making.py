"""What is made from other files is whole or absent, whatever went wrong."""

from pathlib import Path

import pytest

from model.making import making


def test_a_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "made"
    with making(target, "there is none yet") as unfinished:
        unfinished.write_text("all of it")
        assert not target.exists()
    assert target.read_text() == "all of it"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "made"
    target.mkdir()
    (target / "old").touch()
    with making(target, "its source changed") as unfinished:
        unfinished.mkdir()
        (unfinished / "new").touch()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_one_and_nothing_half_made(
    tmp_path: Path, error: BaseException
) -> None:
    target = tmp_path / "made"
    target.write_text("old")
    with pytest.raises(type(error)), making(target, "its source changed") as unfinished:
        unfinished.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_crash_left_is_no_part_of_it(tmp_path: Path) -> None:
    left = tmp_path / ".made.unfinished"
    left.mkdir()
    (left / "half").touch()
    with making(tmp_path / "made", "there is none yet") as unfinished:
        unfinished.mkdir()
    assert list((tmp_path / "made").iterdir()) == []


def test_the_log_says_what_takes_so_long(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "sourcebook.model"), making(tmp_path / "made", "none") as it:
        assert "Making made: none." in caplog.text
        it.touch()
    assert caplog.messages[-1] == "Made made."
