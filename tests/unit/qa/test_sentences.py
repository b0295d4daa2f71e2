import pytest

from qa.sentences import SentenceStream, sentence_spans


def _sentences(text):
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One ends. Two ends!", ["One ends.", "Two ends!"]),
        ("Version 2.5 costs $1.50 today. Buy.", ["Version 2.5 costs $1.50 today.", "Buy."]),
        ("See No. 5 of Dr. Smith. Then stop.", ["See No. 5 of Dr. Smith.", "Then stop."]),
        ("第一句。第二句！第三句", ["第一句。", "第二句！", "第三句"]),
        ("他说：“好。”然后走了。", ["他说：“好。”", "然后走了。"]),
        ("- a line\n- another line", ["- a line", "- another line"]),
        ("", []),
    ],
)
def test_sentences_end_where_people_end_them(text, sentences):
    assert _sentences(text) == sentences


def test_a_sentence_waits_for_what_follows_its_full_stop():
    stream = SentenceStream()
    assert stream.feed("It is No.") == []
    assert stream.feed(" 5 now. Then") == ["It is No. 5 now."]
    assert stream.finish() == ["Then"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Six weeks. [1] No more. [2, 3]", ["Six weeks. [1]", "No more. [2, 3]"]),
        ("六周。[1]不能再多。【2】", ["六周。[1]", "不能再多。【2】"]),
        ("Six weeks [1]", ["Six weeks [1]"]),
        ("其一；其二；其三。[1]完。", ["其一；其二；其三。[1]", "完。"]),
        ("[1] Six weeks.", ["[1] Six weeks."]),
        ("Done. [see below] More.", ["Done.", "[see below] More."]),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_citation_belongs_to_the_sentence_before_it(text, sentences, size):
    stream = SentenceStream()
    found = [
        one.strip()
        for start in range(0, len(text), size)
        for one in stream.feed(text[start : start + size])
    ]
    found += [one.strip() for one in stream.finish()]
    assert found == sentences
