"""SCIM over HTTP: who calls, what comes in and what goes out."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.requests import body_within
from api.scim_errors import PREFIX, ScimResponse
from api.state import State, state_of
from security.errors import Unauthenticated
from security.scim.errors import InvalidSyntax
from security.scim.schemas import LIST
from security.scim.tokens import Directory

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="ScimBearer",
    description="A provisioning token (`sbp_…`), for the routes of SCIM only.",
)


@dataclass(frozen=True, slots=True)
class Provisioner:
    """The credentials of a directory; every transaction checks them anew."""

    state: State
    token: str | None

    @contextmanager
    def reading(self) -> Iterator[tuple[Session, Directory]]:
        """Open a read transaction.

        Raises:
            Unauthenticated: no token, or none that is valid now.

        """
        with self.state.database.reading() as session:
            yield session, self._directory(session)

    @contextmanager
    def writing(self) -> Iterator[tuple[Session, Directory]]:
        """Open a transaction that commits when the block ends well.

        Raises:
            Unauthenticated: no token, or none that is valid now.

        """
        with self.state.database.transaction() as session:
            yield session, self._directory(session)

    @property
    def base(self) -> str:
        """The address under which resources are."""
        return self.state.settings.issuer + PREFIX

    def _directory(self, session: Session) -> Directory:
        if self.token is None:
            raise Unauthenticated
        return self.state.scim_tokens.authenticate(session, self.token)


def _provisioner(
    request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Provisioner:
    return Provisioner(state_of(request), bearer.credentials if bearer else None)


ProvisionerOf = Annotated[Provisioner, Depends(_provisioner)]


async def _message(request: Request, provisioner: ProvisionerOf) -> dict[str, Any]:
    """Read a body, after the token: a stranger's megabyte is not worth receiving."""
    await run_in_threadpool(_require_token, provisioner)
    limit = provisioner.state.settings.security.scim.body_bytes_max
    try:
        message = json.loads(await body_within(request, limit))
    except (ValueError, RecursionError) as error:
        raise InvalidSyntax from error
    if not isinstance(message, dict):
        raise InvalidSyntax
    return message


def _require_token(provisioner: Provisioner) -> None:
    with provisioner.reading():
        pass


MessageOf = Annotated[dict[str, Any], Depends(_message)]


def shown(
    resource: Mapping[str, Any],
    kind: tuple[str, str],
    at: str,
    created_at: datetime,
    updated_at: datetime,
) -> dict[str, Any]:
    """Return a resource as it goes out; `kind` is its schema and type, `at` its address."""
    schema, name = kind
    meta = {
        "resourceType": name,
        "created": created_at.isoformat(),
        "lastModified": updated_at.isoformat(),
        "location": at,
    }
    return {"schemas": [schema], "id": at.rpartition("/")[2], **resource, "meta": meta}


def listed(items: list[dict[str, Any]], total: int, start: int) -> ScimResponse:
    """Return a page (RFC 7644, section 3.4.2)."""
    return ScimResponse(
        {
            "schemas": [LIST],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": len(items),
            "Resources": items,
        }
    )


def without(resource: dict[str, Any], excluded: str | None) -> dict[str, Any]:
    """Leave out what `excludedAttributes` names; what a resource must have stays."""
    names = {name.strip().lower() for name in (excluded or "").split(",")} - {"id", "schemas"}
    return {name: value for name, value in resource.items() if name.lower() not in names}
