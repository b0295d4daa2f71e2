"""What can go wrong when people sign in through a provider.

    SecurityError
    └── ProviderError
        ├── SignInExpired           no such attempt: over, used, or another browser's
        ├── ProviderDenied          the provider says no
        ├── SignInNotProven         what the provider sent does not prove who it is
        ├── NotAdmitted             known at the provider, granted nothing here
        ├── RefreshRefused          the provider no longer vouches for a session
        ├── LogoutTokenRefused
        └── ProviderUnavailable

Messages are fixed texts: nothing that a provider or a browser sent is repeated.
"""

from security.errors import SecurityError


class ProviderError(SecurityError):
    """Base of these errors."""

    code = "provider_failed"


class SignInExpired(ProviderError):
    """The state is unknown, used, expired, of another provider or of another browser."""

    status = 400
    code = "sign_in_expired"
    message = "This sign-in took too long or was begun elsewhere. Sign in again."


class ProviderDenied(ProviderError):
    """The provider answered with an error instead of a code."""

    status = 403
    code = "provider_denied"
    message = "Your organisation's sign-in did not let you through. Try again there."


class SignInNotProven(ProviderError):
    """A check of RFC 9207 or of OpenID Connect Core, section 3.1.3.7, failed."""

    status = 401
    code = "sign_in_not_proven"
    message = "The sign-in could not be verified. Try again; if it stays so, tell the operator."


class NotAdmitted(ProviderError):
    """Nothing in the claims is mapped to a role or group."""

    status = 403
    code = "not_admitted"
    message = "Your organisation knows you, but you have no access to Sourcebook. Ask for it there."


class RefreshRefused(ProviderError):
    """The refresh token is revoked, used before, or its owner is gone."""

    status = 401
    code = "refresh_refused"
    message = "Your organisation ended this session. Sign in again."


class LogoutTokenRefused(ProviderError):
    """Not a logout token of this provider for us, or one that was used before."""

    status = 400
    code = "logout_token_refused"
    message = "This is no valid logout token for Sourcebook."


class ProviderUnavailable(ProviderError):
    """It cannot be reached, or does not speak OpenID Connect."""

    status = 502
    code = "provider_unavailable"
    message = "Your organisation's sign-in cannot be reached at the moment. Try again later."
