"""Serve the built web page, which ships inside the wheel."""

from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"
_PROGRAMS = ("v1/", "scim/", "oauth2/", ".well-known/")
"""Where only programs call: what is not there is a 404 for them, not the page."""
FOREVER = "public, max-age=31536000, immutable"


class _Page(StaticFiles):
    """Files of the page; a path that is no file is one of the page's own routes."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != HTTPStatus.NOT_FOUND or not _may_be_page(path):
                raise
            return _uncached(FileResponse(FOLDER / "index.html"))
        if path.startswith("assets/"):  # names hold a hash of the content
            response.headers["Cache-Control"] = FOREVER
            return response
        return _uncached(response)


def _may_be_page(path: str) -> bool:
    return not Path(path).suffix and not path.startswith(_PROGRAMS)


def install_page(app: FastAPI) -> None:
    """Mount the page last, below all routes; without a built page only the API is served."""
    app.add_api_route("/docs", _docs, include_in_schema=False)
    if (FOLDER / "index.html").is_file():
        app.mount("/", _Page(directory=FOLDER, html=True), name="page")


def _docs() -> Response:
    """Show the OpenAPI document; the viewer is part of the built page, not fetched elsewhere."""
    return _uncached(FileResponse(FOLDER / "docs.html"))


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-cache"
    return response
