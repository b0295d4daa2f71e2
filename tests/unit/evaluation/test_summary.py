from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evaluation.errors import NotComparable, RunInvalid
from evaluation.html_report import comparison_report, report
from evaluation.runs import QuestionResult, Run, digest_of, read_run
from evaluation.summary import compare, means, percentiles


def _run(name: str, results: Mapping[str, Mapping[str, float]]) -> Run:
    """Make a run; questions that begin with "z" are Chinese, those with "-" unanswerable."""
    return Run(
        name=name,
        dataset="made_here",
        dataset_digest=digest_of([*results]),
        at=datetime(2026, 11, 1, tzinfo=UTC),
        subject={"model": name},
        results=tuple(
            QuestionResult(
                id=id_,
                language="zh" if id_.startswith("z") else "en",
                answerable="-" not in id_,
                measures=measures,
            )
            for id_, measures in results.items()
        ),
    )


BEFORE = _run(
    "<before>",
    {
        "e1": {"ndcg@10": 0.5, "search_ms": 10, "refused": 0},
        "z1": {"ndcg@10": 0.7, "search_ms": 30, "refused": 1},
        "z-": {"search_ms": 20, "refused": 1},
    },
)
AFTER = _run(
    "after",
    {
        "e1": {"ndcg@10": 0.9, "search_ms": 10, "refused": 0},
        "z1": {"ndcg@10": 1.0, "search_ms": 30, "refused": 0},
        "other": {"ndcg@10": 0.0, "search_ms": 1},
    },
)


def test_means_by_language() -> None:
    found = means(BEFORE)
    assert found["all"]["ndcg@10"].value == pytest.approx(0.6)
    assert found["zh"]["ndcg@10"].value == pytest.approx(0.7)
    assert found["all"]["refused_unanswerable"].value == 1
    assert found["all"]["refused_answerable"].value == 0.5
    assert "exact" not in found["all"]


def test_times() -> None:
    found = percentiles(BEFORE)
    assert found.keys() == {"search_ms"}
    assert found["search_ms"][50] == 20


def test_only_questions_of_both_runs_are_compared() -> None:
    found = compare(BEFORE, AFTER)
    ndcg = found["all"]["ndcg@10"]
    assert (ndcg.before, ndcg.after) == pytest.approx((0.6, 0.95))
    assert ndcg.difference.value == pytest.approx(0.35)
    assert ndcg.difference.count == 2
    assert found["zh"]["refused_answerable"].difference.value == -1


def test_nothing_in_common() -> None:
    with pytest.raises(NotComparable, match="no question in common"):
        compare(BEFORE, _run("x", {"x1": {"ndcg@10": 1.0}}))


def test_a_run_survives_its_file(tmp_path: Path) -> None:
    BEFORE.save(tmp_path / "a.json")
    assert read_run(tmp_path / "a.json") == BEFORE
    (tmp_path / "b.json").write_text('{"version": 2}')
    for name in ("b.json", "missing.json"):
        with pytest.raises(RunInvalid, match=name):
            read_run(tmp_path / name)


def test_reports_in_both_languages_hold_no_markup_of_names() -> None:
    english = report(BEFORE, "en")
    assert "nDCG at 10" in english
    assert "60.0" in english
    assert "&lt;before&gt;" in english
    assert "<before>" not in english
    chinese = comparison_report(BEFORE, AFTER, "zh")
    assert 'lang="zh"' in chinese
    assert "+35.0" in chinese
    assert "显著" in chinese
    assert "built-in" not in chinese
    assert "&lt;before&gt;</td><td>after" in chinese
    assert "<script" not in english + chinese
    assert "<before>" not in chinese
