"""The mutations: small breakages of our own source, each with the tests that must notice it."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "mutations"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One breakage: `text`, which stands in `file` exactly once, becomes `replacement`.

    `tests` are pytest's names of those of which at least one must fail. `promise` is what it
    attacks: an invariant of the design, or the defence against hostile content.
    """

    promise: str
    name: str
    file: str
    text: str
    replacement: str
    tests: tuple[str, ...]

    def applied(self, source: str) -> str:
        """Return the broken source.

        Raises:
            ValueError: the text does not stand there exactly once.
        """
        if source.count(self.text) != 1:
            message = f"{self.name}: not exactly once in {self.file}: {self.text!r}"
            raise ValueError(message)
        return source.replace(self.text, self.replacement)


def mutations() -> list[Mutation]:
    """Read all of them, in the order of the promises."""
    return [one for path in sorted(FOLDER.glob("*.toml")) for one in _read(path)]


def _read(path: Path) -> Iterator[Mutation]:
    page = tomllib.loads(path.read_text())
    for name, entry in page["mutation"].items():
        tests = tuple(entry.pop("tests"))
        yield Mutation(promise=page["promise"], name=name, tests=tests, **entry)
