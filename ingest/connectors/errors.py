"""What can go wrong with a source.

    SourceError
    ├── SourceInvalid           what was given cannot be a source
    │   ├── FolderNotAllowed
    │   ├── GroupUnknown
    │   ├── SecretMissing       it needs a password or key, or its own again
    │   └── ExtraMissing        what reads this kind is not installed
    ├── SourcesFull
    ├── SourceUnreachable       it cannot be read now
    │   ├── FolderMissing
    │   ├── AddressRefused      it may not be called from here
    │   ├── SourceRefused       it does not let us in
    │   ├── BucketMissing, BucketElsewhere
    │   ├── MailboxMissing
    │   ├── RepositoryMissing, BranchMissing
    │   └── SourceTooLarge      it holds more than may be read
    ├── SourceForbidden         whom it acts for may no longer do what it does
    ├── SourceInterrupted       its run was broken off
    └── ItemUnreadable          one file of it cannot be read now

    UploadRefused (of ingest.errors)
    └── FileInLfs               a repository names a file that is kept elsewhere

Messages are fixed texts that say what to do: they hold no name, address or secret.
"""

from ingest.errors import IngestError, UploadRefused


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


class GroupUnknown(SourceInvalid):
    """A group of ours that is not there, or that several have the name of."""

    code = "source_group_unknown"
    message = (
        "One of the groups is not there, or several have its name. "
        "Give names or ids of groups as the page People shows them."
    )


class SecretMissing(SourceInvalid):
    """A secret serves only what it was given for."""

    code = "source_secret_missing"
    message = (
        "Give the source's password or key. It is needed again whenever the address, the name or "
        "the part that is read changes."
    )


class ExtraMissing(SourceInvalid):
    """A kind of source whose client is not part of the default install."""

    code = "source_extra_missing"
    message = (
        "This server cannot read buckets. "
        "Whoever runs it installs what is missing: pip install 'sourcebook[s3]'."
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


class AddressRefused(SourceUnreachable):
    """The guard of outgoing requests does not let us call it."""

    code = "source_address_refused"
    message = (
        "This address may not be called from here. If it belongs to your organisation, whoever "
        "runs the server allows it in SOURCEBOOK_SECURITY__OUTBOUND__INTERNAL_ORIGINS."
    )


class BucketMissing(SourceUnreachable):
    """The server knows no such bucket."""

    code = "bucket_missing"
    message = "There is no bucket of this name. Check the name and the address."


class BucketElsewhere(SourceUnreachable):
    """The server names another region or address."""

    code = "bucket_elsewhere"
    message = "The bucket is in another region, or at another address. Correct the source."


class MailboxMissing(SourceUnreachable):
    """The account has no such mailbox."""

    code = "mailbox_missing"
    message = "The account has no mailbox of this name. Check the names of the mailboxes."


class RepositoryMissing(SourceUnreachable):
    """What answers does not speak version 2 of Git's protocol."""

    code = "repository_missing"
    message = (
        "At this address is no Git repository, or its server is too old (before Git 2.18). Give "
        "the address that `git clone` takes, with https:// and, mostly, .git at its end."
    )


class BranchMissing(SourceUnreachable):
    """The repository has no such branch."""

    code = "branch_missing"
    message = "The repository has no branch of this name. Check the name."


class SourceRefused(SourceUnreachable):
    """The server answers, and does not take what we sign in with, or lets it read nothing."""

    code = "source_refused"
    message = (
        "The source does not let us in. Check its name, the user or access key, and what these may "
        "read there, and give the password or key again. It is tried again later."
    )


class SourceTooLarge(SourceUnreachable):
    """More files than a source may have, or more bytes than may be fetched at once."""

    code = "source_too_large"
    message = (
        "The source holds more than may be read. Connect parts of it, or have whoever runs the "
        "server raise the limits in SOURCEBOOK_SOURCES."
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


class FileInLfs(UploadRefused):
    """Git LFS keeps the content on another server."""

    code = "file_in_lfs"
    message = "The repository keeps this file in Git LFS, which is not read. Upload it yourself."
