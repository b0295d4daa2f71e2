"""Numbers are written by the codes of their cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.number_formats import Shown, compiled


def written(value: float, code: str) -> str | None:
    show = compiled(code)
    return None if show is None else show(value).text


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.125, "0.0%", "12.5%"),
        (0.125, "0.0 %", "12.5 %"),
        (1234567, "#,##0", "1,234,567"),
        (999, "#,##0", "999"),
        (-1234.5, "#,##0.00", "-1,234.50"),
        (-1234.5, "#,##0.00;(#,##0.00)", "(1,234.50)"),
        (-1234.5, "#,##0.00_);[Red](#,##0.00)", "(1,234.50)"),
        (1234.5, '"$"#,##0.00', "$1,234.50"),
        (1234.5, "[$¥-804]#,##0.00", "¥1,234.50"),
        (1234.5, "#,##0.00 [$€-407]", "1,234.50 €"),
        (1234, '_($* #,##0_);_($* (#,##0);_($* "-"_);_(@_)', "$1,234"),
        (0, '_($* #,##0_);_($* (#,##0);_($* "-"_);_(@_)', "$-"),
        (123, "00000", "00123"),
        (1.5, "0.##", "1.5"),
        (2, "0.##", "2"),
        (0.5, "#.00", ".50"),
        (0.5, ".00", ".50"),
        (1234567, "#,##0,", "1,235"),
        (1234567, '0.0,,"M"', "1.2M"),
        (12345, "0.00E+00", "1.23E+4"),
        (75, '0" kg"', "75 kg"),
        (75, r"0\k", "75k"),
        (2.675, "0.00", "2.68"),
        (-0.001, "0.00", "0.00"),
        (0, "0;-0;;@", ""),
        (7, ";;;", ""),
        (1e30, "0.00", "1" + "0" * 30 + ".00"),
        (1.5, "0." + "0" * 40, "1.5" + "0" * 39),
        (float("inf"), "0.00", "inf"),
    ],
)
def test_numbers_are_written_as_shown(value: float, code: str, text: str) -> None:
    assert written(value, code) == text


@pytest.mark.parametrize(
    "code",
    ["General", "yyyy-mm-dd", "[h]:mm", "# ?/?", "[DBNum1]0", "[>=100]0;0.0", "@", "000-0000"],
)
def test_what_is_not_written_here_is_left_as_it_is(code: str) -> None:
    assert compiled(code) is None


@pytest.mark.parametrize(
    ("value", "code", "coarse"),
    [(0.12345678, "0%", True), (0.12345678, "0.0%", False), (3900000.456, "#,##0.00", False)],
)
def test_rounding_that_loses_much_is_known(value: float, code: str, coarse: bool) -> None:
    show = compiled(code)
    assert show is not None
    assert show(value).is_coarse is coarse


@given(st.text('0#?,.%E+-;[]$"\\_*@ymdh kg¥', max_size=60), st.floats())
def test_any_code_shows_something_or_nothing(code: str, value: float) -> None:
    show = compiled(code)
    assert show is None or isinstance(show(value), Shown)
