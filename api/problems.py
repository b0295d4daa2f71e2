"""Every error over HTTP has one shape: RFC 9457 problem details with a stable `code`."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from api.observability.logs import log
from api.refusals import record_refusal
from api.scim_errors import is_scim, refusal
from evaluation.errors import EvaluationError
from ingest.errors import IngestError
from ingest.pipeline.failures import is_database_full
from model.errors import ModelError
from qa.errors import QaError
from retrieval.errors import RetrievalError
from security.errors import AuditUnavailable, InsufficientScope, SecurityError, Unauthenticated
from security.scim.errors import InvalidValue
from storage.errors import StorageError, StorageFull

MEDIA_TYPE = "application/problem+json"
OUR_ERRORS = (
    EvaluationError,
    IngestError,
    ModelError,
    QaError,
    RetrievalError,
    SecurityError,
    StorageError,
)

_OF_THE_FRAMEWORK = {
    408: ("request_too_slow", "The request did not arrive in time. Send it again."),
    413: ("request_too_large", "The request is larger than may be sent. Send less at once."),
}


class Problem(BaseModel):
    """An error as RFC 9457 has it; `code` never changes, `detail` says what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str


class ApiError(Exception):
    """An error of the HTTP layer itself."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


def problem_of(error: Exception) -> Problem:
    """Describe an error for its caller; an unforeseen one says nothing of its inside."""
    if isinstance(error, (AuditUnavailable, DBAPIError)) and is_database_full(error):
        error = StorageFull()
    if isinstance(error, (*OUR_ERRORS, ApiError)):
        return _problem(error.status, error.code, str(error))
    if isinstance(error, HTTPException):
        code, detail = _OF_THE_FRAMEWORK.get(
            error.status_code, (HTTPStatus(error.status_code).name.lower(), error.detail)
        )
        return _problem(error.status_code, code, detail)
    return _problem(500, "internal_error", "Something went wrong on the server. Try again.")


def problem_response(error: Exception) -> JSONResponse:
    """Answer with the problem that `error` is."""
    problem = problem_of(error)
    return _response(problem.model_dump(), problem.status, _headers(error))


def log_failure(error: Exception) -> None:
    """Log a failure of ours: class and place only, for the message may hold a user's words."""
    if problem_of(error).status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request_failed", error=type(error).__name__, where=_where(error))


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every exception with a problem."""
    app.add_exception_handler(RequestValidationError, _invalid_request)
    for kind in (*OUR_ERRORS, ApiError, DBAPIError, HTTPException, Exception):
        app.add_exception_handler(kind, _problem_response)


def _problem(status: int, code: str, detail: str) -> Problem:
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, code=code)


def _problem_response(request: Request, error: Exception) -> JSONResponse:
    problem = problem_of(error)
    log_failure(error)
    record_refusal(request, error)
    headers = _headers(error) | _challenge(request, error)
    if is_scim(request):
        return refusal(error, problem.status, problem.detail, headers)
    return _response(problem.model_dump(), problem.status, headers)


def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    # The rejected values are left out: they may be a question or a password.
    fields = [
        {"field": ".".join(str(part) for part in item["loc"][1:]), "reason": item["msg"]}
        for item in error.errors()
    ]
    detail = "; ".join(f"{item['field']}: {item['reason']}" for item in fields)
    problem = _problem(422, "invalid_request", f"The request is not valid: {detail}.")
    if is_scim(request):
        return refusal(InvalidValue(), 400, problem.detail, {})
    return _response(problem.model_dump() | {"fields": fields}, 422, {})


def _response(body: dict[str, Any], status: int, headers: dict[str, str]) -> JSONResponse:
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, HTTPException):
        return dict(error.headers or {})
    headers = {}
    if (seconds := getattr(error, "retry_seconds", None)) is not None:
        headers["Retry-After"] = str(max(1, round(seconds)))
    return headers


def _challenge(request: Request, error: Exception) -> dict[str, str]:
    """Say how to authenticate (RFC 6750, section 3); who sent nothing hears of no error."""
    parts = ['Bearer realm="sourcebook"']
    if isinstance(error, InsufficientScope):
        parts += ['error="insufficient_scope"', f'scope="{error.scope}"']
    elif not isinstance(error, Unauthenticated):
        return {}
    elif "authorization" in request.headers:
        parts.append('error="invalid_token"')
    return {"WWW-Authenticate": ", ".join(parts)}


def _where(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else "unknown"
