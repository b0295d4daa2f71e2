"""Generated tokens to text that may be shown: whole characters, and nothing past a stop string."""

import codecs
from collections.abc import Sequence


class TextStream:
    """Holds back what may still turn out to be the start of a stop string."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(text for text in stop if text)
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._held = ""
        self.stopped = False

    def feed(self, token_bytes: bytes) -> str:
        """Take the next token's bytes; return the text that is now certain."""
        self._held += self._decode(token_bytes)
        places = [place for text in self._stop if (place := self._held.find(text)) >= 0]
        self.stopped = bool(places)
        return self._release(min(places) if places else len(self._held) - self._may_be_stop())

    def finish(self) -> str:
        """Return what was held back, once no more tokens come; half a character is dropped."""
        return "" if self.stopped else self._release(len(self._held))

    def _release(self, count: int) -> str:
        released, self._held = self._held[:count], self._held[count:]
        return released

    def _may_be_stop(self) -> int:
        """Count the characters at the end that begin some stop string."""
        return max(
            (
                size
                for text in self._stop
                for size in range(1, len(text))
                if self._held.endswith(text[:size])
            ),
            default=0,
        )
