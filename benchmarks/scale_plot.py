"""Four small plots of how cost grows with the corpus."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.scale_corpus import SHARES
from benchmarks.scale_server import Measured

_AIM_MS = {100_000: 40, 1_000_000: 60}


def plot(results: Sequence[Measured], file: Path) -> None:
    """Draw memory, start, search and ingestion over the number of chunks."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    memory, start, search, ingest = figure.subplots(2, 2, sharex=True).flat
    chunks = [one.chunks for one in results]
    _line(memory, chunks, [one.memory_mb / 1000 for one in results], "memory of all processes, GB")
    _line(start, chunks, [one.start_seconds for one in results], "start, s")
    _line(ingest, chunks, [one.ingest_rate for one in results], "upload to found, chunks a second")
    for share in SHARES:
        times = [one.alone[str(share)].p95 for one in results]
        search.plot(chunks, times, marker="o", label=f"{share} % visible")
    search.plot(_AIM_MS.keys(), _AIM_MS.values(), "k_", markersize=16, label="aim")
    search.legend(fontsize=8)
    _label(search, "search over HTTP, p95, ms")
    for axes in (search, ingest):
        axes.set_xlabel("chunks")
    # Letters as letters, and no date or random names: a new run changes only what was measured.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "sourcebook"}):
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)


def _line(axes: Axes, chunks: Sequence[int], values: Sequence[float], title: str) -> None:
    axes.plot(chunks, values, marker="o")
    _label(axes, title)


def _label(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
