"""The part of a discovery document that we use (OpenID Connect Discovery 1.0, section 3)."""

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Metadata(BaseModel):
    """Where a provider's endpoints are and what they can do."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    introspection_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...] = ("RS256", "ES256")
    is_iss_in_response: bool = Field(
        default=False, alias="authorization_response_iss_parameter_supported"
    )

    @field_validator("authorization_endpoint", "end_session_endpoint")
    @classmethod
    def _is_page(cls, address: str | None) -> str | None:
        # Browsers are sent there, so it must not be a script.
        if address is not None and not address.startswith(("https://", "http://")):
            raise ValueError("not the address of a page")
        return address
