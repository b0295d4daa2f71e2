"""The small set of questions that comes with Sourcebook, written for it in both languages.

Short rules of an invented company, some in two versions that are easily confused; questions in the
language of the passage (q), in the other one (x), and such that nothing answers (n).
"""

from pathlib import Path
from typing import Final

NAME: Final = "house"


def house_folder() -> Path:
    """Return the folder of the set."""
    return Path(__file__).parent / "sets" / NAME
