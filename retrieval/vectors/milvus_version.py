"""What a Milvus server can do, by its version."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`upserts`: into collections with a partition key, for 2.3 puts those where no search looks.

    `full_text`: BM25 and sparse vectors. `half_precision`: vectors of two bytes a dimension.
    """

    upserts: bool
    half_precision: bool
    full_text: bool


def capabilities(version: str) -> Capabilities:
    """Read a version such as "v2.3.5-lite"; one that cannot be read can do the least."""
    found = re.search(r"(\d+)\.(\d+)", version)
    number = tuple(map(int, found.groups())) if found else (0, 0)
    return Capabilities(
        upserts=number >= (2, 4), half_precision=number >= (2, 4), full_text=number >= (2, 5)
    )
