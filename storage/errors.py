"""What can go wrong where rows and bytes live.

    StorageError
    ├── BlobMissing
    ├── InvalidBlobName
    ├── StorageFull
    └── UnfencedRole

Messages are fixed texts: they hold no names and no content.
"""

from typing import ClassVar


class StorageError(Exception):
    """Base of the package: `status` is an HTTP status, `code` never changes its meaning."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "storage_failed"
    message: ClassVar[str] = "The server could not read or write its data. Try again."

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or self.message
        super().__init__(self.detail)


class BlobMissing(StorageError):
    """No bytes are stored under this name."""

    status = 404
    code = "content_missing"
    message = "The content is not stored any more."


class InvalidBlobName(StorageError):
    """A name that could leave the store's folder, or that not every store can hold."""

    code = "invalid_blob_name"
    message = "A blob name needs lowercase letters, digits and single dots."


class StorageFull(StorageError):
    """The disk has no room left; nothing of the failed write stays behind."""

    status = 507
    code = "storage_full"
    message = (
        "The server's disk is full, so nothing was stored. Delete documents that are no longer "
        "needed or ask the administrator for more space, then try again."
    )


class UnfencedRole(StorageError):
    """PostgreSQL's row-level security does not hold for the role that the server connects as."""

    code = "unfenced_role"
    message = (
        "The database role is a superuser or has BYPASSRLS, so row-level security does not hold "
        "for it. Connect as a role with neither that owns the tables, or, for development only, "
        "set SOURCEBOOK_STORAGE__ALLOW_UNFENCED_ROLE=true."
    )
