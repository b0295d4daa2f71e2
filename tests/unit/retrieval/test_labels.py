"""Which spellings of a tag or an author are the same."""

import pytest

from ingest import detect
from retrieval.labels import author_digest, tag_digest, tidy
from retrieval.media import FAMILY_OF, MEDIA_TYPES
from security.tenant_keys import TenantKeys


class _Keys:
    def digest(self, purpose: str, data: bytes) -> str:
        return f"{purpose} {data.decode()}"


KEYS: TenantKeys = _Keys()  # type: ignore[assignment] - only its digest is asked for


@pytest.mark.parametrize("label", ["Human  Resources", " human resources ", "ＨＵＭＡＮ Resources"])
def test_one_tag_in_many_spellings_is_found_by_one_digest(label: str) -> None:
    assert tag_digest(KEYS, label) == tag_digest(KEYS, "human resources")


def test_a_tag_is_no_author() -> None:
    assert tag_digest(KEYS, "Ann") != author_digest(KEYS, "Ann")


def test_a_label_is_shown_on_one_line() -> None:
    assert tidy("  a\n b ") == "a b"


def test_every_type_that_is_taken_in_belongs_to_one_family() -> None:
    assert set(FAMILY_OF) == set(detect.EXTENSIONS.values())
    assert sum(map(len, MEDIA_TYPES.values())) == len(FAMILY_OF)
