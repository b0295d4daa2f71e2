"""Read from a request what FastAPI does not: bodies of other kinds, the caller's address."""

from fastapi import Request
from starlette.requests import ClientDisconnect

from api.problems import ApiError


async def body_within(request: Request, bytes_max: int) -> bytes:
    """Read a body that may not be longer than a limit.

    Raises:
        ApiError: it is, or it broke off.

    """
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > bytes_max:
                raise ApiError(413, "too_large", f"The body may have {bytes_max} bytes at most.")
    except ClientDisconnect as error:
        raise ApiError(400, "broken_off", "The request broke off. Send it again.") from error
    return bytes(body)


def client_address(request: Request) -> str:
    """Return the network address that the request came from."""
    return request.client.host if request.client else "unknown"
