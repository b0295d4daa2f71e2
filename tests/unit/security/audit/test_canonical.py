import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.audit.canonical import canonical

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=8,
)


def test_the_order_of_rfc_8785_section_3_2_3() -> None:
    """Names are ordered by UTF-16 code units, so an emoji stands before a Hebrew ligature."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    written = canonical(dict.fromkeys(names))
    expected = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(written)) == expected


def test_the_strings_of_rfc_8785_section_3_2_2() -> None:
    value = {"string": '\u20ac$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]}
    expected = '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    assert canonical(value) == expected.encode()


@given(value=values)
def test_what_is_written_reads_back_and_writes_the_same(value) -> None:
    written = canonical(value)
    assert json.loads(written) == value
    assert canonical(json.loads(written)) == written
    assert b"\n" not in written


@pytest.mark.parametrize("value", [1.5, {"a": [float("nan")]}, 2**53, "\ud800"])
def test_what_has_no_canonical_form_is_refused(value) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(value)
