"""One provider: its discovery document, and JSON from its other addresses."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock
from typing import Any, Final

import httpx
from pydantic import ValidationError

from security.errors import OutboundFailed
from security.oidc.errors import ProviderUnavailable
from security.oidc.metadata import Metadata
from security.oidc.settings import OidcSettings, ProviderSettings

_DISCOVERY: Final = "/.well-known/openid-configuration"
_REQUESTS_AT_ONCE_MAX: Final = 8
_TURN_SECONDS_MAX: Final = 5
_PAUSE: Final = timedelta(seconds=10)
"""How long a provider that could not be reached is left alone."""


class Provider:
    """One provider as this process knows it. Safe to share between threads.

    One that does not answer takes few threads and not for long: the others go on serving.
    """

    def __init__(
        self,
        settings: ProviderSettings,
        limits: OidcSettings,
        http: httpx.Client,
        clock: Callable[[], datetime],
    ) -> None:
        self.settings = settings
        self._http = http
        self._clock = clock
        self._keep = timedelta(seconds=limits.metadata_seconds_max)
        self._lock = Lock()
        self._known: tuple[datetime, Metadata] | None = None
        self._turns = BoundedSemaphore(_REQUESTS_AT_ONCE_MAX)
        self._silent_until: datetime | None = None

    def metadata(self) -> Metadata:
        """Return the discovery document, asked for again from time to time.

        Raises:
            ProviderUnavailable: it cannot be had, or is that of another issuer.
        """
        with self._lock:
            now = self._clock()
            if self._known is None or now - self._known[0] >= self._keep:
                self._known = now, self._discover()
            return self._known[1]

    def get(self, url: str, bearer: str | None = None) -> dict[str, Any]:
        """Fetch a JSON object.

        Raises:
            ProviderUnavailable: there is none.
        """
        headers = {"Accept": "application/json"}
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        return _succeeded(*self._asked("GET", url, headers=headers))

    def post(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]]:
        """Send a form; return the status and the JSON object that came back.

        Raises:
            ProviderUnavailable: nothing came back, or no such object.
        """
        accepting = {"Accept": "application/json", **headers}
        return self._asked("POST", url, headers=accepting, data=form)

    def _discover(self) -> Metadata:
        # Discovery, section 4.1: a slash that ends the issuer is dropped, and only that.
        document = self.get(self.settings.issuer.removesuffix("/") + _DISCOVERY)
        try:
            found = Metadata.model_validate(document)
        except ValidationError as error:
            raise ProviderUnavailable from error
        if found.issuer != self.settings.issuer:
            raise ProviderUnavailable
        return found

    def _asked(self, method: str, url: str, **parts: Any) -> tuple[int, dict[str, Any]]:
        try:
            with self._turn():
                answer = self._http.request(method, url, **parts)
            content = answer.json()
        except OutboundFailed as error:
            self._silent_until = self._clock() + _PAUSE
            raise ProviderUnavailable(error.detail) from error
        except (ValueError, RecursionError) as error:
            raise ProviderUnavailable from error
        if not isinstance(content, dict):
            raise ProviderUnavailable
        return answer.status_code, content

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._silent_until is not None and self._clock() < self._silent_until:
            raise ProviderUnavailable
        if not self._turns.acquire(timeout=_TURN_SECONDS_MAX):
            raise ProviderUnavailable
        try:
            yield
        finally:
            self._turns.release()


def _succeeded(status: int, content: dict[str, Any]) -> dict[str, Any]:
    if status != httpx.codes.OK:
        raise ProviderUnavailable
    return content
