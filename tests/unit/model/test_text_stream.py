from hypothesis import given
from hypothesis import strategies as st

from model.text_stream import TextStream


def stream(pieces: list[bytes], stop: list[str]) -> tuple[list[str], bool]:
    text = TextStream(stop)
    shown = []
    for piece in pieces:
        shown.append(text.feed(piece))
        if text.stopped:
            break
    shown.append(text.finish())
    return shown, text.stopped


def test_characters_come_whole() -> None:
    pieces = [bytes([byte]) for byte in "é好🙂".encode()]
    shown, _ = stream(pieces, [])
    assert shown == ["", "é", "", "", "好", "", "", "", "🙂", ""]


def test_half_a_character_at_the_end_is_dropped() -> None:
    assert stream([b"ok", "好".encode()[:2]], [])[0] == ["ok", "", ""]


def test_what_may_begin_a_stop_string_is_held_back() -> None:
    shown, stopped = stream([b"a.\n", b"\nb", b"\n", b"\nQ", b"uestion"], ["\n\nQ"])
    assert shown == ["a.", "\n\nb", "", "", ""]
    assert stopped


def test_held_text_comes_out_when_no_stop_followed() -> None:
    assert stream([b"a\n"], ["\n\n"])[0] == ["a", "\n"]


def test_first_of_several_stops_wins() -> None:
    assert stream([b"one two three"], ["three", "two"])[0] == ["one ", ""]


def test_empty_stop_string_is_ignored() -> None:
    assert stream([b"text"], [""]) == (["text", ""], False)


@given(
    st.text(alphabet="ab\n好", max_size=30),
    st.lists(st.text(alphabet="ab\n好", min_size=1, max_size=4), max_size=3),
    st.lists(st.integers(1, 7), min_size=1, max_size=60),
)
def test_streamed_text_is_the_text_before_the_first_stop(
    text: str, stop: list[str], sizes: list[int]
) -> None:
    content, pieces = text.encode(), []
    for size in sizes:
        pieces.append(content[:size])
        content = content[size:]
    whole = b"".join(pieces).decode(errors="ignore")
    shown, stopped = stream(pieces, stop)
    # The stop string that is complete first ends the text; of several, the one that begins first.
    ends = [place + len(s) for s in stop if (place := whole.find(s)) >= 0]
    assert stopped == bool(ends)
    expected = "".join(shown)
    assert whole.startswith(expected)
    assert not any(s in expected for s in stop)
    if not stopped:
        assert expected == whole
