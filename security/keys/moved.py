"""A KEK on its way from one holder to another."""

from security.keys.port import KeyProvider


class MovedKeyProvider:
    """Wraps with the present holder; the former one still unwraps what it wrapped.

    Who unwraps is chosen by the header alone, so neither is asked on the chance that it fits.
    """

    def __init__(self, present: KeyProvider, former: KeyProvider) -> None:
        self._present = present
        self._former = former

    def wrap(self, associated: bytes, key: bytes) -> bytes:
        """Encrypt under the present holder's KEK."""
        return self._present.wrap(associated, key)

    def unwrap(self, associated: bytes, wrapped: bytes) -> bytes:
        """Decrypt by the holder whose KEK the header names."""
        holder = self._former if self._former.knows(wrapped) else self._present
        return holder.unwrap(associated, wrapped)

    def knows(self, wrapped: bytes) -> bool:
        """Tell whether the header names a KEK of either."""
        return self._present.knows(wrapped) or self._former.knows(wrapped)

    def is_current(self, wrapped: bytes) -> bool:
        """Tell whether the present holder wrapped it with its present KEK."""
        return self._present.is_current(wrapped)
