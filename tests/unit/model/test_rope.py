"""Rotary frequencies against transformers', to 32K tokens and beyond."""

from typing import Any

import pytest
import torch
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from model.config import RopeConfig
from model.families.rope_values import read_rope
from model.families.values import ConfigValues
from model.rope import rotate, rotation
from model.rope_scaling import frequencies

HEAD = 64
SCALINGS: dict[str, dict[str, Any]] = {
    "linear": {"rope_type": "linear", "factor": 8.0},
    "dynamic": {"rope_type": "dynamic", "factor": 4.0},
    "yarn": {"rope_type": "yarn", "factor": 16.0, "original_max_position_embeddings": 4096},
    "yarn-untruncated": {
        "rope_type": "yarn",
        "factor": 32.0,
        "beta_fast": 28.0,
        "beta_slow": 2.0,
        "truncate": False,
        "original_max_position_embeddings": 2048,
    },
    "yarn-mscale": {
        "rope_type": "yarn",
        "factor": 40.0,
        "mscale": 0.8,
        "mscale_all_dim": 1.2,
        "original_max_position_embeddings": 4096,
    },
    "yarn-attention-factor": {
        "rope_type": "yarn",
        "factor": 4.0,
        "attention_factor": 1.3,
        "original_max_position_embeddings": 4096,
    },
    "llama3": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    },
    "longrope": {
        "rope_type": "longrope",
        "short_factor": [1.0 + place / 50 for place in range(HEAD // 2)],
        "long_factor": [1.0 + place for place in range(HEAD // 2)],
        "original_max_position_embeddings": 4096,
    },
}


@pytest.mark.parametrize("length", [100, 32_768, 200_000])
@pytest.mark.parametrize(
    ("name", "share"), [*((name, 1.0) for name in SCALINGS), ("yarn", 0.5), ("llama3", 0.5)]
)
def test_angles_are_those_of_transformers(name: str, length: int, share: float) -> None:
    theirs = LlamaConfig(
        hidden_size=4 * HEAD,
        num_attention_heads=4,
        max_position_embeddings=16_384,
        rope_parameters={"rope_theta": 50_000.0, "partial_rotary_factor": share} | SCALINGS[name],
    )
    kind = SCALINGS[name]["rope_type"]
    expected_F, magnitude = ROPE_INIT_FUNCTIONS[kind](theirs, seq_len=length)
    rope = read_rope(ConfigValues(theirs.to_dict()), HEAD)
    assert rope.width == HEAD * share
    assert rope.scaling is not None
    assert rope.scaling.magnitude == pytest.approx(magnitude)
    ours_F = frequencies(rope.base, rope.width, rope.scaling, length)
    torch.testing.assert_close(ours_F, expected_F, rtol=1e-6, atol=0)
    angle_F = (length - 1) * expected_F
    cos_11F, sin_11F = rotation(rope, length, torch.tensor([length - 1]), torch.float32)
    # Angles reach `length` radians, where neighbouring float32 numbers are 0.016 apart.
    tolerance = {"atol": max(2e-7 * length, 1e-5), "rtol": 0.0}
    torch.testing.assert_close(cos_11F[0, 0], angle_F.cos() * magnitude, **tolerance)
    torch.testing.assert_close(sin_11F[0, 0], angle_F.sin() * magnitude, **tolerance)


def test_older_names_are_read() -> None:
    values = {
        "max_position_embeddings": 64,
        "rope_theta": 77.0,
        "rope_scaling": {"type": "linear", "factor": 2.0},
    }
    older = read_rope(ConfigValues(values), 8)
    newer = {"rope_theta": 77.0, "rope_type": "linear", "factor": 2.0}
    values = {"max_position_embeddings": 64, "rope_parameters": newer}
    assert older == read_rope(ConfigValues(values), 8)


def test_interleaved_pairs_give_the_scores_of_reordered_channels() -> None:
    torch.manual_seed(0)
    q_THC, k_THC = torch.randn(2, 5, 3, 12)
    by = rotation(RopeConfig(100.0, 8), 5, torch.arange(5), torch.float32)
    order = torch.tensor([0, 2, 4, 6, 1, 3, 5, 7, 8, 9, 10, 11])

    def scores(q: torch.Tensor, k: torch.Tensor, *, interleaved: bool) -> torch.Tensor:
        turned_q, turned_k = (rotate(x, by, interleaved=interleaved) for x in (q, k))
        return torch.einsum("thc,shc->hts", turned_q, turned_k)

    neighbours = scores(q_THC, k_THC, interleaved=True)
    halves = scores(q_THC[..., order], k_THC[..., order], interleaved=False)
    torch.testing.assert_close(neighbours, halves)


def test_scores_depend_on_distance_only() -> None:
    torch.manual_seed(0)
    q_1HC, k_1HC = torch.randn(2, 1, 2, 8)
    rope = RopeConfig(100.0, 8)

    def score(query_at: int, key_at: int) -> torch.Tensor:
        q, k = (
            rotate(x, rotation(rope, 100, torch.tensor([place]), torch.float32))
            for x, place in ((q_1HC, query_at), (k_1HC, key_at))
        )
        return (q * k).sum()

    torch.testing.assert_close(score(9, 4), score(50, 45))
    assert (score(9, 4) - score(9, 5)).abs() > 1e-3


@pytest.mark.parametrize(
    ("scaling", "words"),
    [
        ({"rope_type": "spiral"}, "'spiral' is not known"),
        ({"rope_type": "linear", "factor": 0}, "factor of the rotary scaling is 0"),
        ({"rope_type": "linear", "factor": "8"}, "factor is '8', not a number"),
        ({"rope_type": "linear", "factor": float("nan")}, "not a finite number"),
        ({"rope_type": "longrope", "factor": 2, "short_factor": [1.0], "long_factor": [1.0]}, "32"),
        ({"rope_type": "longrope", "short_factor": [-1.0], "long_factor": [1.0]}, "above 0"),
        (SCALINGS["llama3"] | {"low_freq_factor": 4.0}, "low_freq_factor"),
        (SCALINGS["yarn"] | {"original_max_position_embeddings": 0}, "it must be above 1"),
        ({"rope_theta": 0.0}, "rotary base is 0"),
        ({"partial_rotary_factor": 0.01}, "rotary width is 0"),
    ],
)
def test_nonsense_is_refused(scaling: dict[str, Any], words: str) -> None:
    values = {"max_position_embeddings": 64, "rope_parameters": scaling}
    with pytest.raises(ValueError, match=words):
        read_rope(ConfigValues(values), HEAD)
