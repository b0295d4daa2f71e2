"""The command that rebuilds the tuned experts of a known model from a folder of examples."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from api.settings import Settings
from model.model_folder import ModelFolder
from model.prepared import shipped_passes
from model.tuning.recipe import Recipe
from model.tuning.report import refusal_table, score_table, utilisation_table
from model.tuning.trainer import StepReport
from model.tuning.tune import Judgement, Progress, Stage, Tuning
from model.tuning.tuned_file import FILE, TunedWeights

_LABELS: dict[Stage, str] = {
    "reading": "Frozen layers (tokens)",
    "tuning": "Tuning (steps)",
    "scoring": "Scoring",
}


def tune(  # noqa: PLR0917 - typer passes options by name
    data: Annotated[
        Path,
        typer.Option(
            exists=True, file_okay=False, help="Folder with train_rag_en and train_rag_zh."
        ),
    ],
    name: Annotated[
        str | None, typer.Argument(help="A known model's name or a part of it that no other has.")
    ] = None,
    working: Annotated[
        Path, typer.Option(help="Folder for what a killed run goes on from: some gigabytes.")
    ] = Path("tuning"),
    out: Annotated[Path, typer.Option(help="Folder for the tuned file.")] = Path("tuned"),
    recipe: Annotated[
        Path | None,
        typer.Option(
            exists=True, help="JSON file with what differs from the model's own (last) recipe."
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(exists=True, help="Tuned file to start from: a second pass."),
    ] = None,
    resume: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--resume", help="Go on with the run in the working folder.")
    ] = False,
) -> None:
    """Tune experts for a known model whose file is here, and report on held-out examples."""
    gguf, console = _gguf(name, Settings()), Console(highlight=False)
    out.mkdir(parents=True, exist_ok=True)
    passes = _passes(gguf, recipe, single=start is not None)
    begun = TunedWeights.open(start) if start else None
    with _bars(console) as progress:
        for number, one in enumerate(passes, start=1):
            folder = working / f"pass-{number}" if len(passes) > 1 else working
            run = Tuning(gguf, data, folder, one, progress)
            tuned = begun = run.run(resume=resume, start=begun)
            tuned.save(out / FILE)
        judgement = run.judge(tuned)
    for table in _tables(judgement, passes[-1]):
        console.print(f"\n{table}", markup=False, soft_wrap=True)
    console.print(f"\nWritten to {out / FILE}")


def _gguf(name: str | None, settings: Settings) -> Path:
    place = ModelFolder(settings.models).find(name or settings.model.name)
    if place.known is None:
        message = f"{place.name} is an imported checkpoint; only known models can be tuned."
        raise LookupError(message)
    if not place.is_here:
        message = f"{place.name} is not here: `sourcebook models fetch {place.name}`."
        raise LookupError(message)
    return place.path


def _passes(gguf: Path, changes: Path | None, *, single: bool) -> Sequence[Recipe]:
    """Return the recipes of the model's own experts, so that no file is needed to rebuild them.

    A pass with changes, or from a given start, is one by itself.
    """
    shipped = shipped_passes(gguf)
    if changes is not None:
        return [shipped[-1].changed(changes.read_text(encoding="utf-8"))]
    return shipped[-1:] if single else shipped


def _tables(judgement: Judgement, recipe: Recipe) -> Iterator[str]:
    yield score_table(judgement.outcomes, recipe.refusal_bias)
    yield refusal_table(judgement.outcomes)
    if recipe.experts:
        yield utilisation_table(judgement.shares)


@contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, TimeRemainingColumn(), console=console) as bars:
        tasks = {stage: bars.add_task(label, total=None) for stage, label in _LABELS.items()}

        def show(stage: Stage, done: int, total: int, report: StepReport | None) -> None:
            label = _LABELS[stage] + (f", loss {report.loss:.2f}" if report else "")
            bars.update(tasks[stage], completed=done, total=total, description=label)

        yield show
