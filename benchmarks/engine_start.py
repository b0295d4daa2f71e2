"""Load time and resident memory of the engine and its peers, each in a process of its own.

    python -m benchmarks.engine_start MODEL.gguf [MODEL.gguf ...] [--precision auto] [--rounds 3]

Files are in the system's cache, as after a restart of the server; libraries are imported before
the clock starts, and what the first start of all makes beside the files is made before. Memory is
counted after a short answer: resident, and what of it belongs to this process alone (mapped weights
are shared by all processes that use them, and given back when memory is short). Each process holds
Python and torch too, llama.cpp's for the tokenizer only.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.engine_peers import CLOCKS, Clock, Ours, Peer
from model.backends.port import Message
from model.decoder_loading import load_decoder
from model.gguf.unpack import unpacked_folder
from model.settings import ModelSettings

PEERS = ("engine", "transformers", "llama.cpp")
NEW_TOKENS = 8


def main() -> None:
    arguments = _arguments()
    if arguments.child:
        print(json.dumps(_start(arguments)))
        return
    for model in arguments.models:
        Console(width=110).print(_compare(model, arguments))


def _compare(model: Path, arguments: argparse.Namespace) -> Table:
    _child("engine", model, arguments)  # makes what is made only once, and warms the cache
    found: dict[str, list[dict[str, float]]] = {peer: [] for peer in PEERS}
    for _ in range(arguments.rounds):
        for peer in PEERS:
            found[peer].append(_child(peer, model, arguments))
    table = Table(title=model.stem, title_justify="left")
    table.add_column("")
    for column in ("load s", "first token s", "resident MiB", "own MiB"):
        table.add_column(column, justify="right")
    for peer, runs in found.items():
        figures = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        table.add_row(
            peer,
            *(f"{figures[key]:.2f}" for key in ("load", "first")),
            *(f"{figures[key]:.0f}" for key in ("resident", "own")),
        )
    return table


def _child(peer: str, model: Path, arguments: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.engine_start", str(model), "--child", peer]
    command += ["--precision", arguments.precision, "--clock", arguments.clock]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _start(arguments: argparse.Namespace) -> dict[str, float]:
    """Load one peer and let it answer; seconds and mebibytes."""
    clock = CLOCKS[arguments.clock]
    load = _loader(arguments.child, arguments.models[0], arguments.precision, clock)
    begin = clock()
    peer = load()
    loaded = clock()
    timing = peer.answer([Message("user", "Name the colours of the rainbow.")], NEW_TOKENS)
    return {"load": loaded - begin, "first": timing.first, **_memory()}


def _loader(name: str, model: Path, precision: str, clock: Clock) -> Callable[[], Peer]:
    """Import what one peer needs, and nothing else."""
    folder = unpacked_folder(model, torch.bfloat16)
    if name == "transformers":
        from benchmarks.peer_transformers import Transformers  # noqa: PLC0415

        return lambda: Transformers(folder, 1, clock)
    if name == "llama.cpp":
        from benchmarks.peer_llama_cpp import LlamaCpp  # noqa: PLC0415

        return lambda: LlamaCpp(model, folder, 1, clock)
    settings = ModelSettings.model_validate({"precision": precision})
    return lambda: Ours(name, load_decoder(folder, settings), settings, clock, endless=True)


def _memory() -> dict[str, float]:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    resident, own = (int(status[key].split()[0]) / 1024 for key in ("VmRSS", "RssAnon"))
    return {"resident": resident, "own": own}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="processor: of all threads")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", choices=PEERS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
