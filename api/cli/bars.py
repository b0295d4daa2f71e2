"""Bars at a terminal for what is counted in bytes."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from model.progress import Progress, unreported


@contextmanager
def bar(label: str, console: Console) -> Iterator[Progress]:
    """Show a bar at a terminal, and elsewhere at least what is going on."""
    console.print(label)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*columns, console=console, transient=True) as shown:
        task = shown.add_task(label, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


@contextmanager
def bar_of_each_pass(label: str, console: Console) -> Iterator[Progress]:
    """Show a bar at a terminal while a pass is under way, and nothing where there is none.

    Between passes there is no bar that a line of the log could tear apart.
    """
    if not console.is_interactive:
        yield unreported
        return
    columns = (TextColumn(label), BarColumn(30), DownloadColumn(), TransferSpeedColumn())
    shown = Bar(*columns, console=console, transient=True)
    task = shown.add_task(label, total=None)

    def report(done: int, total: int) -> None:
        shown.update(task, completed=done, total=total)
        shown.start()
        if done == total:
            shown.stop()

    try:
        yield report
    finally:
        shown.stop()
