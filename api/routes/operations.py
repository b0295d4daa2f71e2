"""For operators and clients: what this server is, whether it is alive and ready, its metrics."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api import schemas
from api.scraping import require_operator
from api.state import State, StateOf
from api.version import VERSION
from ingest.office import extensions

router = APIRouter(tags=["operations"])


@router.get("/v1/about")
def about(state: StateOf) -> schemas.About:
    """Tell versions and limits; needs no sign-in."""
    return schemas.About(
        version=VERSION,
        model=state.generator.name,
        embedding_model=state.embedder.name,
        upload_bytes_max=state.settings.upload.upload_bytes_max,
        question_characters_max=state.settings.answers.question_characters_max,
        extensions=extensions(),
    )


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Answer as long as the process lives."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"model": dict[str, bool], "description": "Not yet."}})
def readyz(state: StateOf, response: Response) -> dict[str, bool]:
    """Tell whether questions can be answered: 503 until the database and index are there."""
    checks = {"database": _database_answers(state), "index": state.index.is_ready}
    if not all(checks.values()):
        response.status_code = 503
    return checks


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request, state: StateOf) -> Response:
    """Export Prometheus metrics, to the operator only: counts of things, not their content.

    Needs `SOURCEBOOK_METRICS_TOKEN` as bearer; while none is set, a caller on the same machine.
    """
    require_operator(request, state.settings.metrics_token)
    return Response(generate_latest(state.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _database_answers(state: State) -> bool:
    try:
        with state.database.reading() as session:
            return bool(session.scalar(text("SELECT 1")))
    except SQLAlchemyError:
        return False
