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
