"""Requests that wait for a place: each tenant's in order of arrival, tenants by turns."""

from collections import deque
from collections.abc import Collection, Iterator

from model.engine.generation import Generation
from model.engine.turns import Turns
from model.errors import GeneratorBusy


class Waiting:
    """A line for each tenant, of limited length each and together."""

    def __init__(self, requests_max: int, requests_per_tenant_max: int) -> None:
        self._requests_max = requests_max
        self._requests_per_tenant_max = requests_per_tenant_max
        self._lines: dict[str, deque[Generation]] = {}

    def __len__(self) -> int:
        """Count all who wait."""
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[Generation]:
        """Go through all who wait, tenant by tenant."""
        for line in self._lines.values():
            yield from line

    @property
    def tenants(self) -> Collection[str]:
        """Who has somebody waiting."""
        return self._lines.keys()

    def check_room(self, tenant: str, free_places: int) -> None:
        """Check that one more may wait, apart from those who are about to get a free place.

        Raises:
            GeneratorBusy: too many do already.
        """
        if len(self) >= self._requests_max + free_places:
            raise GeneratorBusy(self._requests_max)
        if len(self._lines.get(tenant, ())) >= self._requests_per_tenant_max + free_places:
            raise GeneratorBusy(self._requests_per_tenant_max)

    def add(self, generation: Generation) -> None:
        """Let a generation wait, last of its tenant's."""
        self._lines.setdefault(generation.tenant, deque()).append(generation)

    def first(self, turns: Turns) -> Generation | None:
        """Return who is next, without taking it out."""
        if not self._lines:
            return None
        return self._lines[min(self._lines, key=turns.had)][0]

    def remove(self, generation: Generation) -> None:
        """Take a generation out, wherever in its line it is."""
        line = self._lines[generation.tenant]
        line.remove(generation)
        if not line:
            del self._lines[generation.tenant]
