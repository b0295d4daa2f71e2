"""A setting that is misspelt in a section is refused, never ignored."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from api.settings import Settings


def _sections(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _sections(field.annotation)


@pytest.mark.parametrize("section", list(_sections(Settings)), ids=lambda section: section.__name__)
def test_a_section_takes_no_unknown_key(section: type[BaseModel]) -> None:
    assert section.model_config.get("extra") == "forbid"
