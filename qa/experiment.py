"""Two ways of searching tried side by side: who gets which is drawn once for each person."""

from typing import Final

from sqlalchemy.orm import Session

from qa.feedback import ArmName
from qa.settings import ExperimentSettings
from retrieval.search import Retriever
from security.keyring import KeyRing
from security.principal import Principal

_PURPOSE: Final = "experiment"
_DRAWN_BITS: Final = 64


class Experiment:
    """Draws a person's arm from a keyed hash, so that nobody can tell or choose it.

    The hash covers the experiment's name: the next experiment draws anew, whatever came before.
    Raising the share moves people from A to B and none back.
    """

    def __init__(
        self, settings: ExperimentSettings, retriever: Retriever, keyring: KeyRing
    ) -> None:
        self.name: Final = settings.name
        self.retriever: Final = retriever
        self._share = settings.variant_share
        self._keyring = keyring

    def arm(self, session: Session, principal: Principal) -> ArmName:
        """Return the principal's arm, the same for as long as name and share stay."""
        keys = self._keyring.tenant(session, principal.tenant_id)
        drawn = keys.digest(_PURPOSE, f"{self.name}\n{principal.user_id}".encode())
        return "B" if int(drawn[: _DRAWN_BITS // 4], 16) < self._share * 2**_DRAWN_BITS else "A"
