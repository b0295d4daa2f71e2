"""Chinese in traditional characters, of data that are in simplified ones."""

from collections.abc import Callable
from random import Random

from model.errors import TuningDataError

Convert = Callable[[str], str]


class Scripts:
    """Decides by seed which rows are written in traditional characters, as used in Taiwan."""

    def __init__(self, traditional_share: float, seed: int) -> None:
        self._share, self._seed = traditional_share, seed
        self._traditional = _converter() if traditional_share else str

    def of(self, row_id: str, language: str) -> Convert:
        """Return what writes a row's texts."""
        drawn = Random(f"{self._seed} script {row_id}").random()  # noqa: S311 - reproducible, not secret
        return self._traditional if language == "zh" and drawn < self._share else str


def _converter() -> Convert:
    try:
        from opencc import OpenCC  # noqa: PLC0415 - only who tunes needs it
    except ImportError as error:
        raise TuningDataError("traditional_share needs OpenCC: pip install opencc") from error
    convert: Convert = OpenCC("s2tw").convert
    return convert
