"""Receive a multipart upload into memory: nothing unencrypted may touch the disk."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import BinaryIO

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from api.permission_schemas import Permissions
from api.problems import ApiError
from ingest.errors import FileTooLarge, PermissionsRefused

FORM_BYTES_MAX = 64 * 1024
"""What the boundaries, headers and the other fields of the form may add to the file."""


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """An upload as it came: `name` is what the client claims and is not to be trusted."""

    name: str
    content: BinaryIO
    collection: str
    permissions: Permissions | None = None


class _MemoryParser(MultiPartParser):
    spool_max_size = 2**62  # the stream is cut at the upload limit long before


async def receive_upload(request: Request, bytes_max: int) -> ReceivedFile:
    """Read the form; a body over the limit is refused as soon as it is known to be.

    Raises:
        FileTooLarge: the body is longer than the limit.
        PermissionsRefused: `permissions` is not the JSON of such lists.
        ApiError: the form is not complete.

    """
    _refuse_announced(request, bytes_max)
    parser = _MemoryParser(request.headers, _limited(request, bytes_max), max_files=1, max_fields=4)
    try:
        form = await parser.parse()
    except (KeyError, MultiPartException) as error:
        raise _incomplete() from error
    except ClientDisconnect as error:
        raise ApiError(400, "upload_broken_off", "The upload broke off. Send it again.") from error
    try:
        return _received(form)
    except BaseException:
        await form.close()
        raise


def _received(form: FormData) -> ReceivedFile:
    file, collection = form.get("file"), form.get("collection")
    if not isinstance(file, UploadFile) or not isinstance(collection, str) or not collection:
        raise _incomplete()
    permissions = _permissions(form.get("permissions"))
    return ReceivedFile(file.filename or "", file.file, collection, permissions)


def _refuse_announced(request: Request, bytes_max: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > bytes_max + FORM_BYTES_MAX:
        raise FileTooLarge


async def _limited(request: Request, bytes_max: int) -> AsyncGenerator[bytes, None]:
    received = 0
    async for piece in request.stream():
        received += len(piece)
        if received > bytes_max + FORM_BYTES_MAX:
            raise FileTooLarge
        yield piece


def _permissions(field: UploadFile | str | None) -> Permissions | None:
    if field is None or field == "":
        return None
    try:
        return Permissions.model_validate_json(field if isinstance(field, str) else b"")
    except ValidationError as error:
        raise PermissionsRefused from error


def _incomplete() -> ApiError:
    return ApiError(
        422,
        "upload_incomplete",
        "Send the form as multipart/form-data with a `file` and a `collection`.",
    )
