from typing import Any

import pytest
from pydantic import ValidationError

from security.oidc.settings import OidcSettings, ProviderSettings
from security.settings import SecuritySettings

WHOLE = {
    "id": "company",
    "title": "Company",
    "issuer": "https://login.example.com/tenant",
    "client_id": "sourcebook",
    "client_secret": "hidden words",
    "roles": {"staff": "reader"},
}


def test_a_secret_is_never_shown() -> None:
    provider = ProviderSettings.model_validate(WHOLE)
    assert "hidden" not in repr(provider)
    assert "hidden" not in provider.model_dump_json()


@pytest.mark.parametrize(
    "changed",
    [
        {"client_secret": None},
        {"private_key_file": "/key"},
        {"roles": {}},
        {"issuer": "login.example.com"},
        {"issuer": "https://login.example.com/?tenant=1"},
        {"issuer": "https://user@login.example.com"},
        {"issuer": "javascript://login.example.com"},
        {"scopes": ["profile"]},
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"algorithms": []},
        {"id": "Company/.."},
        {"groups": {"a": "Same", "b": "Same"}},
        {"groups": {"a": "staff"}},
        {"unknown": 1},
    ],
)
def test_what_could_not_work_or_not_be_safe_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ProviderSettings.model_validate({**WHOLE, **changed})


def test_providers_are_told_apart() -> None:
    other = {**WHOLE, "id": "other", "issuer": "https://other.example"}
    OidcSettings.model_validate({"providers": [WHOLE, other]})
    for same in ("id", "issuer"):
        with pytest.raises(ValidationError):
            OidcSettings.model_validate({"providers": [WHOLE, {**other, same: WHOLE[same]}]})


def test_somebody_can_always_sign_in() -> None:
    off = {"password_sign_in": False}
    with pytest.raises(ValidationError):
        SecuritySettings.model_validate({"sessions": off})
    SecuritySettings.model_validate({"sessions": off, "oidc": {"providers": [WHOLE]}})
