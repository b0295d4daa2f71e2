"""Vault as the holder, against a server of ours that speaks its API."""

import ssl
from pathlib import Path

import pytest
from pydantic import ValidationError

from security.errors import KeyUnavailable
from security.keys import KeyProvider, ReplaceableKeyProvider, VaultKeyProvider
from security.settings import VaultSettings
from tests.unit.security.keys.certificates import make_certificate
from tests.unit.security.keys.conformance import KEY, KeyProviderConformance
from tests.unit.security.keys.fake_vault import ROLE, SECRET, FakeVault, serving


@pytest.fixture
def provider(vault_settings: VaultSettings) -> VaultKeyProvider:
    return VaultKeyProvider(vault_settings)


class TestVault(KeyProviderConformance):
    @pytest.fixture
    def provider(self, vault_settings: VaultSettings) -> KeyProvider:
        return VaultKeyProvider(vault_settings)

    @pytest.fixture
    def reopened(self, vault_settings: VaultSettings) -> KeyProvider:
        return VaultKeyProvider(vault_settings)


class TestOldVault(KeyProviderConformance):
    """One that takes associated data and ignores them."""

    @pytest.fixture
    def provider(self, vault: FakeVault, vault_settings: VaultSettings) -> KeyProvider:
        vault.ignores_associated_data = True
        return VaultKeyProvider(vault_settings)

    @pytest.fixture
    def reopened(self, vault_settings: VaultSettings) -> KeyProvider:
        return VaultKeyProvider(vault_settings)


def _calls(vault: FakeVault) -> list[str]:
    return [path.removeprefix("/v1/") for _, path, _ in vault.requests]


def test_the_binding_is_vault_s_too(vault: FakeVault, provider: VaultKeyProvider) -> None:
    provider.unwrap(b"tenant", provider.wrap(b"tenant", KEY))
    bodies = [body for _, path, body in vault.requests if "crypt" in path]
    first, second = (body["associated_data"] for body in bodies)
    assert first == second
    assert first


def test_the_version_in_vault_is_in_the_wrapped_key(
    vault: FakeVault, provider: VaultKeyProvider
) -> None:
    assert isinstance(provider, ReplaceableKeyProvider)
    old = provider.wrap(b"tenant", KEY)
    assert old[18:].startswith(b"vault:v1:")
    assert "Version 2" in provider.replace()
    assert not provider.is_current(old)
    assert provider.unwrap(b"tenant", old) == KEY
    new = provider.wrap(b"tenant", KEY)
    assert new[18:].startswith(b"vault:v2:")
    assert provider.is_current(new)
    provider.retire()
    assert vault.min_decryption_version == 2
    with pytest.raises(KeyUnavailable):
        provider.unwrap(b"tenant", old)
    assert provider.unwrap(b"tenant", new) == KEY


def test_a_changed_address_is_the_same_key_and_another_name_is_not(vault: FakeVault) -> None:
    wrapped = VaultKeyProvider(_settings(vault)).wrap(b"tenant", KEY)
    moved = _settings(vault, url=vault.url.replace("127.0.0.1", "localhost"))
    assert VaultKeyProvider(moved).unwrap(b"tenant", wrapped) == KEY
    vault.name = "other"
    asked = len(vault.requests) + 1
    with pytest.raises(KeyUnavailable, match="Restore the key"):
        VaultKeyProvider(_settings(vault, key="other")).unwrap(b"tenant", wrapped)
    assert len(vault.requests) == asked  # the header alone decides, Vault is not asked


def test_a_token_file_is_read_again_when_the_token_is_replaced(
    vault: FakeVault, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("root\n")
    provider = VaultKeyProvider(_settings(vault, token=None, token_file=file))
    vault.tokens = {"next"}
    with pytest.raises(KeyUnavailable, match="refuses this token"):
        provider.wrap(b"tenant", KEY)
    file.write_text("next\n")
    assert provider.unwrap(b"tenant", provider.wrap(b"tenant", KEY)) == KEY


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_token_file_without_a_token_is_named(
    vault: FakeVault, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    with pytest.raises(KeyUnavailable, match="file of Vault's token"):
        VaultKeyProvider(_settings(vault, token=None, token_file=file))
    assert vault.requests == []


def test_an_approle_signs_in_and_again_when_its_token_ends(
    vault: FakeVault, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    role = _settings(vault, token=None, role_id=ROLE, secret_id_file=file)
    provider = VaultKeyProvider(role)
    wrapped = provider.wrap(b"tenant", KEY)
    vault.tokens = set()
    assert provider.unwrap(b"tenant", wrapped) == KEY
    assert _calls(vault).count("auth/approle/login") == 2
    file.write_text("wrong")
    vault.tokens = set()
    with pytest.raises(KeyUnavailable, match="does not accept the sign-in"):
        provider.unwrap(b"tenant", wrapped)


def test_a_busy_vault_is_asked_again_and_a_sealed_one_named(
    vault: FakeVault, provider: VaultKeyProvider
) -> None:
    vault.failing = [503, 429]
    wrapped = provider.wrap(b"tenant", KEY)
    vault.failing = [503] * 4
    with pytest.raises(KeyUnavailable, match="sealed"):
        provider.unwrap(b"tenant", wrapped)
    assert vault.failing == []


@pytest.mark.parametrize(
    ("status", "words"),
    [(404, "no such key"), (400, "refuses the request"), (500, "not understood")],
)
def test_each_failure_says_what_to_do(
    vault: FakeVault, provider: VaultKeyProvider, status: int, words: str
) -> None:
    vault.failing = [status]
    with pytest.raises(KeyUnavailable, match=words):
        provider.wrap(b"tenant", KEY)


@pytest.mark.parametrize("answer", [[], {}, {"data": None}, {"data": {}}, {"data": "text"}])
def test_an_odd_answer_is_refused(
    vault: FakeVault, provider: VaultKeyProvider, answer: object
) -> None:
    wrapped = provider.wrap(b"tenant", KEY)
    vault.answer = answer
    for act in (lambda: provider.wrap(b"", KEY), lambda: provider.unwrap(b"tenant", wrapped)):
        with pytest.raises(KeyUnavailable, match="not understood"):
            act()


@pytest.mark.parametrize(
    "ciphertext", ["", "vault:v1:", "vault:v0:QQ==", "vault:v1:QR==", "v1:QQ==", "vault:v1:QQ==\n"]
)
def test_a_ciphertext_in_another_form_is_refused_at_once(
    vault: FakeVault, provider: VaultKeyProvider, ciphertext: str
) -> None:
    wrapped = provider.wrap(b"tenant", KEY)
    asked = len(vault.requests)
    with pytest.raises(KeyUnavailable, match="Restore the key"):
        provider.unwrap(b"tenant", wrapped[:18] + ciphertext.encode())
    assert len(vault.requests) == asked
    vault.answer = {"data": {"ciphertext": ciphertext}}
    with pytest.raises(KeyUnavailable, match="not understood"):
        provider.wrap(b"tenant", KEY)


def test_a_key_of_the_wrong_kind_is_refused_at_once(vault: FakeVault) -> None:
    for kind, derived in (("rsa-4096", False), ("aes256-gcm96", True)):
        vault.kind, vault.derived = kind, derived
        with pytest.raises(KeyUnavailable, match="must be of type"):
            VaultKeyProvider(_settings(vault))


def test_a_missing_key_is_never_made_up(vault: FakeVault) -> None:
    with pytest.raises(KeyUnavailable, match="no such key"):
        VaultKeyProvider(_settings(vault, key="missing"))
    assert [method for method, _, _ in vault.requests] == ["GET"]


def test_a_redirect_is_not_followed(vault: FakeVault, provider: VaultKeyProvider) -> None:
    vault.failing = [307]
    with pytest.raises(KeyUnavailable, match="not understood"):
        provider.wrap(b"tenant", KEY)


def test_the_namespace_is_sent_and_part_of_the_key_s_name(vault: FakeVault) -> None:
    plain = VaultKeyProvider(_settings(vault)).wrap(b"tenant", KEY)
    vault.namespace = "team"
    provider = VaultKeyProvider(_settings(vault, namespace="team"))
    assert not provider.knows(plain)


def test_a_vault_that_is_away_is_unreachable_and_nothing_else_is_used() -> None:
    with serving(FakeVault()) as vault:
        provider = VaultKeyProvider(_settings(vault, retries_max=0))
    with pytest.raises(KeyUnavailable, match="cannot be reached"):
        provider.wrap(b"tenant", KEY)


def test_no_failure_tells_what_was_sent(vault: FakeVault, provider: VaultKeyProvider) -> None:
    vault.failing = [500]
    with pytest.raises(KeyUnavailable) as caught:
        provider.wrap(b"tenant", KEY)
    assert "root" not in str(caught.value)
    assert vault.url not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_its_certificate_is_verified(tmp_path: Path) -> None:
    ours, theirs = (make_certificate(tmp_path / name) for name in ("ours", "theirs"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ours.certificate, ours.key)
    with serving(FakeVault(), context) as vault:
        trusting = VaultKeyProvider(_settings(vault, ca_file=ours.certificate))
        assert trusting.unwrap(b"tenant", trusting.wrap(b"tenant", KEY)) == KEY
        for authority in (theirs.certificate, None):
            asked = len(vault.requests)
            with pytest.raises(KeyUnavailable, match="not trusted"):
                VaultKeyProvider(_settings(vault, ca_file=authority, retries_max=0))
            assert len(vault.requests) == asked


def test_nothing_of_the_environment_is_used(
    vault: FakeVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("VAULT_TOKEN", "other")
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:9")
    assert VaultKeyProvider(_settings(vault)).wrap(b"tenant", KEY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://vault.example.org:8200", "token": "t"},
        {"url": "https://vault.example.org:8200"},
        {"url": "https://vault.example.org:8200", "token": "t", "token_file": "/t"},
        {"url": "https://vault.example.org:8200", "role_id": "r"},
        {"url": "https://vault.example.org", "role_id": "r", "secret_id": "s", "token": "t"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        VaultSettings.model_validate(wrong)


def _settings(vault: FakeVault, **values: object) -> VaultSettings:
    return VaultSettings.model_validate({"url": vault.url, "token": "root", **values})
