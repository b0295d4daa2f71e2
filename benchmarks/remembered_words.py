"""A generator whose words are kept by what it was asked: rules are tried without asking again."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from model.backends.local import LocalGenerator
from model.backends.port import GenerationPiece, GenerationRequest, Generator
from model.settings import ModelSettings

_CHARACTERS_A_TOKEN = 3.5


class RememberedWords:
    """Asks a model what no line of `file` holds yet; opened only then.

    Give each model, and each tuning of it, a file of its own. Tokens are estimated, so that the
    same passages are shown with and without the model at hand.
    """

    def __init__(self, file: Path, model: Path | None) -> None:
        self._file = file
        self._model = model
        self._generator: Generator | None = None
        self._said: dict[str, str] = {}
        self.said = ""
        self.asked = 0
        self.name = "remembered"
        self.context_tokens_max = 32_768
        self.enforces_allowed = True
        if file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                self._said[row["key"]] = row["said"]

    def count_tokens(self, text: str) -> int:
        """Estimate; Chinese characters count whole."""
        wide = sum(character > "\u2e7f" for character in text)
        return round((len(text) - wide) / _CHARACTERS_A_TOKEN) + wide

    def generate(
        self, request: GenerationRequest, cancelled: Any = None
    ) -> Iterator[GenerationPiece]:
        """Say again what was said, or ask and keep it."""
        key = _key(request)
        if key not in self._said:
            self._said[key] = self._asked(request, cancelled)
            with self._file.open("a", encoding="utf-8") as lines:
                row = {"key": key, "said": self._said[key]}
                print(json.dumps(row, ensure_ascii=False), file=lines)
        self.said = self._said[key]
        yield GenerationPiece(
            text=self.said, finish_reason="stop", prompt_tokens=1, completion_tokens=1
        )

    def _asked(self, request: GenerationRequest, cancelled: Any) -> str:
        if self._generator is None:
            if self._model is None:
                raise SystemExit("Some questions were not asked yet: name a --model.")
            self._generator = LocalGenerator.load(self._model, ModelSettings())
        self.asked += 1
        return "".join(piece.text for piece in self._generator.generate(request, cancelled))

    def forget(self, tenant: str) -> None:
        """Nothing is kept of a tenant."""

    def close(self) -> None:
        """Close the model if it was opened."""
        if self._generator is not None:
            self._generator.close()


def _key(request: GenerationRequest) -> str:
    messages: Sequence[dict[str, Any]] = [asdict(message) for message in request.messages]
    return sha256(json.dumps(messages, ensure_ascii=False).encode()).hexdigest()
