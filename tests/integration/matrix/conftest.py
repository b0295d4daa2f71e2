"""One installation for the tests of a file; each leaves it as it was.

Not for longer: what it puts in the place of random ids would reach other tests.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.integration.matrix.installation import Installation, installed


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with ExitStack() as stack:
        yield installed(tmp_path_factory.mktemp("matrix"), stack)
