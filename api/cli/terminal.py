"""Where commands print."""

import sys
from typing import Final

from rich.console import Console

_PIPED_COLUMNS: Final = 200


def terminal() -> Console:
    """Return standard output: as wide as the terminal, or in a pipe so wide that no name is cut."""
    return Console() if sys.stdout.isatty() else Console(width=_PIPED_COLUMNS)
