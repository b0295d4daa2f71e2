"""Plots as SVG, drawn by hand: two kinds, no script, readable in light and dark.

Colours come from the page's own variables.
"""

from collections.abc import Mapping, Sequence
from html import escape

from evaluation.bootstrap import Mean

_LABEL, _BAR, _ROW, _TOP = 190, 420, 26, 8
_CURVE_WIDTH, _CURVE_HEIGHT, _MARGIN = 560, 200, 36


def bars(rows: Sequence[tuple[str, Sequence[Mean]]]) -> str:
    """Draw means from 0 to 1 with their intervals; the means of a row stand under each other."""
    parts, y = [], _TOP
    for label, values in rows:
        middle = y + _ROW * len(values) / 2 + 4
        parts.append(f'<text x="0" y="{middle:.0f}">{escape(label)}</text>')
        for place, one in enumerate(values):
            parts.append(_bar(one, y + place * _ROW, place))
        y += _ROW * len(values) + _TOP
    return _svg(_LABEL + _BAR + 70, y, parts)


def _bar(one: Mean, y: float, place: int) -> str:
    low, high, end = (_LABEL + _BAR * x for x in (one.low, one.high, one.value))
    middle = y + _ROW / 2
    return (
        f'<rect class="series{place}" x="{_LABEL}" y="{y + 4:.0f}" '
        f'width="{max(end - _LABEL, 1):.1f}" height="{_ROW - 8}"/>'
        f'<path class="interval" d="M{low:.1f} {middle:.0f}H{high:.1f}"/>'
        f'<text x="{max(high, end) + 8:.0f}" y="{middle + 4:.0f}">{one.value * 100:.1f}</text>'
    )


def distribution(series: Mapping[str, Sequence[float]], unit: str) -> str:
    """Draw the share of values up to each value, one curve a series, from 0 on."""
    longest = max((max(values) for values in series.values() if values), default=0.0) or 1.0
    bottom = _CURVE_HEIGHT - _MARGIN
    parts = [f'<path class="axis" d="M{_MARGIN} 8V{bottom}H{_CURVE_WIDTH}"/>']
    for place, (name, values) in enumerate(series.items()):
        parts.append(f'<path class="curve series{place}" d="{_curve(sorted(values), longest)}"/>')
        parts.append(
            f'<text class="series{place}" x="{_CURVE_WIDTH - 8}" y="{bottom - 12 - 18 * place}" '
            f'text-anchor="end">{escape(name)}</text>'
        )
    parts += [
        f'<text x="{_MARGIN}" y="{bottom + 20}">0</text>',
        f'<text x="{_CURVE_WIDTH}" y="{bottom + 20}" text-anchor="end">'
        f"{longest:,.0f} {escape(unit)}</text>",
        '<text x="0" y="16">100 %</text>',
    ]
    return _svg(_CURVE_WIDTH + 8, _CURVE_HEIGHT, parts)


def _curve(values: Sequence[float], longest: float) -> str:
    wide, high = _CURVE_WIDTH - _MARGIN, _CURVE_HEIGHT - _MARGIN - 8
    points = [
        f"{_MARGIN + wide * value / longest:.1f} {_CURVE_HEIGHT - _MARGIN - high * share:.1f}"
        for share, value in _steps(values)
    ]
    return "M" + "L".join(points)


def _steps(values: Sequence[float]) -> Sequence[tuple[float, float]]:
    """Return (share, value) at every value, or at 200 of them: more cannot be seen."""
    count = len(values)
    stride = max(1, count // 200)
    picked = [(place, values[place]) for place in range(0, count, stride)]
    return [(0.0, 0.0), *(((place + 1) / count, value) for place, value in picked), (1, values[-1])]


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img"'
    return f"<svg {size}>{''.join(parts)}</svg>"
