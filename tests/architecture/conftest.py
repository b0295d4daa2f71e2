"""Where the repository's files are."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the repository's folder."""
    return Path(__file__).parents[2]
