"""One installation for all tests of the routes; each leaves it as it was."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.integration.matrix.installation import Installation, installed


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with ExitStack() as stack:
        yield installed(tmp_path_factory.mktemp("matrix"), stack)
