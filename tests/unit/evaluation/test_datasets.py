from pathlib import Path

import pytest

from evaluation.datasets import read_dataset
from evaluation.errors import DatasetInvalid

CORPUS = """\
{"id": "p1", "title": "Opening hours", "text": "The warehouse closes at six.\\u2028Always."}
{"id": "p2", "text": "打印机的墨盒在三楼。", "license": "made for this test"}
"""
QUERIES = """\
{"id": "q1", "text": "When does it close?", "answers": ["at six"], "answerable": true}
{"id": "q2", "text": "谁是经理？", "answerable": false}

"""
QRELS = "query-id\tcorpus-id\tscore\nq1\tp1\t2\nq1\tp2\t1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "made_here"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text(CORPUS, encoding="utf-8")
    (folder / "queries.jsonl").write_text(QUERIES, encoding="utf-8")
    (folder / "qrels.tsv").write_text(QRELS, encoding="utf-8")
    return folder


def test_reads_passages_questions_and_grades(folder: Path) -> None:
    dataset = read_dataset(folder)
    assert dataset.name == "made_here"
    assert [passage.id for passage in dataset.passages] == ["p1", "p2"]
    assert dataset.passages[0].titled_text.startswith("Opening hours\nThe warehouse")
    assert dataset.passages[1].titled_text == "打印机的墨盒在三楼。"
    assert dataset.questions[0].answers == ["at six"]
    assert [question.answerable for question in dataset.questions] == [True, False]
    assert dataset.grades == {"q1": {"p1": 2, "p2": 1}}
    assert [question.id for question in dataset.judged_questions] == ["q1"]


def test_a_raw_line_separator_within_a_text_ends_no_line(folder: Path) -> None:
    line = '{"id": "p1", "text": "one\u2028two"}\n'
    (folder / "corpus.jsonl").write_text(line, encoding="utf-8")
    assert read_dataset(folder).passages[0].text == "one\u2028two"


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DatasetInvalid, match=name):
        read_dataset(folder)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("corpus.jsonl", '{"id": "p3"}'),
        ("queries.jsonl", "private words"),
        ("qrels.tsv", "q1\tp1"),
        ("qrels.tsv", "q1\tp1\tgood"),
    ],
)
def test_a_damaged_line_is_named_but_not_quoted(folder: Path, name: str, line: str) -> None:
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(DatasetInvalid, match=rf"{name}, line \d") as caught:
        read_dataset(folder)
    assert "private" not in str(caught.value)
