"""Load, prefill and decode of the local generator, beside transformers on the same weights.

    python -m benchmarks.generation MODEL.gguf [--prompt-tokens 1500] [--new-tokens 40] [--rounds 3]

The two take turns round by round, so that other work on the machine hits both alike; each figure
is the median of the rounds, and the ratio is what to look at. The prompt is random tokens.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import DynamicCache, Qwen2Config, Qwen2ForCausalLM

from model.checkpoint import Checkpoint
from model.families import to_hugging_face
from model.gguf.unpack import unpacked_folder
from model.quantised.decoder_file import open_quantised
from model.quantised.parts import Precision
from model.step import Step
from model.tokenizer import ChatTokenizer
from model.transformer import Decoder

PIECE_TOKENS = 512
PRECISIONS: tuple[Precision, ...] = ("int8", "int4")
Speeds = tuple[float, float]
"""Tokens a second: prefill, decode."""
Reader = Callable[[torch.Tensor], torch.Tensor]


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def resident_mib() -> float:
    fields = Path("/proc/self/status").read_text().split("VmRSS:")[1].split()
    return int(fields[0]) / 1024


def run(step: Reader, prompt: torch.Tensor, new_tokens: int) -> Speeds:
    begin = time.perf_counter()
    for piece in prompt.split(PIECE_TOKENS, dim=1):
        logits = step(piece)
    middle = time.perf_counter()
    for _ in range(new_tokens):
        logits = step(logits.argmax(-1)[:, None])
    end = time.perf_counter()
    return prompt.shape[1] / (middle - begin), new_tokens / (end - middle)


def ours(decoder: Decoder, prompt: torch.Tensor, new_tokens: int) -> Speeds:
    cache = decoder.new_cache(prompt.shape[1] + new_tokens)
    start = 0

    def step(tokens: torch.Tensor) -> torch.Tensor:
        nonlocal start
        reading = Step.of_one(tokens[0].tolist(), start)
        start = reading.spans[0].end
        return decoder(reading, cache)

    return run(step, prompt, new_tokens)


@torch.inference_mode()
def theirs(peer: Qwen2ForCausalLM, prompt: torch.Tensor, new_tokens: int) -> Speeds:
    cache = DynamicCache(config=peer.config)

    def step(tokens: torch.Tensor) -> torch.Tensor:
        return peer(tokens, past_key_values=cache, logits_to_keep=1).logits[:, -1]

    return run(step, prompt, new_tokens)


def transformers_on(checkpoint: Checkpoint) -> Qwen2ForCausalLM:
    """Build the peer on the very same mapped tensors."""
    config = Qwen2Config(**to_hugging_face(checkpoint.config))
    with torch.device("meta"):
        peer = Qwen2ForCausalLM(config)
    peer.load_state_dict(checkpoint.weights, assign=True)
    peer.model.rotary_emb = type(peer.model.rotary_emb)(config)
    return peer.eval()


def load(path: Path) -> tuple[Checkpoint, dict[str, Decoder]]:
    folder = unpacked_folder(path, torch.bfloat16)
    checkpoint = Checkpoint.open(folder)
    ChatTokenizer.open(folder)
    decoders = {"bfloat16": Decoder.from_checkpoint(checkpoint)}
    for precision in PRECISIONS:
        decoders[precision] = open_quantised(folder, precision)
    return checkpoint, decoders


def measure(arguments: argparse.Namespace, threads: int) -> dict[str, Speeds]:
    checkpoint, decoders = load(arguments.model)
    peer = transformers_on(checkpoint)
    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(1)
    prompt = torch.randint(0, 150_000, (1, arguments.prompt_tokens), generator=generator)
    rounds: dict[str, list[Speeds]] = {}
    for _ in range(arguments.rounds):
        speeds = {name: ours(d, prompt, arguments.new_tokens) for name, d in decoders.items()}
        speeds["transformers bfloat16"] = theirs(peer, prompt, arguments.new_tokens)
        for name, pair in speeds.items():
            rounds.setdefault(name, []).append(pair)
    return {
        name: (statistics.median(p for p, _ in pairs), statistics.median(d for _, d in pairs))
        for name, pairs in rounds.items()
    }


def show(table: dict[str, Speeds], threads: int) -> None:
    base_prefill, base_decode = table["transformers bfloat16"]
    print(f"\n{threads} thread(s)                       prefill tok/s  ratio  decode tok/s  ratio")
    for name, (prefill, decode) in table.items():
        print(
            f"{name:32} {prefill:15.0f} {prefill / base_prefill:6.2f} "
            f"{decode:13.1f} {decode / base_decode:6.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--prompt-tokens", type=int, default=1500)
    parser.add_argument("--new-tokens", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    arguments = parser.parse_args()
    before = resident_mib()
    print(f"unpack or find unpacked, and load: {seconds(lambda: load(arguments.model)):.2f} s")
    print(f"load again (warm):                 {seconds(lambda: load(arguments.model)):.2f} s")
    _, decoders = load(arguments.model)
    prompt = torch.randint(0, 150_000, (1, arguments.prompt_tokens))
    ours(decoders["int4"], prompt, 4)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"resident after one answer:         {resident_mib():.0f} MiB (peak {peak:.0f} MiB)")
    print(f"of which Python and libraries:     {before:.0f} MiB")
    for threads in arguments.threads:
        show(measure(arguments, threads), threads)


if __name__ == "__main__":
    main()
