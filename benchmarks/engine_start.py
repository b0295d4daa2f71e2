"""Load time and resident memory of the engine and its peers, each in a process of its own.

    python -m benchmarks.engine_start MODEL.gguf [MODEL.gguf ...] [--precision auto] [--rounds 3]

Files are in the system's cache, as
after a restart of the server; what the first start of all makes beside them is made before.
Memory is counted after that answer: resident, and what of it belongs to this process alone
(mapped weights are shared by all processes that use them, and given back when memory is short).
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

PEERS = ("engine", "transformers", "llama.cpp")
NEW_TOKENS = 8


def main() -> None:
    arguments = _arguments()
    if arguments.child:
        print(json.dumps(_start(arguments.child, arguments.models[0], arguments.precision)))
        return
    for model in arguments.models:
        Console(width=110).print(_compare(model, arguments.precision, arguments.rounds))


def _compare(model: Path, precision: str, rounds: int) -> Table:
    _child("engine", model, precision)  # makes what is made only once, and warms the cache
    found: dict[str, list[dict[str, float]]] = {peer: [] for peer in PEERS}
    for _ in range(rounds):
        for peer in PEERS:
            found[peer].append(_child(peer, model, precision))
    table = Table(title=model.stem, title_justify="left")
    table.add_column("")
    for column in ("imports s", "load s", "first token s", "resident MiB", "own MiB"):
        table.add_column(column, justify="right")
    for peer, runs in found.items():
        figures = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        table.add_row(
            peer,
            *(f"{figures[key]:.2f}" for key in ("imports", "load", "first")),
            *(f"{figures[key]:.0f}" for key in ("resident", "own")),
        )
    return table


def _child(peer: str, model: Path, precision: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.engine_start", str(model)]
    command += ["--child", peer, "--precision", precision]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _start(name: str, model: Path, precision: str) -> dict[str, float]:
    """Load one peer and let it answer; seconds and mebibytes."""
    begin = time.perf_counter()
    import torch  # noqa: PLC0415 - its time is counted

    from benchmarks import engine_peers as peers  # noqa: PLC0415
    from model.backends.port import Message  # noqa: PLC0415
    from model.decoder_loading import load_decoder  # noqa: PLC0415
    from model.gguf.unpack import unpacked_folder  # noqa: PLC0415
    from model.settings import ModelSettings  # noqa: PLC0415

    imported = time.perf_counter()
    folder = unpacked_folder(model, torch.bfloat16)
    clock = peers.CLOCKS["wall"]
    peer: peers.Peer
    if name == "engine":
        settings = ModelSettings.model_validate({"precision": precision})
        peer = peers.Ours(name, load_decoder(folder, settings), settings, clock, endless=True)
    elif name == "transformers":
        peer = peers.Transformers(folder, 1, clock)
    else:
        peer = peers.LlamaCpp(model, folder, 1, clock)
    loaded = time.perf_counter()
    timing = peer.answer([Message("user", "Name the colours of the rainbow.")], NEW_TOKENS)
    return {
        "imports": imported - begin,
        "load": loaded - imported,
        "first": timing.first,
        **_memory(),
    }


def _memory() -> dict[str, float]:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    resident, own = (int(status[key].split()[0]) / 1024 for key in ("VmRSS", "RssAnon"))
    return {"resident": resident, "own": own}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", choices=PEERS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
