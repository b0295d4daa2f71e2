"""What can go wrong with a source.

    SourceError
    ├── SourceInvalid           what was given cannot be a source
    │   └── FolderNotAllowed
    ├── SourcesFull
    ├── SourceUnreachable       it cannot be read now
    │   └── FolderMissing
    ├── SourceForbidden         whom it acts for may no longer do what it does
    ├── SourceInterrupted       its run was broken off
    └── ItemUnreadable          one file of it cannot be read now

Messages are fixed texts that say what to do: they hold no name, address or secret.
"""

from ingest.errors import IngestError


class SourceError(IngestError):
    """Base of what is wrong with a source."""

    code = "source_failed"
    message = "The source could not be read. It is tried again later."
    retryable = True


class SourceInvalid(SourceError):
    """The configuration cannot work."""

    status = 422
    code = "source_invalid"
    message = "A source needs a folder's full path, or a web address that begins with https://."
    retryable = False


class FolderNotAllowed(SourceInvalid):
    """A folder that the operator has not opened to sources."""

    code = "folder_not_allowed"
    message = (
        "This folder is not open to sources. "
        "Whoever runs the server allows folders in SOURCEBOOK_SOURCES__FOLDER_ROOTS."
    )


class SourcesFull(SourceError):
    """The collection has as many sources as it may."""

    status = 409
    code = "sources_full"
    message = "This collection has as many sources as it may have. Remove one first."
    retryable = False


class SourceUnreachable(SourceError):
    """A server that does not answer, or answers with an error."""

    status = 502
    code = "source_unreachable"
    message = (
        "The source does not answer, or it refuses. Check the address; it is tried again later."
    )


class FolderMissing(SourceUnreachable):
    """The folder is not there, or its disk is not mounted."""

    code = "folder_missing"
    message = (
        "The folder is not there, is not mounted or may not be read by the server. "
        "Nothing was deleted; it is tried again later."
    )


class SourceForbidden(SourceError):
    """The person who set it up has lost the right, or the account."""

    status = 403
    code = "source_forbidden"
    message = (
        "Whoever set this source up may no longer administer the collection. "
        "Somebody who may has to save it again."
    )


class SourceInterrupted(SourceError):
    """The worker ended in the middle too often."""

    code = "source_interrupted"
    message = "Reading the source was broken off. It goes on by itself."


class ItemUnreadable(SourceError):
    """A file that was just written to, vanished, or leads out of its folder."""

    status = 502
    code = "item_unreadable"
    message = "The file could not be read. It is tried again when it changes."
