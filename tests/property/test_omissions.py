"""Pages that were not read are named all, each once, whatever they are."""

import json

from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import NoText, ParserCrashed, ParserTimedOut
from ingest.omissions import omitted_pages, read_stored, stored

REASONS = st.sampled_from([NoText(), ParserCrashed(), ParserTimedOut()])


@given(st.dictionaries(st.integers(1, 60), REASONS))
def test_stretches_hold_each_page_under_its_reason(
    unread: dict[int, NoText | ParserCrashed | ParserTimedOut],
) -> None:
    omissions = omitted_pages(unread)
    named = [
        (page, one.reason)
        for one in omissions
        for first, last in one.pages
        for page in range(first, last + 1)
    ]
    assert sorted(named) == sorted((page, reason.code) for page, reason in unread.items())
    assert sum(one.count for one in omissions) == len(unread)
    assert read_stored(json.loads(json.dumps(stored(omissions)))) == omissions
