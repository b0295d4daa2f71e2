"""Every quick way to attend equals the plain one, whatever a token may see."""

import pytest
import torch

from model.attend import FEW_TOKENS, SINK_TOKENS, attend
from model.step import Span
from model.visibility import Visibility

KEY_HEADS, QUERY_HEADS, WIDTH, VALUE_WIDTH = 2, 6, 8, 5


def sees(rule: Visibility, token: int, other: int) -> bool:
    """Say it in the plainest way."""
    if other > token:
        return False
    in_window = not rule.window or token - other < rule.window
    return in_window or other < rule.global_tokens


def plain(
    q_THC: torch.Tensor,
    k_KSC: torch.Tensor,
    v_KSC: torch.Tensor,
    span: Span,
    rule: Visibility,
    sink_H: torch.Tensor | None,
) -> torch.Tensor:
    """Take one token and one head at a time."""
    y = torch.zeros(span.count, QUERY_HEADS, VALUE_WIDTH)
    for row in range(span.count):
        seen = [s for s in range(span.end) if sees(rule, span.start + row, s)]
        for head in range(QUERY_HEADS):
            key_head = head // (QUERY_HEADS // KEY_HEADS)
            scores = k_KSC[key_head, seen] @ q_THC[row, head] * 0.3
            if sink_H is not None:
                scores = torch.cat([scores, sink_H[head : head + 1]])
            shares = scores.softmax(0)[: len(seen)]
            y[row, head] = shares @ v_KSC[key_head, seen]
    return y


@pytest.mark.parametrize("sinks", [False, True])
@pytest.mark.parametrize("rule", [Visibility(), Visibility(4), Visibility(4, 2), Visibility(50, 3)])
@pytest.mark.parametrize("start", [0, 1, 9])
@pytest.mark.parametrize("count", [1, 3, FEW_TOKENS + 2])
@torch.inference_mode()
def test_equals_the_plain_way(count: int, start: int, rule: Visibility, sinks: bool) -> None:
    torch.manual_seed(count)
    span = Span(0, start, count)
    q_THC = torch.randn(count, QUERY_HEADS, WIDTH)
    k_KSC = torch.randn(KEY_HEADS, span.end, WIDTH)
    v_KSC = torch.randn(KEY_HEADS, span.end, VALUE_WIDTH)
    sink_H = torch.randn(QUERY_HEADS) if sinks else None
    ours = attend(q_THC, k_KSC, v_KSC, span, sees=rule, scale=0.3, sink_H=sink_H)
    torch.testing.assert_close(ours, plain(q_THC, k_KSC, v_KSC, span, rule, sink_H))


def test_keys_beyond_the_window_are_not_read() -> None:
    k_KSC = torch.randn(1, 100, 4)
    rule = Visibility(window=10)
    assert rule.needed(k_KSC, Span(0, 99, 1)).shape == (1, 10, 4)
    assert rule.needed(k_KSC, Span(0, 95, 5)).shape == (1, 14, 4)
    assert rule.needed(k_KSC, Span(0, 99, 1)).data_ptr() == k_KSC[:, 90:].data_ptr()
    assert Visibility(10, 3).needed(k_KSC, Span(0, 99, 1)).shape == (1, 13, 4)


def test_sinks_over_several_pieces() -> None:
    torch.manual_seed(1)
    span, rule = Span(0, 3, SINK_TOKENS + 5), Visibility(20)
    q_THC = torch.randn(span.count, QUERY_HEADS, WIDTH)
    k_KSC = torch.randn(KEY_HEADS, span.end, WIDTH)
    v_KSC = torch.randn(KEY_HEADS, span.end, VALUE_WIDTH)
    sink_H = torch.randn(QUERY_HEADS)
    ours = attend(q_THC, k_KSC, v_KSC, span, sees=rule, scale=0.3, sink_H=sink_H)
    torch.testing.assert_close(ours, plain(q_THC, k_KSC, v_KSC, span, rule, sink_H))
