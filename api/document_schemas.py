"""Why a document failed, and what was not read of one that did not, as callers see it."""

from typing import Literal

from api.schema_base import View


class Failure(View):
    """Why processing ended; `retryable` without changing the file."""

    code: str
    detail: str
    retryable: bool


class Omission(View):
    """Pages, pictures or attachments that were not read of a document that is ready, and why.

    `pages` are the first and last numbers of stretches, from 1; only pages have them.
    """

    part: Literal["pages", "pictures", "attachments"]
    count: int
    pages: list[tuple[int, int]]
    code: str
    detail: str
    retryable: bool
