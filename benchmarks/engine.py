"""The engine beside transformers and llama.cpp on the same weights: whole answers and their parts.

    OMP_WAIT_POLICY=PASSIVE python -m benchmarks.engine MODEL.gguf [--threads 1 2] [--rounds 3]

With --synthetic-moe FOLDER the weights are a random mixture of experts of a billion parameters,
written into that folder once, with the model's tokenizer. llama.cpp reads it as Q4_0 and Q8_0.

All take turns within each round, so that other work on the machine hits all alike; each figure is
the median of the rounds, and the ratio is what to look at. Prompts are passages of squad2_dev in
the folder that SOURCEBOOK_EVAL_DATA names, else made-up words. Answers are greedy and go on past
their natural end, without look-up speculation and without any cache, where it is not said
otherwise.
"""

import argparse
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import xllamacpp
from rich.console import Console
from rich.table import Table

from benchmarks.engine_peers import CLOCKS, Ours, Peer, Timing, median
from benchmarks.engine_prompts import (
    ANOTHER,
    AT_LENGTH,
    Texts,
    chat,
    passages_of,
    quoting_chats,
    read_texts,
)
from benchmarks.peer_llama_cpp import LlamaCpp
from benchmarks.peer_transformers import Transformers
from benchmarks.synthetic_moe import write_synthetic_moe
from model.backends.port import Message
from model.decoder_loading import LoadedDecoder, load_decoder
from model.gguf.unpack import unpacked_folder
from model.settings import ModelSettings
from model.tokenizer import ChatTokenizer

SIDE_BY_SIDE = 8
SIDE_BY_SIDE_TOKENS = 64
QUOTES = 8
LOOK_UP_TOKENS = 10
"""At once, for transformers: its own default."""
LONG_PROMPT_OTHERS = 8
"""Passages beside the right one that make some 1,500 tokens."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The same weights for everyone: a folder, and GGUF files for llama.cpp.

    The folder holds no tuned experts, which the GGUF file of a known model does not have either.
    """

    folder: Path
    gguf: Sequence[Path]


def main() -> None:
    arguments = _arguments()
    console = Console(width=110)
    weights = _weights(arguments)
    texts = read_texts()
    clock = CLOCKS[arguments.clock]
    _print_settings(console, arguments, weights, texts)
    for threads in arguments.threads:
        settings = _settings(arguments.precision, threads)
        loaded = load_decoder(weights.folder, settings)
        console.print(
            f"\n[bold]{threads} thread(s); the engine's weights: {loaded.precision}[/bold]"
        )
        ours = Ours(f"engine {loaded.precision}", loaded, settings, clock, endless=True)
        transformers = Transformers(weights.folder, threads, clock)
        peers: list[Peer] = [ours, transformers]
        peers += [LlamaCpp(path, weights.folder, threads, clock) for path in weights.gguf]
        console.print(_whole_answers(peers, texts, weights, arguments))
        many = [
            LlamaCpp(path, weights.folder, threads, clock, SIDE_BY_SIDE) for path in weights.gguf
        ]
        console.print(_side_by_side([*peers[:2], *many], arguments.rounds))
        console.print(_second_question(ours, texts, weights, arguments))
        if not arguments.synthetic_moe:  # random weights quote nothing
            console.print(_speculation(loaded, settings, texts, arguments))
            console.print(_as_served(loaded, settings, transformers, texts, arguments))


def _whole_answers(
    peers: Sequence[Peer], texts: Texts, weights: Weights, arguments: argparse.Namespace
) -> Table:
    tokenizer = ChatTokenizer.open(weights.folder)
    timings: dict[str, list[Timing]] = {peer.name: [] for peer in peers}
    for seed in range(arguments.rounds):
        passages = passages_of(texts, tokenizer, arguments.prompt_tokens, seed)
        for peer in peers:
            timings[peer.name].append(peer.answer(chat(passages, AT_LENGTH), arguments.new_tokens))
    medians = {name: median(each) for name, each in timings.items()}
    ours = medians[peers[0].name]
    table = _table(
        "one answer, no cache", "answer s", "engine is", "prefill/s", "is", "decode/s", "is"
    )
    for name, timing in medians.items():
        table.add_row(
            name,
            f"{timing.total:.2f}",
            f"{timing.total / ours.total:.2f} x",
            f"{timing.prefill:.0f}",
            f"{ours.prefill / timing.prefill:.2f} x",
            f"{timing.decode:.1f}",
            f"{ours.decode / timing.decode:.2f} x",
        )
    table.caption = f"{ours.prompt_tokens} tokens of prompt, {ours.new_tokens} new ones"
    return table


def _side_by_side(peers: Sequence[Peer], rounds: int) -> Table:
    speeds: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for number in range(rounds):
        chats = [
            [Message("user", f"Write a long story about the number {number}{place}.")]
            for place in range(SIDE_BY_SIDE)
        ]
        for peer in peers:
            speeds[peer.name].append(peer.side_by_side(chats, SIDE_BY_SIDE_TOKENS))
    medians = {name: statistics.median(each) for name, each in speeds.items()}
    table = _table(f"{SIDE_BY_SIDE} short questions at once", "new tokens/s", "engine is")
    for name, speed in medians.items():
        table.add_row(name, f"{speed:.1f}", f"{medians[peers[0].name] / speed:.2f} x")
    return table


def _second_question(
    ours: Ours, texts: Texts, weights: Weights, arguments: argparse.Namespace
) -> Table:
    tokenizer = ChatTokenizer.open(weights.folder)
    pairs = []
    for seed in range(arguments.rounds):
        passages = passages_of(texts, tokenizer, arguments.prompt_tokens, 100 + seed)
        first = ours.answer(chat(passages, AT_LENGTH), 2)
        second = ours.answer(chat(passages, ANOTHER), 2, fresh=False)
        pairs.append((first.first, second.first))
    first_s, second_s = (statistics.median(each) for each in zip(*pairs, strict=True))
    table = _table("another question on the same passages", "first token s", "share")
    table.add_row("first question", f"{first_s:.3f}", "1.00")
    table.add_row("second question", f"{second_s:.3f}", f"{second_s / first_s:.2f}")
    return table


def _speculation(
    loaded: LoadedDecoder, settings: ModelSettings, texts: Texts, arguments: argparse.Namespace
) -> Table:
    clock = CLOCKS[arguments.clock]
    guessing = Ours("with look-up speculation", loaded, _guessing(settings), clock, endless=False)
    plain = Ours("without", loaded, settings, clock, endless=False)
    seconds = {guessing.name: 0.0, plain.name: 0.0}
    tokens = dict.fromkeys(seconds, 0)
    for passages, quoting in quoting_chats(texts, QUOTES, seed=arguments.rounds):
        for ours in (plain, guessing):
            timing = ours.answer(quoting, 80, drafts=passages)
            seconds[ours.name] += timing.total - timing.first
            tokens[ours.name] += timing.new_tokens - 1
    table = _table("answers that quote, to their natural end", "new tokens", "decode/s", "is")
    speed = {name: tokens[name] / seconds[name] for name in seconds}
    for name in seconds:
        ratio = speed[guessing.name] / speed[name]
        table.add_row(name, str(tokens[name]), f"{speed[name]:.1f}", f"{ratio:.2f} x")
    return table


def _as_served(
    loaded: LoadedDecoder,
    settings: ModelSettings,
    transformers: Transformers,
    texts: Texts,
    arguments: argparse.Namespace,
) -> Table:
    """Whole answers that quote, with look-up speculation where a peer has it."""
    clock = CLOCKS[arguments.clock]
    ours = Ours("engine", loaded, _guessing(settings), clock, endless=False)
    timings: dict[str, list[Timing]] = {}
    chats = quoting_chats(texts, arguments.rounds, arguments.rounds + 1, others=LONG_PROMPT_OTHERS)
    for passages, quoting in chats:
        for name, timing in (
            ("engine", ours.answer(quoting, 80, drafts=passages)),
            ("transformers", transformers.generated(quoting, 80, look_up=LOOK_UP_TOKENS)),
            ("transformers, no look-up", transformers.generated(quoting, 80, look_up=None)),
        ):
            timings.setdefault(name, []).append(timing)
    columns = ("prompt tokens", "new tokens", "answers s", "engine is")
    table = _table("whole answers that quote, with look-up speculation, no cache", *columns)
    seconds = {name: sum(timing.total for timing in each) for name, each in timings.items()}
    for name, each in timings.items():
        read, written = (
            sum(getattr(timing, f"{kind}_tokens") for timing in each) for kind in ("prompt", "new")
        )
        ratio = seconds[name] / seconds["engine"]
        table.add_row(name, str(read), str(written), f"{seconds[name]:.2f}", f"{ratio:.2f} x")
    return table


def _guessing(settings: ModelSettings) -> ModelSettings:
    """Speculate as the product does."""
    shipped = ModelSettings.model_fields["draft_tokens_max"].default
    return settings.model_copy(update={"draft_tokens_max": shipped})


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _settings(precision: str, threads: int) -> ModelSettings:
    return ModelSettings.model_validate(
        {
            "precision": precision,
            "prefill_threads": threads,
            "decode_threads": threads,
            "draft_tokens_max": 0,
        }
    )


def _weights(arguments: argparse.Namespace) -> Weights:
    folder = unpacked_folder(arguments.model, torch.bfloat16)
    if arguments.synthetic_moe is None:
        return Weights(folder, [arguments.model])
    files = write_synthetic_moe(arguments.synthetic_moe, folder)
    return Weights(arguments.synthetic_moe, files)


def _print_settings(
    console: Console, arguments: argparse.Namespace, weights: Weights, texts: Texts
) -> None:
    policy = os.environ.get("OMP_WAIT_POLICY", "not set")
    about = f"passages {texts.origin}; {arguments.rounds} rounds; {arguments.clock} time"
    console.print(f"weights {weights.folder.name}; {about}")
    console.print(
        f"torch {torch.__version__}, OMP_WAIT_POLICY {policy}, {os.cpu_count()} processors"
    )
    console.print(f"xllamacpp {xllamacpp.__version__}: {xllamacpp.get_system_info()}")
    console.print("llama.cpp: flash attention auto, batch 2048, step 512, cache f16, repacking on")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--synthetic-moe", type=Path, metavar="FOLDER")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--prompt-tokens", type=int, default=1500)
    parser.add_argument("--new-tokens", type=int, default=60)
    clock_help = "processor: for one thread, while other programs work"
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help=clock_help)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    return parser.parse_args()


if __name__ == "__main__":
    main()
