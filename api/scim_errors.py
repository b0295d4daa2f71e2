"""Errors of the SCIM routes, in SCIM's shape."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from security.scim.errors import ScimRefused
from security.scim.schemas import ERROR

PREFIX: Final = "/scim/v2"
MEDIA_TYPE: Final = "application/scim+json"


class ScimError(BaseModel):
    """RFC 7644, section 3.12."""

    schemas: list[str] = [ERROR]
    status: str
    detail: str
    scimType: str | None = None  # noqa: N815 - RFC 7644's name


class ScimResponse(JSONResponse):
    """A response of SCIM's media type."""

    media_type = MEDIA_TYPE


def is_scim(request: Request) -> bool:
    """Whether a request is one of SCIM's."""
    return request.url.path.startswith(f"{PREFIX}/")


def refusal(error: Exception, status: int, detail: str, headers: Mapping[str, str]) -> JSONResponse:
    """Return an error in SCIM's shape."""
    kind = error.scim_type if isinstance(error, ScimRefused) else None
    if status == HTTPStatus.CONFLICT and kind is None:
        kind = "mutability"
    body = ScimError(status=str(status), detail=detail, scimType=kind)
    return ScimResponse(body.model_dump(exclude_none=True), status, dict(headers))
