"""Measure retrieval and answers: run, look at a run, compare two."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from api.cli import live_evaluation
from api.cli.client import Client, read_login
from api.evaluation.closed import closed_corpus
from api.evaluation.served import ServedCorpus
from api.settings import Settings
from api.version import VERSION
from api.wiring import utc_now
from evaluation.datasets import read_dataset
from evaluation.house import NAME, house_folder
from evaluation.html_report import comparison_report, report
from evaluation.questions import AskedQuestion, questions_of, read_questions
from evaluation.runner import Subject, run
from evaluation.runs import Language, Run, digest_of, read_run
from evaluation.summary import compare, means, percentiles
from evaluation.words import WORDS

app = typer.Typer(help="Measure how well search and answers work.", no_args_is_help=True)
live_evaluation.add_to(app)

Html = Annotated[Path | None, typer.Option(help="Write the report here as a web page.")]
Spoken = Annotated[Language, typer.Option(help="Language of the report.")]


@app.command("run")
def run_command(  # noqa: PLR0917 - typer passes options by name
    source: Annotated[
        str,
        typer.Argument(
            help="A folder with corpus.jsonl, queries.jsonl and qrels.tsv; a CSV file of "
            f"questions for the running server; or `{NAME}`."
        ),
    ],
    name: Annotated[str | None, typer.Option(help="Name of the run.")] = None,
    answers: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--answers", help="Also write and judge answers, which is slow.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only so many questions.")] = None,
    out: Annotated[Path | None, typer.Option(help="File of the run.")] = None,
    save: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--save", help="Also keep the run on the server, for its page.")
    ] = False,
) -> None:
    """Ask every question and measure what comes back.

    A folder is read into a product of its own that is thrown away, with the settings of this
    machine. A CSV file's questions go to the server, as who signed in with `sourcebook login`.
    """
    console = Console()
    with _bars(console) as bars, _opened(source, bars, answers=answers) as (subject, asked, about):
        chosen = asked[:limit]
        results = []
        task = bars.add_task("Questions", total=len(chosen))
        for result in run(subject, chosen, time.perf_counter, answers=answers):
            results.append(result)
            bars.advance(task)
    done = Run(
        name=name or Path(source).stem,
        dataset=Path(source).name,
        dataset_digest=digest_of([question.text for question in chosen]),
        at=utc_now(),
        subject={"version": VERSION, **about},
        results=tuple(results),
    )
    path = out or Path(f"{done.name}-{done.at:%Y%m%d-%H%M%S}.run.json")
    done.save(path)
    _print_run(console, done, "en")
    console.print(f"\nWritten to {path}", soft_wrap=True)
    if save:
        Client(read_login()).call("POST", "/v1/evaluations", json=done.model_dump(mode="json"))
        console.print("Kept on the server.")


@app.command("report")
def report_command(file: Path, html: Html = None, language: Spoken = "en") -> None:
    """Show a run as tables, or as a web page."""
    found, console = read_run(file), Console()
    if html is None:
        _print_run(console, found, language)
    else:
        _write(console, html, report(found, language))


@app.command("compare")
def compare_command(before: Path, after: Path, html: Html = None, language: Spoken = "en") -> None:
    """Show what changed from one run to another, by the questions that both have."""
    first, second, console = read_run(before), read_run(after), Console()
    if html is None:
        _print_comparison(console, first, second, language)
    else:
        _write(console, html, comparison_report(first, second, language))


@contextmanager
def _opened(
    source: str, bars: Bar, *, answers: bool
) -> Iterator[tuple[Subject, Sequence[AskedQuestion], dict[str, str]]]:
    """Open what is measured, with its questions and a description."""
    if source.endswith(".csv"):
        client = Client(read_login())
        about = client.call("GET", "/v1/about")
        described = {name: str(about[name]) for name in ("model", "embedding_model")}
        yield ServedCorpus(client), read_questions(Path(source)), described
        return
    settings = Settings()
    folder = house_folder() if source == NAME else Path(source)
    dataset = read_dataset(folder)
    task = bars.add_task("Corpus", total=len(dataset.passages))
    with closed_corpus(
        settings, dataset, lambda done, _: bars.update(task, completed=done), answers=answers
    ) as subject:
        yield subject, questions_of(dataset), _described(settings, answers=answers)


def _described(settings: Settings, *, answers: bool) -> dict[str, str]:
    parts = {"retrieval": settings.retrieval, "embedding": settings.embedding}
    if answers:
        parts |= {"answers": settings.answers, "model": settings.model}
    return {
        f"{part}.{name}": str(value)
        for part, of_part in parts.items()
        for name, value in of_part.model_dump(mode="json", exclude={"server"}).items()
    }


@contextmanager
def _bars(console: Console) -> Iterator[Bar]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, TimeRemainingColumn(), console=console, transient=True) as bars:
        yield bars


def _print_run(console: Console, found: Run, language: Language) -> None:
    words = WORDS[language]
    for group, measured in means(found).items():
        table = Table(title=words[group], title_justify="left")
        table.add_column(words["measure"])
        for column in ("%", words["interval"], "n"):
            table.add_column(column, justify="right")
        for name, one in measured.items():
            interval = f"{one.low * 100:.1f} – {one.high * 100:.1f}"
            table.add_row(words[name], f"{one.value * 100:.1f}", interval, str(one.count))
        console.print(table)
    times = percentiles(found).items()
    for name, values in times:
        spelt = ", ".join(f"p{share} {value:,.0f} ms" for share, value in values.items())
        console.print(f"{words[name]}: {spelt}")


def _print_comparison(console: Console, before: Run, after: Run, language: Language) -> None:
    words = WORDS[language]
    for group, measured in compare(before, after).items():
        table = Table(title=words[group], title_justify="left")
        table.add_column(words["measure"])
        for column in ("before", "after", "difference", "interval"):
            table.add_column(words[column], justify="right")
        table.add_column("")
        for name, one in measured.items():
            change = one.difference
            table.add_row(
                words[name],
                f"{one.before * 100:.1f}",
                f"{one.after * 100:.1f}",
                f"{change.value * 100:+.1f}",
                f"{change.low * 100:+.1f} – {change.high * 100:+.1f}",
                words["clear"] if change.differs_from_zero else words["noise"],
            )
        console.print(table)


def _write(console: Console, path: Path, page: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    console.print(f"Written to {path}", soft_wrap=True)
