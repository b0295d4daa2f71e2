"""One run, or two compared, as a page that stands alone: no script, nothing fetched."""

from importlib.resources import files
from typing import Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from evaluation.plots import bars, distribution
from evaluation.runs import Language, Run
from evaluation.summary import TIMES, compare, means, percentiles
from evaluation.words import WORDS

_TEMPLATES: Final = files("evaluation") / "templates"


def report(run: Run, language: Language = "en") -> str:
    """Show a run: means with intervals by language, and how long things took."""
    words, found = WORDS[language], means(run)
    return _rendered(
        "run.html",
        run=run,
        language=language,
        words=words,
        means=found,
        percentiles=percentiles(run),
        plot=Markup(bars([(words[name], [one]) for name, one in found["all"].items()])),  # noqa: S704 - escaped there
        curves=Markup(distribution(_times(run, language), "ms")),  # noqa: S704 - escaped there
    )


def comparison_report(before: Run, after: Run, language: Language = "en") -> str:
    """Show what changed between two runs, question by question where both have it.

    Raises:
        NotComparable: they share no question.
    """
    words, compared = WORDS[language], compare(before, after)
    first, second = means(before)["all"], means(after)["all"]
    rows = [(words[name], [first[name], second[name]]) for name in compared["all"]]
    return _rendered(
        "comparison.html",
        before=before,
        after=after,
        language=language,
        words=words,
        compared=compared,
        changed=_changed(before, after),
        plot=Markup(bars(rows)),  # noqa: S704 - escaped there
    )


def _changed(before: Run, after: Run) -> list[str]:
    """Name what was not the same in what was measured."""
    names = dict.fromkeys((*before.subject, *after.subject))
    return [name for name in names if before.subject.get(name) != after.subject.get(name)]


def _times(run: Run, language: Language) -> dict[str, list[float]]:
    found = {
        WORDS[language][name]: [r.measures[name] for r in run.results if name in r.measures]
        for name in TIMES
    }
    return {name: values for name, values in found.items() if values}


def _rendered(template: str, **values: object) -> str:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["style"] = Markup((_TEMPLATES / "style.css").read_text("utf-8"))  # noqa: S704 - ours
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    return environment.from_string(text).render(**values)
