"""Whatever the model says and the passages hold, a citation is an exact place in a document."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from qa.passages import Passage
from qa.sentences import SentenceStream
from qa.text import plain
from qa.verified import VerifiedText
from retrieval.corpus import Box, Chunk, Hit

_TEXTS = st.lists(
    st.sampled_from(
        [
            *"ab 1.5,。！？\n\t“”[]()",
            "Mr. ",
            "No. 5",
            "The end. ",
            "第一。",
            "\u00a0",
            "𠀀",
            "e.g. ",
        ]
    ),
    max_size=60,
).map("".join)


@given(before=_TEXTS, text=_TEXTS, after=_TEXTS)
def test_every_quote_is_the_slice_it_names(before, text, after):
    chunk = Chunk(0, text, len(before), len(before) + len(text), boxes=(Box(1, 0, 0, 1, 1),))
    passage = Passage(Hit("d.0", "d", "paper.pdf", 1, chunk))
    document = before + text + after
    verified = VerifiedText()
    for window in passage.windows:
        list(verified.add(f"{window.start} {window.end}", passage.support(window, 1.0)))
    assert len(verified.citations) == len(passage.windows)
    for number, citation in enumerate(verified.citations, start=1):
        assert citation.number == number
        assert citation.quote
        assert document[citation.start : citation.end] == citation.quote


@given(text=_TEXTS, cuts=st.lists(st.integers(0, 200)))
def test_a_stream_loses_nothing_wherever_it_is_cut(text, cuts):
    stream = SentenceStream()
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[start:end] for start, end in pairwise(edges)]
    streamed = [sentence for piece in pieces for sentence in stream.feed(piece)]
    said = "".join([*streamed, *stream.finish()])
    assert "".join(said.split()) == "".join(text.split())


@given(
    st.lists(
        st.sampled_from(
            [
                "![",
                "[",
                "](",
                ")",
                "http://",
                "https:",
                "//",
                "<a href=",
                ">",
                "x",
                " ",
                "javascript:",
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_no_link_survives(generated):
    shown = plain(generated)
    assert "://" not in shown
    assert "javascript:" not in shown
    assert "<a" not in shown
