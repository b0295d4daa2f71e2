"""Every compiled kernel against the torch path that it stands for."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from model.activation import silu_gated
from model.attend import FEW_TOKENS, attend
from model.errors import KernelsUnavailable
from model.kernels.loading import kernels_used, load_kernels, squares_used, without_kernels
from model.norm import RmsNorm
from model.quantised.offset_rounding import offsets_lose_nothing, round_with_offsets
from model.quantised.rounding import GROUP, round_weights
from model.quantised.weight import QuantisedWeight, linear
from model.rope import rotate
from model.step import Span
from model.visibility import Visibility

SIZES = st.integers(min_value=1, max_value=100)
SEEDS = st.integers(0, 99)
DTYPES = st.sampled_from([torch.float32, torch.bfloat16])
FEW_ROWS = st.integers(min_value=1, max_value=19)
ROUNDINGS: dict[str, Callable[[torch.Tensor], QuantisedWeight]] = {
    "4": partial(QuantisedWeight.of, bits=4),
    "4 with offsets": QuantisedWeight.with_offsets,
    "5": partial(QuantisedWeight.of, bits=5),
    "8": partial(QuantisedWeight.of, bits=8),
}
EACH_ROUNDING = pytest.mark.parametrize("rounding", ROUNDINGS)


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> Iterator[None]:
    try:
        load_kernels()
    except KernelsUnavailable as error:
        pytest.skip(str(error))
    with torch.inference_mode():
        yield


def numbers(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def rounded_activations(x_TK: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what is left of activations rounded to int8 in groups of 32, and what is lost at most.

    The loss is half a step of each group.
    """
    columns = x_TK.shape[1]
    groups = F.pad(x_TK.float(), (0, -columns % GROUP)).unflatten(1, (-1, GROUP))
    largest = groups.abs().amax(dim=-1, keepdim=True)
    steps = torch.where(largest > 1e-30, torch.full_like(largest, 127) / largest, 0.0)
    left = (groups * steps).round() * (largest / 127)
    lost = (largest / 254).expand_as(groups)
    return left.flatten(1)[:, :columns], lost.flatten(1)[:, :columns]


@given(
    rows=FEW_ROWS,
    outputs=SIZES,
    inputs=SIZES,
    rounding=st.sampled_from(list(ROUNDINGS)),
    dtype=DTYPES,
    biased=st.booleans(),
    seed=SEEDS,
)
@settings(deadline=None)
def test_few_rows(
    rows: int, outputs: int, inputs: int, rounding: str, dtype: torch.dtype, biased: bool, seed: int
) -> None:
    weight = ROUNDINGS[rounding](numbers(seed, outputs, inputs))
    x = numbers(seed + 1, rows, inputs).to(dtype)
    x[:, : min(inputs, GROUP)] *= seed % 3  # also groups of zeros
    bias = numbers(seed + 2, outputs).to(dtype) if biased else None
    left, lost = rounded_activations(x)
    matrix = weight.dequantised(torch.float32)
    exact = F.linear(left, matrix, None if bias is None else bias.float())
    torch.testing.assert_close(linear(x, weight, bias), exact.to(dtype), atol=1e-3, rtol=1.6e-2)
    with without_kernels():
        plain = linear(x, weight, bias).float()
    error = (linear(x, weight, bias).float() - plain).abs()
    # Without kernels bfloat16 rounds the weights, the sums and the results, each by 1/256.
    bfloat16s = F.linear(x.float().abs(), matrix.abs()) / 128 + plain.abs() / 64
    assert (error <= F.linear(lost, matrix.abs()) + bfloat16s + 1e-4).all()


@given(
    rows=st.integers(24, 100),
    outputs=SIZES,
    inputs=SIZES,
    rounding=st.sampled_from(list(ROUNDINGS)),
    seed=SEEDS,
)
@settings(deadline=None, max_examples=40)
def test_many_rows(rows: int, outputs: int, inputs: int, rounding: str, seed: int) -> None:
    weight = ROUNDINGS[rounding](numbers(seed, outputs, inputs))
    x = numbers(seed + 1, rows, inputs).bfloat16()
    bias = numbers(seed + 2, outputs).bfloat16()
    exact = F.linear(x.float(), weight.dequantised(torch.float32), bias.float())
    error = (linear(x, weight, bias).float() - exact).norm()
    assert error <= 0.02 * exact.norm()  # bfloat16's own, or where AMX is missing int8's


@pytest.mark.parametrize("rows", [5, 600])
@EACH_ROUNDING
def test_more_columns_than_one_panel(rows: int, rounding: str) -> None:
    weight = ROUNDINGS[rounding](numbers(0, 40, 2100))
    x = numbers(1, rows, 2100).bfloat16()
    exact = F.linear(x.float(), weight.dequantised(torch.float32))
    assert (linear(x, weight, None).float() - exact).norm() <= 0.015 * exact.norm()


@EACH_ROUNDING
def test_row_does_not_depend_on_the_rows_beside_it(rounding: str) -> None:
    weight = ROUNDINGS[rounding](numbers(0, 50, 160))
    x = numbers(1, 17, 160).bfloat16()
    together = linear(x, weight, None)
    for count in range(1, 17):
        assert torch.equal(linear(x[:count], weight, None), together[:count])


@pytest.mark.parametrize("rows", [3, 50])
def test_threads_change_nothing(rows: int) -> None:
    weight = QuantisedWeight.of(numbers(0, 500, 1100), 4)
    x = numbers(1, rows, 1100).bfloat16()
    before = torch.get_num_threads()
    try:
        results = []
        for threads in (1, 3):
            torch.set_num_threads(threads)
            results.append(linear(x, weight, None))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*results)


@EACH_ROUNDING
def test_extreme_activations(rounding: str) -> None:
    weight = ROUNDINGS[rounding](torch.ones(3, 64))
    x = torch.zeros(4, 64)
    x[1], x[2, 0], x[3, 0] = 1e-40, 1e30, torch.inf
    y = linear(x, weight, None)
    assert not y[:2].any()
    torch.testing.assert_close(y[2], torch.full((3,), 1e30), rtol=0.01, atol=0)
    assert not torch.isfinite(y[3]).any()


def test_weights_of_another_shape_are_refused() -> None:
    weight = QuantisedWeight.of(torch.ones(16, 64), 4)
    with pytest.raises(RuntimeError, match="shape does not fit"):
        linear(torch.ones(1, 96), weight, None)


@given(groups=SIZES, seed=SEEDS)
@settings(deadline=None)
def test_scale_search(groups: int, seed: int) -> None:
    weight = numbers(seed, groups, GROUP)
    weight[0] = 0
    with without_kernels():
        expected = round_weights(weight, 4)
    values, scales = round_weights(weight, 4)
    torch.testing.assert_close(scales, expected[1], rtol=8e-3, atol=0)
    assert (values != expected[0]).float().mean() < 0.05  # ties that another order of sums breaks


@given(groups=SIZES, steps=st.integers(1, 15), offset=st.floats(-10, 10), seed=SEEDS)
@settings(deadline=None)
def test_level_search(groups: int, steps: int, offset: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randint(0, steps + 1, (groups, GROUP), generator=generator) + offset
    weight[0] = numbers(seed, GROUP)  # on no levels
    weight = weight.bfloat16()
    with without_kernels():
        expected = round_with_offsets(weight)
        kept = [offsets_lose_nothing(group[None]) for group in weight]
    values, scales, offsets = round_with_offsets(weight)
    assert [offsets_lose_nothing(group[None]) for group in weight] == kept
    assert torch.equal(values, expected[0])
    torch.testing.assert_close(scales, expected[1])
    torch.testing.assert_close(offsets, expected[2], atol=1e-3, rtol=1e-3)


@given(rows=SIZES, width=SIZES, dtype=DTYPES, seed=SEEDS)
@settings(deadline=None)
def test_rms_norm(rows: int, width: int, dtype: torch.dtype, seed: int) -> None:
    norm = RmsNorm(width, 1e-6).to(dtype)
    norm.weight = torch.nn.Parameter(numbers(seed, width).to(dtype), requires_grad=False)
    x = numbers(seed + 1, rows, width).to(dtype)
    with without_kernels():
        expected = norm(x)
    torch.testing.assert_close(norm(x), expected)


@given(rows=SIZES, width=SIZES, dtype=DTYPES, scale=st.sampled_from([1e-3, 1.0, 100.0]), seed=SEEDS)
@settings(deadline=None)
def test_silu_gated(rows: int, width: int, dtype: torch.dtype, scale: float, seed: int) -> None:
    gate = (numbers(seed, rows, width) * scale).to(dtype)
    up = numbers(seed + 1, rows, width).to(dtype)
    expected = F.silu(gate.float()) * up.float()
    torch.testing.assert_close(silu_gated(gate, up), expected.to(dtype))


@given(
    tokens=st.integers(1, 9),
    heads=st.integers(1, 3),
    half=st.integers(1, 40),
    rest=st.integers(0, 3),
    dtype=DTYPES,
    seed=SEEDS,
)
@settings(deadline=None)
def test_rotate(
    tokens: int, heads: int, half: int, rest: int, dtype: torch.dtype, seed: int
) -> None:
    x = numbers(seed, tokens, heads, 2 * half + rest).to(dtype)
    by = tuple(numbers(seed + n, tokens, 1, half).to(dtype) for n in (1, 2))
    with without_kernels():
        expected = rotate(x.float(), (by[0].float(), by[1].float()))
    torch.testing.assert_close(rotate(x, (by[0], by[1])), expected.to(dtype))


@given(
    tokens=st.integers(1, FEW_TOKENS),
    before=st.integers(0, 50),
    key_heads=st.integers(1, 3),
    shared=st.integers(1, 3),
    width=st.integers(1, 80),
    value_width=st.integers(1, 80),
    dtype=DTYPES,
    seed=SEEDS,
)
@settings(deadline=None)
def test_attend(
    tokens: int,
    before: int,
    key_heads: int,
    shared: int,
    width: int,
    value_width: int,
    dtype: torch.dtype,
    seed: int,
) -> None:
    span = Span(0, before, tokens)
    q = numbers(seed, tokens, key_heads * shared, width).to(dtype)
    keys = numbers(seed + 1, span.end, key_heads, width).to(dtype).transpose(0, 1)
    values = numbers(seed + 2, span.end, key_heads, value_width).to(dtype).transpose(0, 1)
    scale = width**-0.5
    y = attend(q, keys, values, span, sees=Visibility(), scale=scale)
    with without_kernels():
        expected = attend(
            q.float(), keys.float(), values.float(), span, sees=Visibility(), scale=scale
        )
    torch.testing.assert_close(y, expected.to(dtype), atol=1e-5, rtol=1.6e-2)
    last = attend(q[-1:], keys, values, Span(0, span.end - 1, 1), sees=Visibility(), scale=scale)
    assert torch.equal(last, y[-1:])


@given(
    tokens=st.integers(FEW_TOKENS + 1, 100),
    before=st.integers(0, 80),
    key_heads=st.integers(1, 2),
    shared=st.integers(1, 3),
    width=st.sampled_from([32, 64, 96]),
    value_width=st.sampled_from([32, 64, 96]),
    seed=SEEDS,
)
@settings(deadline=None, max_examples=30)
def test_attend_of_many_tokens(
    tokens: int,
    before: int,
    key_heads: int,
    shared: int,
    width: int,
    value_width: int,
    seed: int,
) -> None:
    if not squares_used(torch.ones(1, dtype=torch.bfloat16)):
        pytest.skip("this processor has no squares of products")
    span = Span(0, before, tokens)
    q = numbers(seed, tokens, key_heads * shared, width).bfloat16()
    keys = numbers(seed + 1, span.end, key_heads, width).bfloat16().transpose(0, 1)
    values = numbers(seed + 2, key_heads, span.end + 3, value_width).bfloat16()[:, : span.end]
    scale = width**-0.5
    y = attend(q, keys, values, span, sees=Visibility(), scale=scale)
    with without_kernels():
        expected = attend(
            q.float(), keys.float(), values.float(), span, sees=Visibility(), scale=scale
        )
    assert (y.float() - expected).norm() <= 0.01 * expected.norm()
    part = Span(0, before, tokens - 1)
    first = attend(
        q[:-1], keys[:, : part.end], values[:, : part.end], part, sees=Visibility(), scale=scale
    )
    if part.count > FEW_TOKENS:  # what comes after a token changes nothing
        assert torch.equal(first, y[:-1])


def test_kernels_are_not_for_gradients_nor_other_formats() -> None:
    assert kernels_used(torch.ones(1))
    assert not kernels_used(torch.ones(1, dtype=torch.float16))
    assert not kernels_used(torch.ones(1, device="meta"))
    with torch.inference_mode(mode=False), torch.enable_grad():
        assert not kernels_used(torch.ones(1))
    with without_kernels():
        assert not kernels_used(torch.ones(1))
