"""Show whether people find their answers helpful, as the server counts it."""

import typer
from rich.console import Console
from rich.table import Table

from api.cli.client import Client, read_login
from api.evaluation.live_views import LiveArm, LiveEvaluation
from api.evaluation.views import MeanView
from evaluation.words import WORDS


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("live")(live_command)


def live_command() -> None:
    """Show how helpful people find their answers, by arm of the running experiment."""
    found = LiveEvaluation.model_validate(Client(read_login()).call("GET", "/v1/evaluations/live"))
    console = Console()
    console.print(_table(found))
    if found.difference:
        verdict = WORDS["en"]["clear" if found.clear else "noise"]
        console.print(f"B minus A: {_points(found.difference)} points, {verdict}")
    elif not any(arm.share_helpful for arm in found.arms):
        console.print("Nobody has said yet whether an answer helped.")


def _table(found: LiveEvaluation) -> Table:
    title = f"Experiment: {found.experiment}" if found.experiment else "No experiment is running"
    table = Table(title=title, title_justify="left")
    table.add_column("arm")
    for column in ("questions", "refused", "helpful", "not helpful", "% helpful", "95 % interval"):
        table.add_column(column, justify="right")
    for arm in found.arms:
        table.add_row(*_row(arm))
    return table


def _row(arm: LiveArm) -> list[str]:
    counts = (arm.questions, arm.refused, arm.helpful, arm.unhelpful)
    share = arm.share_helpful
    shown = (f"{share.value:.1%}", f"{share.low:.1%} – {share.high:.1%}") if share else ("", "")
    return [arm.arm, *map(str, counts), *shown]


def _points(change: MeanView) -> str:
    value, low, high = (f"{100 * one:+.1f}" for one in (change.value, change.low, change.high))
    return f"{value} ({low} – {high})"
