"""What every holder of the key-encryption key owes, inherited by the tests of each."""

import os

import pytest

from security.errors import KeyUnavailable
from security.keys import EnvironmentKeyProvider, KeyProvider, MovedKeyProvider

KEY = bytes(range(32))
OTHER = EnvironmentKeyProvider("ZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/gIGCg4Q=")


class KeyProviderConformance:
    """Define fixtures `provider` and `reopened`, the same KEK opened once more."""

    def test_a_wrapped_key_comes_back_for_what_it_was_bound_to(self, provider: KeyProvider) -> None:
        wrapped = provider.wrap(b"tenant", KEY)
        assert KEY not in wrapped
        assert provider.unwrap(b"tenant", wrapped) == KEY
        for other in (b"other", b"", b"tenant\x00", b"tenan"):
            with pytest.raises(KeyUnavailable):
                provider.unwrap(other, wrapped)

    def test_it_comes_back_in_another_process(
        self, provider: KeyProvider, reopened: KeyProvider
    ) -> None:
        assert reopened.unwrap(b"tenant", provider.wrap(b"tenant", KEY)) == KEY

    def test_no_two_wrappings_are_equal(self, provider: KeyProvider) -> None:
        assert provider.wrap(b"tenant", KEY) != provider.wrap(b"tenant", KEY)

    def test_a_wrapped_key_with_a_bit_flipped_or_cut_is_refused(
        self, provider: KeyProvider
    ) -> None:
        wrapped = provider.wrap(b"tenant", KEY)
        changed = [wrapped[:-1], wrapped[:18], b"", wrapped + b"\x00"]
        for index in (0, 1, 2, 17, 18, 20, 27, 40, len(wrapped) - 2):
            flipped = bytearray(wrapped)
            flipped[index] ^= 1
            changed.append(bytes(flipped))
        for text in changed:
            with pytest.raises(KeyUnavailable):
                provider.unwrap(b"tenant", text)

    def test_another_kek_does_not_unwrap_and_says_what_to_do(self, provider: KeyProvider) -> None:
        with pytest.raises(KeyUnavailable, match="Restore the key"):
            OTHER.unwrap(b"tenant", provider.wrap(b"tenant", KEY))
        with pytest.raises(KeyUnavailable, match="Restore the key"):
            provider.unwrap(b"tenant", OTHER.wrap(b"tenant", KEY))

    def test_it_knows_its_own(self, provider: KeyProvider) -> None:
        wrapped = provider.wrap(b"tenant", KEY)
        assert provider.knows(wrapped)
        assert provider.is_current(wrapped)
        for foreign in (OTHER.wrap(b"tenant", KEY), b"", os.urandom(100)):
            assert not provider.knows(foreign)
            assert not provider.is_current(foreign)

    def test_keys_move_to_it_and_from_it(self, provider: KeyProvider) -> None:
        for present, former in ((provider, OTHER), (OTHER, provider)):
            wrapped = former.wrap(b"tenant", KEY)
            moved = MovedKeyProvider(present, former)
            assert moved.knows(wrapped)
            assert not moved.is_current(wrapped)
            again = moved.wrap(b"tenant", moved.unwrap(b"tenant", wrapped))
            assert moved.is_current(again)
            assert present.unwrap(b"tenant", again) == KEY
            with pytest.raises(KeyUnavailable):
                former.unwrap(b"tenant", again)
