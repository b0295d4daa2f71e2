"""Ways to stretch a rotary embedding beyond the context that a model was first trained on.

Each changes the frequencies; `magnitude` multiplies the rotated queries and keys, which sharpens
attention over long contexts. Shapes: F frequencies, half of the rotated width.
"""

import math
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class LinearScaling:
    """Positions are divided by `factor` (position interpolation; Chen et al. 2023)."""

    factor: float
    magnitude: float = 1.0


@dataclass(frozen=True, slots=True)
class DynamicScaling:
    """The base grows with the length, once it is beyond the original context ("dynamic NTK")."""

    factor: float
    original_context: int
    magnitude: float = 1.0


@dataclass(frozen=True, slots=True)
class YarnScaling:
    """High frequencies stay, low ones are divided, those between are mixed (Peng et al. 2023)."""

    factor: float
    original_context: int
    fast: float = 32.0
    """Turns within the original context from which a frequency stays as it is."""
    slow: float = 1.0
    """Turns up to which a frequency is divided by `factor`."""
    truncate: bool = True
    """Whether the bounds between are rounded to whole channels."""
    magnitude: float = 1.0


@dataclass(frozen=True, slots=True)
class Llama3Scaling:
    """Llama 3.1's: as YaRN, but mixed by wavelength."""

    factor: float
    original_context: int
    low: float
    """Turns within the original context up to which a frequency is divided by `factor`."""
    high: float
    """Turns from which it stays as it is."""
    magnitude: float = 1.0


@dataclass(frozen=True, slots=True)
class LongScaling:
    """A searched divisor for each frequency, one set beyond the original context (LongRoPE)."""

    original_context: int
    short: tuple[float, ...]
    long: tuple[float, ...]
    magnitude: float = 1.0


Scaling = LinearScaling | DynamicScaling | YarnScaling | Llama3Scaling | LongScaling


def frequencies(base: float, width: int, scaling: Scaling | None, length: int) -> torch.Tensor:
    """Return the radians per token, F (float32), for sequences of up to `length` tokens."""
    match scaling:
        case None:
            return _unscaled(base, width)
        case LinearScaling():
            return _unscaled(base, width) / scaling.factor
        case DynamicScaling():
            return _unscaled(_grown_base(base, width, scaling, length), width)
        case YarnScaling():
            return _yarn(base, width, scaling)
        case Llama3Scaling():
            return _llama3(_unscaled(base, width), scaling)
        case LongScaling():
            divisors = scaling.long if length > scaling.original_context else scaling.short
            return _unscaled(base, width) / torch.tensor(divisors)


def yarn_magnitude(factor: float, weight: float = 1.0) -> float:
    """Return YaRN's magnitude for a stretch by `factor` ("mscale")."""
    return 1.0 if factor <= 1 else 0.1 * weight * math.log(factor) + 1.0


def _unscaled(base: float, width: int) -> torch.Tensor:
    exponent_F = torch.arange(0, width, 2, dtype=torch.float32) / width
    return 1.0 / base**exponent_F


def _grown_base(base: float, width: int, scaling: DynamicScaling, length: int) -> float:
    stretch = max(length / scaling.original_context, 1.0)
    growth = scaling.factor * stretch - (scaling.factor - 1)
    return float(base * growth ** (width / (width - 2)))


def _yarn(base: float, width: int, scaling: YarnScaling) -> torch.Tensor:
    low, high = (_channel(base, width, scaling, turns) for turns in (scaling.fast, scaling.slow))
    if scaling.truncate:
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, width - 1)
    channel_F = torch.arange(width // 2, dtype=torch.float32)
    divided_F = ((channel_F - low) / max(high - low, 0.001)).clamp(0, 1)
    return _mix(_unscaled(base, width), scaling.factor, divided_F)


def _channel(base: float, width: int, scaling: YarnScaling, turns: float) -> float:
    """Return which channel turns that often within the original context."""
    wavelength = scaling.original_context / turns
    return width * math.log(wavelength / (2 * math.pi)) / (2 * math.log(base))


def _llama3(frequency_F: torch.Tensor, scaling: Llama3Scaling) -> torch.Tensor:
    turns_F = scaling.original_context * frequency_F / (2 * math.pi)
    kept_F = ((turns_F - scaling.low) / (scaling.high - scaling.low)).clamp(0, 1)
    return _mix(frequency_F, scaling.factor, 1 - kept_F)


def _mix(frequency_F: torch.Tensor, factor: float, divided_F: torch.Tensor) -> torch.Tensor:
    """Divide a share of each frequency by `factor`."""
    return frequency_F * (1 - divided_F) + frequency_F / factor * divided_F
