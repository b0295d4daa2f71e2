import threading

import argon2
import pytest

from security.errors import PasswordRefused
from security.passwords import Passwords
from security.settings import PasswordSettings

PASSWORD = "correct horse battery"


def test_only_the_right_password_matches(passwords: Passwords) -> None:
    stored = passwords.hash(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert passwords.verify(stored, PASSWORD)
    assert not passwords.verify(stored, PASSWORD + " ")
    assert not passwords.verify(None, "nobody has this password")
    assert not passwords.verify("damaged", PASSWORD)


def test_an_unknown_user_costs_as_much_as_a_wrong_password(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = []
    verify = argon2.PasswordHasher.verify

    def spy(hasher: argon2.PasswordHasher, stored: str, password: bytes) -> bool:
        costs.append(stored.rsplit("$", 2)[0])
        return verify(hasher, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", spy)
    passwords.verify(passwords.hash(PASSWORD), "wrong")
    passwords.verify(None, "wrong")
    passwords.verify(None, "x" * 100_000)
    assert len(costs) == 3
    assert len(set(costs)) == 1


@pytest.mark.parametrize("length", [0, 11, 257, 100_000])
def test_too_short_and_too_long_is_refused_with_the_limits(
    passwords: Passwords, length: int
) -> None:
    with pytest.raises(PasswordRefused, match="12 to 256"):
        passwords.hash("x" * length)


def test_a_long_wrong_password_never_matches(passwords: Passwords) -> None:
    assert not passwords.verify(passwords.rehash(""), "x" * 300)


def test_the_same_characters_from_another_keyboard_match(passwords: Passwords) -> None:
    assert passwords.verify(passwords.hash("密码 Cafe\u0301 １２３４５"), "密码 Café 12345")


def test_other_costs_make_a_hash_outdated(passwords: Passwords) -> None:
    stored = passwords.hash(PASSWORD)
    assert not passwords.is_outdated(stored)
    assert Passwords(PasswordSettings(memory_kib=16, passes=1, lanes=1)).is_outdated(stored)


def test_only_so_many_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords(PasswordSettings(memory_kib=8, passes=1, lanes=1, hashes_at_once_max=2))
    lock, full, release = threading.Lock(), threading.Event(), threading.Event()
    inside, most = 0, 0

    def hash_slowly(hasher: argon2.PasswordHasher, password: bytes) -> str:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            if inside == 2:
                full.set()
        release.wait(10)
        with lock:
            inside -= 1
        return ""

    monkeypatch.setattr(argon2.PasswordHasher, "hash", hash_slowly)
    threads = [threading.Thread(target=passwords.hash, args=(PASSWORD,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert full.wait(10)
    release.set()
    for thread in threads:
        thread.join(10)
    assert most == 2
