"""Whose turn it is among tenants: who has had the fewest tokens (start-time fair queueing)."""

import math
from collections.abc import Collection


class Turns:
    """Counts tokens by tenant. One that comes new starts level with those who are there."""

    def __init__(self) -> None:
        self._had: dict[str, int] = {}

    def join(self, tenant: str, present: Collection[str]) -> None:
        """Take in a tenant that has no other request among those `present`.

        Who had more than the others before it left still has; what it did not use, it loses.
        """
        level = min((self._had[other] for other in present), default=math.inf)
        self._had = {
            other: had for other, had in self._had.items() if other in present or had > level
        }
        self._had.setdefault(tenant, int(level) if present else 0)

    def charge(self, tenant: str, tokens: int) -> None:
        """Count tokens that were computed for a tenant."""
        self._had[tenant] += tokens

    def had(self, tenant: str) -> int:
        """Return a tenant's count; the smallest is next."""
        return self._had[tenant]
