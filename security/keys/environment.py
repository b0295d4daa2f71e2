"""A KEK that a setting holds."""

import base64

from security.keys.local import LocalKeys


class EnvironmentKeyProvider(LocalKeys):
    """A KEK given as the base64 of 32 random bytes, as a setting holds it, and maybe its precursor.

    Raises:
        KeyUnavailable: not base64, not 32 bytes, or a placeholder instead of random bytes.
    """

    def __init__(self, encoded: str, previous: str | None = None) -> None:
        super().__init__(_decoded(encoded), None if previous is None else _decoded(previous))


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        return b""
