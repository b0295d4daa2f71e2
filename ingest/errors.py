"""What can go wrong between an uploaded file and its chunks.

    IngestError
    ├── UploadRefused               the file is not taken in
    │   ├── EmptyFile
    │   ├── FileTooLarge
    │   └── UnsupportedType
    ├── RequestRefused              a request about documents or collections
    │   ├── CancelRefused
    │   ├── CollectionExists
    │   ├── InvalidName
    │   ├── InvalidCursor
    │   ├── LockedOut
    │   ├── NotReady
    │   ├── PermissionsRefused
    │   ├── RetryRefused
    │   └── TagsRefused
    ├── ProcessingError             the document is sound, its processing failed
    │   ├── Cancelled               somebody ended it
    │   ├── InternalError
    │   ├── NoRoom
    │   ├── Superseded              nobody waits for this work any more
    │   └── WorkerCrashed
    └── ParseError                  the file was taken in and could not be read
        ├── ArchiveRefused
        ├── DocumentDamaged
        ├── DocumentEncrypted
        ├── DocumentTooLarge
        ├── DocumentWithoutPages
        ├── NoText
        ├── OcrUnavailable
        ├── OfficeUnavailable
        ├── PictureTooLarge
        ├── PictureUnreadable
        ├── SheetTooSparse
        ├── ParserCrashed
        ├── ParserOutOfMemory
        ├── ParserTimedOut
        └── SandboxUnavailable

Messages are fixed texts that say what to do: they hold nothing of the document, not even its name.
"""

from typing import ClassVar


class IngestError(Exception):
    """Base of the package. `retryable`: the same bytes may succeed without being changed."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "ingest_failed"
    retryable: ClassVar[bool] = False
    message: ClassVar[str] = "The document could not be processed."

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or self.message
        super().__init__(self.detail)


class UploadRefused(IngestError):
    """The file is refused before anything is stored."""

    status = 422
    code = "upload_refused"


class EmptyFile(UploadRefused):
    """Zero bytes."""

    code = "file_empty"
    message = "The file is empty. Check that it was saved, then upload it again."


class FileTooLarge(UploadRefused):
    """More bytes than the upload limit."""

    status = 413
    code = "file_too_large"
    message = "The file is larger than this server accepts. Split it or compress its pictures."


class UnsupportedType(UploadRefused):
    """The content is of no type that a parser exists for."""

    status = 415
    code = "unsupported_type"
    message = (
        "Files of this type cannot be read. Upload PDF, Word, PowerPoint, Excel, OpenDocument, "
        "RTF, EPUB, CSV, HTML, Markdown, text, e-mail or picture files."
    )


class RequestRefused(IngestError):
    """The request does not fit what is stored."""

    status = 409
    code = "request_refused"
    message = "This does not fit the present state. Reload and try again."


class CancelRefused(RequestRefused):
    """Only what waits or is worked on can be cancelled."""

    code = "cancel_refused"
    message = "The document's processing has ended already. Delete the document if it is unwanted."


class CollectionExists(RequestRefused):
    """A collection of this tenant has exactly this name."""

    code = "collection_exists"
    message = "A collection with this name exists. Choose another name."


class InvalidName(RequestRefused):
    """A collection's name is empty, too long or invisible."""

    status = 422
    code = "invalid_name"
    message = "A collection's name needs 1 to 200 visible characters."


class InvalidCursor(RequestRefused):
    """A listing was continued from something that this server did not give out."""

    status = 422
    code = "invalid_cursor"
    message = "The cursor is not one that this server gave out. List again from the start."


class LockedOut(RequestRefused):
    """Who sets a list must still see the document by it."""

    code = "locked_out"
    message = (
        "You would no longer see this yourself. Allow yourself, one of your groups or roles, "
        "and deny none of them."
    )


class NotReady(RequestRefused):
    """The text of a document that is not processed yet."""

    code = "document_not_ready"
    message = "The document is not ready yet. Wait until its processing has ended."


class PermissionsRefused(RequestRefused):
    """A list holds what is no name, names nobody who exists, or is too long."""

    status = 422
    code = "permissions_refused"
    message = (
        "A permission list holds user:<id> and group:<id> of people and groups that exist, "
        "role:<role>, and in what it allows collection:<id> of the document's own collection."
    )


class RetryRefused(RequestRefused):
    """Only what failed, or was not read as a whole, can be tried again."""

    code = "retry_refused"
    message = "Only a document that failed, or could not be read as a whole, can be tried again."


class TagsRefused(RequestRefused):
    """The settings `tags_max` and `tag_characters_max` say what is allowed."""

    status = 422
    code = "tags_refused"
    message = "There are too many tags, or one is empty or too long. Use fewer or shorter ones."


class ProcessingError(IngestError):
    """Something other than the document's content stopped its processing."""

    code = "processing_failed"
    retryable = True


class Cancelled(ProcessingError):
    """A person took the document out of the queue, or ended the work on it."""

    status = 409
    code = "cancelled"
    message = "The processing was cancelled. Try again when the document is wanted after all."


class InternalError(ProcessingError):
    """A defect or an outage that nothing more can be said about; the log knows where."""

    code = "internal_error"
    message = (
        "The document could not be processed because of an error in the server. Try again; "
        "if it fails again, tell the administrator."
    )


class NoRoom(ProcessingError):
    """The disk was full while the document was processed."""

    status = 507
    code = "storage_full"
    message = (
        "The server's disk is full. Try again when the administrator has made room for the "
        "document."
    )


class Superseded(ProcessingError):
    """The document was deleted, or its processing ended or began anew, while it was worked on."""

    code = "superseded"
    message = "The work on this document is not wanted any more."


class WorkerCrashed(ProcessingError):
    """The worker died again and again while it was busy with this document."""

    code = "worker_crashed"
    message = (
        "Processing this document stopped the worker several times, so it was given up. Try "
        "again; if it fails again, split the document or save a fresh copy."
    )


class ParseError(IngestError):
    """The file was accepted but its text could not be read."""

    status = 422
    code = "parse_failed"
    message = "The document could not be read. Save a fresh copy and upload that."


class ArchiveRefused(ParseError):
    """An OOXML container that breaks the admission limits of `ingest.archives`."""

    code = "archive_refused"
    message = (
        "The file is packed in a way that would unpack to an unreasonable size. Open it in its "
        "application, save a fresh copy and upload that."
    )


class DocumentDamaged(ParseError):
    """Truncated or malformed."""

    code = "document_damaged"
    message = (
        "The file is damaged or incomplete. Open it in its application, save a fresh copy and "
        "upload that."
    )


class DocumentEncrypted(ParseError):
    """Needs a password to be read."""

    code = "document_encrypted"
    message = "The document is protected by a password. Remove the password and upload it again."


class DocumentTooLarge(ParseError):
    """More pages, cells or characters than the parse limits."""

    code = "document_too_large"
    message = "The document has more pages or text than this server accepts. Split it into parts."


class DocumentWithoutPages(ParseError):
    """A PDF with an empty page tree."""

    code = "document_without_pages"
    message = "The document has no pages. Export it again from its application and upload that."


class NoText(ParseError):
    """Parsed without an error, and not a single character came out."""

    code = "no_text"
    message = "No text was found in the document, so there is nothing to answer from."


class OcrUnavailable(ParseError):
    """Pages are pictures, and the server is set up not to read pictures."""

    code = "ocr_unavailable"
    message = (
        "The pages are scanned pictures without text, and text recognition (OCR) is switched off "
        "on this server. Upload a version with text, or ask the administrator to switch it on."
    )


class OfficeUnavailable(ParseError):
    """A document of Office 97-2003 where LibreOffice is not installed, or switched off."""

    code = "office_unavailable"
    message = (
        "This server cannot read documents of Office 97-2003. Save the file as .docx or .pptx and "
        "upload that, or ask the administrator to install LibreOffice."
    )


class PictureTooLarge(ParseError):
    """A picture with more pixels than the parse limits, however small its file is."""

    code = "picture_too_large"
    message = (
        "The picture has more dots than this server accepts. Scan it at 300 dots per inch, or "
        "make it smaller, and upload it again."
    )


class PictureUnreadable(ParseError):
    """A drawing that only its own font can read, or a picture in a rare format."""

    code = "picture_unreadable"
    message = (
        "The pictures in the document are of a kind that cannot be read. Put them in as PNG or "
        "JPEG and upload it again."
    )


class SheetTooSparse(ParseError):
    """A cell far away from the others spans a sheet of billions of empty cells."""

    code = "sheet_too_sparse"
    message = (
        "A sheet has values in cells that lie very far apart. Delete the stray cell at the end of "
        "the sheet, save the workbook and upload it again."
    )


class ParserCrashed(ParseError):
    """The parser process died or answered with something that is not a document."""

    code = "parser_crashed"
    message = (
        "The document made its reader fail. Open it in its application, save a fresh copy and "
        "upload that."
    )


class ParserOutOfMemory(ParseError):
    """The parser process reached its memory limit."""

    code = "parser_out_of_memory"
    message = (
        "Reading the document takes more memory than is allowed. Split it, or save a fresh copy "
        "from its application and upload that."
    )


class ParserTimedOut(ParseError):
    """The parser process reached its limit of processor or wall-clock time."""

    code = "parser_timed_out"
    retryable = True
    message = (
        "Reading the document takes longer than is allowed. Try again when the server is less "
        "busy, or split the document."
    )


class SandboxUnavailable(ParseError):
    """No parser process could be started: the machine's fault, not the document's."""

    status = 503
    code = "sandbox_unavailable"
    retryable = True
    message = "The document reader could not be started. Try again in a few minutes."


def _leaves(kind: type[IngestError]) -> list[type[IngestError]]:
    return [kind, *(leaf for child in kind.__subclasses__() for leaf in _leaves(child))]


PARSE_ERRORS: dict[str, type[IngestError]] = {kind.code: kind for kind in _leaves(ParseError)}
"""Parse errors by code: the sandbox sends only the code across the process boundary."""

ERRORS: dict[str, type[IngestError]] = {kind.code: kind for kind in _leaves(IngestError)}
"""All errors by code: a failed document keeps only the code of what stopped it."""
