"""What a source of each kind needs to know, as it is given, sealed and shown again."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ingest.connectors.errors import ExtraMissing, FolderNotAllowed, SecretMissing, SourceInvalid
from ingest.connectors.folder import allowed_folder
from ingest.connectors.settings import SourceSettings
from ingest.connectors.web_pages import absolute

_PATTERN_CHARACTERS_MAX: Final = 200
_PRINTABLE: Final = r"^[^\x00-\x1f\x7f]*$"
Patterns = Annotated[
    tuple[Annotated[str, Field(max_length=_PATTERN_CHARACTERS_MAX)], ...], Field(max_length=100)
]
Name = Annotated[str, Field(max_length=255, pattern=_PRINTABLE)]


class _Config(BaseModel):
    """What all kinds share; a kind without a secret refuses one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def address(self) -> str:
        """What people know the source by."""
        raise NotImplementedError

    @property
    def reach(self) -> tuple[object, ...]:
        """What a secret is given for: where it is sent, and what it opens there."""
        return ()

    @property
    def mapped_groups(self) -> Mapping[str, str] | None:
        """Our groups for the source's, where its permissions are followed."""
        return None

    @property
    def wants_secret(self) -> bool | None:
        """Whether it cannot be read without a secret; None where one cannot be used at all."""
        return None

    def check_secret(self, secret: str | None) -> None:
        """Refuse a secret that is of no use, and a lack of one.

        Raises:
            SourceInvalid: this kind has no use for it.
            SecretMissing: it needs one.
        """
        if secret is not None and self.wants_secret is None:
            message = "This source takes no password or key. Leave the field empty."
            raise SourceInvalid(message)
        if secret is None and self.wants_secret:
            raise SecretMissing


class FolderConfig(_Config):
    """A folder of the server; `ignore` holds patterns of names, or of paths below it.

    With `groups` documents follow the folder's permissions: a file that is not open to all is seen
    by members of its group alone. `groups` gives ours, by name or id, for each of the folder's, by
    name or number; the file of a group that is not named there is seen by nobody.
    """

    kind: Literal["folder"]
    path: str = Field(min_length=1, max_length=1_000, examples=["/srv/shared/policies"])
    ignore: Patterns = Field(default=(), examples=[["drafts/*"]])
    groups: dict[Name, Name] | None = Field(
        default=None, max_length=200, examples=[{"legal": "Legal department"}]
    )

    @property
    def address(self) -> str:
        """The folder's path."""
        return self.path

    @property
    def mapped_groups(self) -> Mapping[str, str] | None:
        """As they were given."""
        return self.groups

    def checked(self, settings: SourceSettings) -> "FolderConfig":
        """Return it as it is stored.

        Raises:
            FolderNotAllowed: the folder is not within one that the operator names.
        """
        folder = allowed_folder(self.path, settings)
        if folder is None:
            raise FolderNotAllowed
        return self.model_copy(update={"path": str(folder)})


class WebConfig(_Config):
    """A web site, or the part of it below `url`; `depth_max` counts links from there."""

    kind: Literal["web"]
    url: str = Field(min_length=1, max_length=2_000, examples=["https://docs.example.com/guide/"])
    depth_max: int = Field(default=3, ge=0, le=20)

    @property
    def address(self) -> str:
        """Where the pages begin."""
        return self.url

    def checked(self, settings: SourceSettings) -> "WebConfig":  # noqa: ARG002 - one signature for all
        """Return it as it is stored.

        Raises:
            SourceInvalid: no web address. Whether it may be called is known when it is.
        """
        return self.model_copy(update={"url": _web_address(self.url)})


class S3Config(_Config):
    """The objects of a bucket whose keys begin with `prefix`.

    Without `endpoint` it is a bucket of AWS in `region`. The secret is the access key's; without
    `access_key_id` the bucket is read as anybody may. `ignore` holds patterns of names, or of keys
    below the prefix.
    """

    kind: Literal["s3"]
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]$", examples=["policies"])
    prefix: str = Field(default="", max_length=1_000, pattern=_PRINTABLE, examples=["hr/"])
    endpoint: str = Field(default="", max_length=2_000, examples=["https://minio.example.com"])
    region: str = Field(default="us-east-1", pattern=r"^[a-z0-9\-]{1,40}$")
    access_key_id: str = Field(default="", max_length=128, pattern=r"^[\x21-\x7e]*$")
    ignore: Patterns = Field(default=(), examples=[["drafts/*"]])

    @property
    def address(self) -> str:
        """The bucket and the part of it."""
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def reach(self) -> tuple[object, ...]:
        """All but the patterns."""
        return (self.endpoint, self.region, self.bucket, self.prefix, self.access_key_id)

    @property
    def wants_secret(self) -> bool | None:
        """As soon as an access key is named."""
        return True if self.access_key_id else None

    def checked(self, settings: SourceSettings) -> "S3Config":  # noqa: ARG002 - one signature for all
        """Return it as it is stored.

        Raises:
            SourceInvalid: `endpoint` is no web address. Whether it may be called is known later.
            ExtraMissing: the client for S3 is not installed.
        """
        if find_spec("botocore") is None:
            raise ExtraMissing
        endpoint = self.endpoint and _web_address(self.endpoint).rstrip("/")
        return self.model_copy(update={"endpoint": endpoint})


def _web_address(text: str) -> str:
    url = absolute(text, "")
    if url is None:
        raise SourceInvalid
    return url


class ImapConfig(_Config):
    """The messages in some mailboxes of a mail account; the secret is its password.

    The server is reached over TLS from the first byte on (`imaps`).
    """

    kind: Literal["imap"]
    host: str = Field(
        max_length=253,
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?$",
        examples=["imap.example.com"],
    )
    port: int = Field(default=993, ge=1, le=65_535)
    username: Name = Field(min_length=1, examples=["invoices@example.com"])
    mailboxes: tuple[Name, ...] = Field(default=("INBOX",), min_length=1, max_length=100)

    @property
    def address(self) -> str:
        """Whose mailboxes, and where."""
        return f"{self.username} ({self.host}): {', '.join(self.mailboxes)}"

    @property
    def reach(self) -> tuple[object, ...]:
        """Everything."""
        return (self.host, self.port, self.username, self.mailboxes)

    @property
    def wants_secret(self) -> bool | None:
        """Always."""
        return True

    def checked(self, settings: SourceSettings) -> "ImapConfig":  # noqa: ARG002 - one signature for all
        """Return it as it is stored; whether the server may be called is known when it is."""
        return self.model_copy(update={"host": self.host.lower()})


class GitConfig(_Config):
    """The files of one branch, by default the one that the server shows first.

    Of these, those that a pattern of `include` matches, by name or path, and none of `ignore`. The
    secret is a token or password; servers differ in whether they look at `username` then.
    """

    kind: Literal["git"]
    url: str = Field(
        min_length=1, max_length=2_000, examples=["https://git.example.com/docs/handbook.git"]
    )
    branch: str = Field(default="", max_length=255, pattern=r"^[^\x00-\x20\x7f]*$")
    username: Name = Field(default="", examples=["reader"])
    include: Patterns = Field(default=(), examples=[["docs/*", "*.md"]])
    ignore: Patterns = Field(default=(), examples=[["drafts/*"]])

    @property
    def address(self) -> str:
        """The repository and its branch."""
        return f"{self.url} ({self.branch})" if self.branch else self.url

    @property
    def reach(self) -> tuple[object, ...]:
        """All but the patterns."""
        return (self.url, self.branch, self.username)

    @property
    def wants_secret(self) -> bool | None:
        """Many repositories are open to anybody."""
        return False

    def checked(self, settings: SourceSettings) -> "GitConfig":  # noqa: ARG002 - one signature for all
        """Return it as it is stored.

        Raises:
            SourceInvalid: no web address. Whether it may be called is known when it is.
        """
        return self.model_copy(update={"url": _web_address(self.url).rstrip("/")})


AnyConfig = FolderConfig | WebConfig | S3Config | ImapConfig | GitConfig
SourceConfig = Annotated[AnyConfig, Field(discriminator="kind")]
SOURCE_CONFIG: Final[TypeAdapter[AnyConfig]] = TypeAdapter(SourceConfig)
