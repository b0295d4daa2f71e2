"""The command that rebuilds the tuned experts of a known model from a folder of examples."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from api.settings import Settings
from model.known_models import known_model
from model.tuning.recipe import Recipe
from model.tuning.report import refusal_table, score_table, utilisation_table
from model.tuning.trainer import StepReport
from model.tuning.tune import Progress, Stage, Tuning
from model.tuning.tuned_file import FILE

_LABELS: dict[Stage, str] = {
    "reading": "Frozen layers (tokens)",
    "tuning": "Tuning (steps)",
    "scoring": "Scoring",
}


def tune(
    data: Annotated[
        Path,
        typer.Option(
            exists=True, file_okay=False, help="Folder with train_rag_en and train_rag_zh."
        ),
    ],
    name: Annotated[str, typer.Option(help="The known model.")] = "qwen2.5-coder-0.5b-instruct",
    working: Annotated[
        Path, typer.Option(help="Folder for what a killed run goes on from: some gigabytes.")
    ] = Path("tuning"),
    out: Annotated[Path, typer.Option(help="Folder for the tuned file.")] = Path("tuned"),
    resume: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--resume", help="Go on with the run in the working folder.")
    ] = False,
) -> None:
    """Tune experts for a known model whose file is here, and report on held-out examples."""
    known, settings, console = known_model(name), Settings(), Console(highlight=False)
    out.mkdir(parents=True, exist_ok=True)
    with _bars(console) as progress:
        run = Tuning(settings.models / known.file_name, data, working, Recipe(), progress)
        tuned = run.run(resume=resume)
        tuned.save(out / FILE)
        judgement = run.judge(tuned)
    for table in (
        score_table(judgement.outcomes, tuned.recipe.refusal_bias),
        refusal_table(judgement.outcomes),
        utilisation_table(judgement.shares),
    ):
        console.print(f"\n{table}", markup=False, soft_wrap=True)
    console.print(f"\nWritten to {out / FILE}")


@contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, TimeRemainingColumn(), console=console) as bars:
        tasks = {stage: bars.add_task(label, total=None) for stage, label in _LABELS.items()}

        def show(stage: Stage, done: int, total: int, report: StepReport | None) -> None:
            label = _LABELS[stage] + (f", loss {report.loss:.2f}" if report else "")
            bars.update(tasks[stage], completed=done, total=total, description=label)

        yield show
