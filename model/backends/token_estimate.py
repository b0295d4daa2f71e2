"""How many tokens a text has, when nobody can count them: rather too many than too few."""

import math
import re

_SPELT = re.compile(r"[A-Za-z ]")
_LETTERS_PER_TOKEN = 3
"""English has four to five and German three to four in today's vocabularies."""


def estimate_tokens(text: str) -> int:
    """Return letters and spaces by threes, and each digit, sign and other letter as a token."""
    spelt = len(_SPELT.findall(text))
    return math.ceil(spelt / _LETTERS_PER_TOKEN) + len(text) - spelt
