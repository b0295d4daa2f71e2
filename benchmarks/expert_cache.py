"""Speed of a mixture of experts that has memory for only some of its experts.

    python -m benchmarks.expert_cache [--folder FOLDER] [--layers 12] [--rounds 5]

Makes a random qwen2_moe checkpoint of about 0.9 billion parameters (12 layers, 48 experts of which
6 read a token), and compares writing token after token
    - with all experts in memory,
    - with the cache at several budgets, wishing for the next layer's experts or not,
    - with every expert loaded on each use, by plain reads or by the cache's direct ones.
A random router uses its experts evenly, a trained one does not. Here one hidden channel is the same
for all tokens, and each layer's router adds through it the logarithm of a Zipf law of its own
(exponents 1.2, 0.7 and 0), so the skew and the wishes come from real routers; tokens are drawn at
random, so that, unlike in text, one token's experts say nothing about the next one's.

From disk means from disk: the cache reads past the kernel's cache (O_DIRECT), and the plain reads
tell the kernel to forget each expert at once, as it would where memory is scarce. The caches are
filled before they are measured. Rounds alternate, and ratios are medians of ratios within a round.

Seen on one busy core beside another, with a disk of about 1.2 GB/s, exponent 1.2 (the busiest 30 %
of the experts do 77 % of the work): at a budget of 30 % 90 % of the experts are in memory when
asked for (75 % without wishes), and tokens come 4.7 times as fast as with plain reads on each use,
3.2 times as fast as with direct ones, at 77 % of full speed. Full speed is only 6.1 times plain
reads there: computing, not reading, is the larger part.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from rich.console import Console
from rich.table import Table
from safetensors.torch import save_file

from model.checkpoint import CONFIG, INDEX, Checkpoint
from model.expert_cache.cache import CacheStatistics, ExpertCache
from model.expert_cache.checkpoint_experts import checkpoint_experts
from model.expert_cache.experts import CachedExperts
from model.expert_cache.loading import use_expert_cache
from model.expert_cache.stored_experts import StoredExperts
from model.experts import Expert, Experts
from model.moe import MoeFeedForward
from model.step import Step
from model.transformer import Decoder, DecoderLayer

HIDDEN, WIDTH, EXPERTS, ACTIVE, VOCABULARY = 1024, 512, 48, 6, 1000
SHARES = (0.1, 0.3, 0.5)
SKEWS = (1.2, 0.7, 0.0)
FILL_TOKENS = 30
ALL, PLAIN, EACH_USE = "all in memory", "each use, plain reads", "each use, direct reads"
CONSTANT = 8.0
"""The channel that is the same for all tokens."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="for the checkpoint, 2 GB; default: temporary")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=4, help="written in each round")
    parser.add_argument("--skews", type=float, nargs="*", default=SKEWS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder)
        make_checkpoint(path, arguments.layers)
        for skew in arguments.skews:
            set_skew(path, arguments.layers, skew)
            Console(width=150).print(compare(path, skew, arguments.rounds, arguments.tokens))


class Weights:
    """Random numbers, each handed out many times: making new ones would take minutes."""

    def __init__(self) -> None:
        self._pool = torch.randn(1 << 24, generator=torch.Generator().manual_seed(0))
        self._start = 0

    def __call__(self, *shape: int, scale: float) -> torch.Tensor:
        size = torch.Size(shape).numel()
        self._start = (self._start + 7919) % (len(self._pool) - size)
        return (self._pool[self._start : self._start + size] * scale).bfloat16().view(shape)


def make_checkpoint(folder: Path, layers: int) -> None:
    config = {
        "model_type": "qwen2_moe",
        "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN,
        "intermediate_size": WIDTH,
        "num_hidden_layers": layers,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10_000.0,
        "num_experts": EXPERTS,
        "num_experts_per_tok": ACTIVE,
        "moe_intermediate_size": WIDTH,
        "shared_expert_intermediate_size": WIDTH,
        "norm_topk_prob": True,
    }
    (folder / CONFIG).write_text(json.dumps(config))
    weights = Weights()
    embedding_VD = weights(VOCABULARY, HIDDEN, scale=1.0)
    embedding_VD[:, 0] = CONSTANT
    outer = {
        "model.embed_tokens.weight": embedding_VD,
        "model.norm.weight": torch.ones(HIDDEN).bfloat16(),
        "lm_head.weight": weights(VOCABULARY, HIDDEN, scale=HIDDEN**-0.5),
    }
    files = save(folder, "outer.safetensors", outer)
    for layer in range(layers):
        tensors = layer_tensors(weights, layer)
        experts = {name: tensor for name, tensor in tensors.items() if "experts." in name}
        others = {name: tensor for name, tensor in tensors.items() if name not in experts}
        # Apart, because pages of a mapped file cannot be forgotten, and the others stay mapped.
        files |= save(folder, f"experts{layer}.safetensors", experts)
        files |= save(folder, f"layer{layer}.safetensors", others)
    files |= set_skew(folder, layers, 0.0)
    (folder / INDEX).write_text(json.dumps({"weight_map": files}))


def save(folder: Path, name: str, tensors: dict[str, torch.Tensor]) -> dict[str, str]:
    save_file(tensors, folder / name)
    with (folder / name).open("rb") as file:
        os.fsync(file.fileno())  # what is not on disk yet cannot be forgotten
    return dict.fromkeys(tensors, name)


def set_skew(folder: Path, layers: int, skew: float) -> dict[str, str]:
    routers = {f"model.layers.{n}.mlp.gate.weight": router(n, skew) for n in range(layers)}
    return save(folder, "routers.safetensors", routers)


def layer_tensors(weights: Weights, layer: int) -> dict[str, torch.Tensor]:
    up, down = HIDDEN**-0.5, 0.6 * WIDTH**-0.5
    ones = torch.ones(HIDDEN).bfloat16()
    tensors = {"input_layernorm.weight": ones, "post_attention_layernorm.weight": ones.clone()}
    for name, width in (("q", HIDDEN), ("k", 256), ("v", 256)):
        tensors[f"self_attn.{name}_proj.weight"] = weights(width, HIDDEN, scale=up)
        tensors[f"self_attn.{name}_proj.bias"] = torch.zeros(width).bfloat16()
    tensors["self_attn.o_proj.weight"] = weights(HIDDEN, HIDDEN, scale=0.5 * up)
    for part in (*(f"experts.{expert}" for expert in range(EXPERTS)), "shared_expert"):
        tensors[f"mlp.{part}.gate_proj.weight"] = weights(WIDTH, HIDDEN, scale=up)
        tensors[f"mlp.{part}.up_proj.weight"] = weights(WIDTH, HIDDEN, scale=up)
        tensors[f"mlp.{part}.down_proj.weight"] = weights(HIDDEN, WIDTH, scale=down)
    tensors["mlp.shared_expert_gate.weight"] = weights(1, HIDDEN, scale=up)
    for name, tensor in tensors.items():  # nothing writes to the constant channel
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            tensor[0] = 0
    return {f"model.layers.{layer}.{name}": tensor for name, tensor in tensors.items()}


def router(layer: int, skew: float) -> torch.Tensor:
    """Logits of standard deviation 1.28, that of the Gumbel law, around the logarithms of Zipf's:
    then the best few are about a draw from it."""
    generator = torch.Generator().manual_seed(layer)
    ranks_E = torch.randperm(EXPERTS, generator=generator) + 1.0
    router_ED = torch.randn(EXPERTS, HIDDEN, generator=generator) * 1.28 * HIDDEN**-0.5
    norm = (CONSTANT**2 / HIDDEN + 1) ** 0.5
    router_ED[:, 0] = -skew * ranks_E.log() * norm / CONSTANT
    logits_ED: torch.Tensor = router_ED.bfloat16()
    return logits_ED


class ReadOnEachUse(Experts):
    """The alternative to a cache, with the cache's way to read."""

    def __init__(self, layer: int, stored: StoredExperts, like: Experts) -> None:
        super().__init__(like.config)
        self._layer, self._stored, self._slot = layer, stored, stored.new_slot()

    def each(self, experts: Sequence[int]) -> Iterator[tuple[int, Expert]]:
        for place, expert in enumerate(experts):
            yield place, self._stored.read(self._layer, expert, self._slot)


class ReadPlainlyOnEachUse(ReadOnEachUse):
    """The alternative with ordinary reads, of which the kernel keeps nothing."""

    def each(self, experts: Sequence[int]) -> Iterator[tuple[int, Expert]]:
        parts = self._stored.layers[self._layer]
        descriptor = os.open(parts[0].stored[0].file.path, os.O_RDONLY)
        for place, expert in enumerate(experts):
            tensors = {}
            for part in parts:
                stored, tensor = part.of(expert), torch.empty(part.shape, dtype=part.dtype)
                os.preadv(descriptor, [tensor.view(torch.uint8).numpy().data], stored.offset)
                os.posix_fadvise(descriptor, stored.offset, stored.size, os.POSIX_FADV_DONTNEED)
                tensors[part.name] = tensor
            yield place, self._stored.build(tensors)
        os.close(descriptor)


class Writer:
    """A decoder that reads random tokens, one at a time."""

    def __init__(self, name: str, decoder: Decoder, cache: ExpertCache | None = None) -> None:
        self.name, self.decoder, self.cache = name, decoder, cache
        self._keys = decoder.new_cache(4096)
        self._tokens = torch.Generator().manual_seed(1)
        self._place = 0

    def write(self, count: int) -> float:
        """Return seconds for each token."""
        start = time.perf_counter()
        for token in torch.randint(VOCABULARY, (count,), generator=self._tokens).tolist():
            self.decoder(Step.of_one([token], self._place), self._keys)
            self._place += 1
        return (time.perf_counter() - start) / count


@dataclass(frozen=True)
class Measured:
    seconds: float
    statistics: CacheStatistics | None


Results = dict[str, list[Measured]]


def compare(folder: Path, skew: float, rounds: int, tokens: int) -> Table:
    thin = Checkpoint.open(folder, experts=False)
    stored = checkpoint_experts(folder, thin.config)
    whole = Checkpoint.open(folder).decoder()
    total = stored.slot_bytes * EXPERTS * len(stored.layers)
    caches = [cached(thin, stored, 0.3, total, wishing=False)]
    caches += [cached(thin, stored, share, total, wishing=True) for share in SHARES]
    for writer in caches:
        writer.write(FILL_TOKENS)
    writers = [
        Writer(ALL, whole),
        Writer(PLAIN, uncached(thin, stored, ReadPlainlyOnEachUse)),
        Writer(EACH_USE, uncached(thin, stored, ReadOnEachUse)),
        *caches,
    ]
    forget_all(stored)
    results: Results = {writer.name: [] for writer in writers}
    for _ in range(rounds):
        for writer in writers:
            before = writer.cache.statistics if writer.cache else None
            seconds = writer.write(tokens)
            results[writer.name].append(Measured(seconds, since(before, writer)))
    table = Table(
        *("way", "in memory", "hits", "wished", "reads/token", "tokens/s"),
        *("x plain reads", "x direct reads", "x all"),
        title=f"Zipf {skew}: the busiest 30 % of the experts do {busiest(whole):.0%} of the work; "
        f"{guessed(whole):.0%} of the next layer's experts are guessed. {total / 1e9:.1f} GB",
    )
    for writer in writers:
        table.add_row(*row(writer, results, tokens))
        if writer.cache:
            writer.cache.close()
    return table


def mixture(layer: torch.nn.Module) -> MoeFeedForward:
    assert isinstance(layer, DecoderLayer)
    assert isinstance(layer.mlp, MoeFeedForward)
    return layer.mlp


def uncached(thin: Checkpoint, stored: StoredExperts, kind: type[ReadOnEachUse]) -> Decoder:
    def prepare(decoder: Decoder) -> None:
        for number, layer in enumerate(decoder.layers):
            mixture(layer).experts = kind(number, stored, mixture(layer).experts)

    return thin.decoder(prepare)


def forget_all(stored: StoredExperts) -> None:
    """Drop what the kernel still has of the experts' files."""
    for path in {tensor.file.path for part in stored.layers.values() for tensor in part[0].stored}:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def cached(
    thin: Checkpoint, stored: StoredExperts, share: float, total: int, *, wishing: bool
) -> Writer:
    cache = ExpertCache(stored, int(share * total))

    def prepare(decoder: Decoder) -> None:
        use_expert_cache(decoder, cache)
        for layer in decoder.layers if not wishing else ():
            experts = mixture(layer).experts
            assert isinstance(experts, CachedExperts)
            experts._foresee = None

    name = f"cache of {share:.0%}{'' if wishing else ', no wishes'}"
    return Writer(name, thin.decoder(prepare), cache)


def since(before: CacheStatistics | None, writer: Writer) -> CacheStatistics | None:
    if before is None or writer.cache is None:
        return None
    after = writer.cache.statistics
    names = ("hits", "foreseen", "misses", "reads")
    return CacheStatistics(*(getattr(after, name) - getattr(before, name) for name in names))


def row(writer: Writer, results: Results, tokens: int) -> list[str]:
    mine = results[writer.name]
    counted = [each.statistics for each in mine if each.statistics]
    found = [""] * 4
    if writer.cache:
        asked = sum(each.hits + each.misses for each in counted)
        found = [
            f"{writer.cache.resident_bytes / 1e6:.0f} MB",
            f"{sum(each.hits for each in counted) / asked:.0%}",
            f"{sum(each.foreseen for each in counted) / asked:.0%}",
            f"{sum(each.reads for each in counted) / tokens / len(counted):.1f}",
        ]
    ratios = [f"{ratio(results[name], mine):.2f}" for name in (PLAIN, EACH_USE, ALL)]
    speed = f"{1 / median(each.seconds for each in mine):.2f}"
    return [writer.name, *found, speed, *ratios]


def ratio(slow: list[Measured], fast: list[Measured]) -> float:
    return median(s.seconds / f.seconds for s, f in zip(slow, fast, strict=True))


def inputs_of_layers(decoder: Decoder) -> list[torch.Tensor]:
    """Each layer's x_TD ahead of its router, for 200 random tokens."""
    inputs: list[torch.Tensor] = []
    hooks = [
        mixture(layer).register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
        for layer in decoder.layers
    ]
    tokens = torch.randint(VOCABULARY, (200,), generator=torch.Generator().manual_seed(2)).tolist()
    decoder(Step.of_one(tokens), decoder.new_cache(len(tokens)))
    for hook in hooks:
        hook.remove()
    return inputs


@torch.inference_mode()
def busiest(decoder: Decoder) -> float:
    shares = []
    for layer, x_TD in zip(decoder.layers, inputs_of_layers(decoder), strict=True):
        counts_E = torch.bincount(mixture(layer).gate(x_TD).experts_TA.flatten(), minlength=EXPERTS)
        top = counts_E.sort(descending=True).values[: round(0.3 * EXPERTS)]
        shares.append(float(top.sum() / counts_E.sum()))
    return sum(shares) / len(shares)


@torch.inference_mode()
def guessed(decoder: Decoder) -> float:
    inputs = inputs_of_layers(decoder)
    shares = []
    for layer, x_TD, earlier_TD in zip(
        list(decoder.layers)[1:], inputs[1:], inputs[:-1], strict=True
    ):
        actual_TA = mixture(layer).gate(x_TD).experts_TA
        guess_TA = mixture(layer).gate(earlier_TD).experts_TA
        found_TA = (actual_TA[:, :, None] == guess_TA[:, None, :]).any(dim=2)
        shares.append(float(found_TA.float().mean()))
    return sum(shares) / len(shares)


if __name__ == "__main__":
    main()
