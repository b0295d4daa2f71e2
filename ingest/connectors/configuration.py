"""What a source of each kind needs to know, as it is given, sealed and shown again."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from ingest.connectors.errors import FolderNotAllowed, SourceInvalid
from ingest.connectors.folder import allowed_folder
from ingest.connectors.settings import SourceSettings
from ingest.connectors.web_pages import absolute

_PATTERN_CHARACTERS_MAX: Final = 200


class FolderConfig(BaseModel):
    """A folder of the server; `ignore` holds patterns of names, or of paths below it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["folder"]
    path: str = Field(min_length=1, max_length=1_000, examples=["/srv/shared/policies"])
    ignore: tuple[Annotated[str, Field(max_length=_PATTERN_CHARACTERS_MAX)], ...] = Field(
        default=(), max_length=100, examples=[["drafts/*"]]
    )

    @property
    def address(self) -> str:
        """What people know the source by."""
        return self.path

    def checked(self, settings: SourceSettings) -> "FolderConfig":
        """Return it as it is stored.

        Raises:
            FolderNotAllowed: the folder is not within one that the operator names.
        """
        folder = allowed_folder(self.path, settings)
        if folder is None:
            raise FolderNotAllowed
        return self.model_copy(update={"path": str(folder)})


class WebConfig(BaseModel):
    """A web site, or the part of it below `url`; `depth_max` counts links from there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["web"]
    url: str = Field(min_length=1, max_length=2_000, examples=["https://docs.example.com/guide/"])
    depth_max: int = Field(default=3, ge=0, le=20)

    @property
    def address(self) -> str:
        """What people know the source by."""
        return self.url

    def checked(self, settings: SourceSettings) -> "WebConfig":  # noqa: ARG002 - one signature for all
        """Return it as it is stored.

        Raises:
            SourceInvalid: no web address. Whether it may be called is known when it is.
        """
        url = absolute(self.url, "")
        if url is None:
            raise SourceInvalid
        return self.model_copy(update={"url": url})


SourceConfig = Annotated[FolderConfig | WebConfig, Field(discriminator="kind")]
SOURCE_CONFIG: Final[TypeAdapter[FolderConfig | WebConfig]] = TypeAdapter(SourceConfig)
