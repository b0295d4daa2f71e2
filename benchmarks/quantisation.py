"""What rounding the weights costs in quality: perplexity on real text, and agreement with bfloat16.

    python -m benchmarks.quantisation MODEL.gguf [--data FOLDER] [--tokens 1024]

Reads the beginning of the Debian installation manual, English and Chinese, from
`parsing/debian_docs` of the evaluation data (`--data` or SOURCEBOOK_EVAL_DATA), 16 tokens at a
time, as answers are written and checked: there activations are rounded too. Columns: bytes of
the weights a token reads; perplexity and how much worse it is than bfloat16's; the share of tokens
where both think the same next token likeliest; the divergence of the two distributions, in nats.
"""

import argparse
import math
import os
from collections.abc import Iterator
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from model.checkpoint import Checkpoint
from model.errors import KernelsUnavailable
from model.gguf.unpack import unpacked_folder
from model.kernels.loading import load_kernels
from model.projection import Projection
from model.quantised.decoder_file import open_quantised
from model.quantised.parts import HEAD
from model.quantised.rounding import INT4, INT8
from model.quantised.weight import QuantisedWeight
from model.step import Span, Step
from model.tokenizer import ChatTokenizer
from model.transformer import Decoder

LANGUAGES = ("en", "zh")
SKIPPED_CHARACTERS = 20_000  # the table of contents
STEP_TOKENS = 16


def texts(data: Path, tokenizer: ChatTokenizer, tokens: int) -> Iterator[tuple[str, torch.Tensor]]:
    for language in LANGUAGES:
        path = data / "parsing" / "debian_docs" / language / "install.txt"
        text = path.read_text(encoding="utf-8")[SKIPPED_CHARACTERS:][: tokens * 8]
        yield language, torch.tensor(tokenizer.encode(text)[:tokens])


def log_shares(decoder: Decoder, tokens_T: torch.Tensor) -> torch.Tensor:
    """Return the log probabilities TV of each next token."""
    cache = decoder.new_cache(len(tokens_T))
    rows = []
    for start in range(0, len(tokens_T), STEP_TOKENS):
        piece = tokens_T[start : start + STEP_TOKENS]
        every_row = torch.arange(len(piece))
        step = Step(piece, (Span(0, start, len(piece)),), every_row)
        rows.append(decoder(step, cache).log_softmax(dim=-1))
    return torch.cat(rows)


def weight_bytes(decoder: nn.Module) -> int:
    """Count what a token reads: all projections."""
    total = 0
    for layer in decoder.modules():
        if isinstance(layer, Projection):
            weight = layer.quantised
            parts = [layer.weight] if weight is None else [weight.packed_NGX, weight.scales_NGR]
            total += sum(part.numel() * part.itemsize for part in parts)
    return total


def decoders(folder: Path) -> Iterator[tuple[str, Decoder]]:
    yield "int8", open_quantised(folder, "int8")
    yield "int4", open_quantised(folder, "int4")
    yield "int4, attention too", everywhere_int4(folder, heads=False)
    yield "int4, attention and head too", everywhere_int4(folder, heads=True)


def everywhere_int4(folder: Path, *, heads: bool) -> Decoder:
    decoder = Checkpoint.open(folder).decoder()
    for name, layer in decoder.named_modules():
        if isinstance(layer, Projection):
            is_head = name == HEAD and not heads
            layer.use(QuantisedWeight.of(layer.weight, INT8 if is_head else INT4))
    return decoder


def perplexity(log_share_TV: torch.Tensor, tokens_T: torch.Tensor) -> float:
    return math.exp(nn.functional.nll_loss(log_share_TV[:-1], tokens_T[1:]))


def cells(own_TV: torch.Tensor, base_TV: torch.Tensor, tokens_T: torch.Tensor) -> list[str]:
    own, base = perplexity(own_TV, tokens_T), perplexity(base_TV, tokens_T)
    same = (own_TV.argmax(dim=-1) == base_TV.argmax(dim=-1)).float().mean().item()
    divergence = (base_TV.exp() * (base_TV - own_TV)).sum(dim=-1).mean().item()
    return [
        f"{own:.3f}",
        f"{100 * (own / base - 1):+.2f} %",
        f"{100 * same:.1f} %",
        f"{divergence:.4f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, default=os.environ.get("SOURCEBOOK_EVAL_DATA"))
    parser.add_argument("--tokens", type=int, default=1024)
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.exit(message="Give --data or SOURCEBOOK_EVAL_DATA: the folder of evaluation data.\n")
    try:
        load_kernels()
    except KernelsUnavailable as error:
        print(f"without kernels, so activations are not rounded: {error}")
    folder = unpacked_folder(arguments.model, torch.bfloat16)
    tokenizer = ChatTokenizer.open(folder)
    read = dict(texts(arguments.data, tokenizer, arguments.tokens))
    plain = Checkpoint.open(folder).decoder()
    base = {language: log_shares(plain, tokens_T) for language, tokens_T in read.items()}
    columns = ("perplexity", "worse", "same choice", "divergence")
    table = Table("weights", "MB a token", *(f"{name} {lang}" for lang in read for name in columns))

    def add(name: str, decoder: Decoder, shares: dict[str, torch.Tensor]) -> None:
        measured = (cells(shares[lang], base[lang], read[lang]) for lang in read)
        table.add_row(
            name, f"{weight_bytes(decoder) / 1e6:.0f}", *(c for row in measured for c in row)
        )

    add("bfloat16", plain, base)
    for name, decoder in decoders(folder):
        add(name, decoder, {lang: log_shares(decoder, tokens) for lang, tokens in read.items()})
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
