"""Make the connector of a source from its configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ingest.connectors.configuration import (
    AnyConfig,
    FolderConfig,
    GitConfig,
    ImapConfig,
    S3Config,
    WebConfig,
)
from ingest.connectors.errors import ExtraMissing, FolderNotAllowed
from ingest.connectors.folder import FolderConnector, allowed_folder
from ingest.connectors.git.connector import GitConnector
from ingest.connectors.git.remote import Remote, RemoteLimits
from ingest.connectors.imap.connector import ImapConnector
from ingest.connectors.imap.session import MailSession, mail_session
from ingest.connectors.port import Connector
from ingest.connectors.posix_readers import PosixReaders
from ingest.connectors.settings import SourceSettings
from ingest.connectors.site_client import SiteClient
from ingest.connectors.web import WebConnector
from ingest.connectors.web_pages import Site
from ingest.settings import MIB
from security.outbound import OutboundClient, outbound_client
from security.settings import OutboundSettings

_ANY_USER = "git"
_HEADERS_BYTES = 64 * 1024
_LISTING_BYTES = 4 * MIB
"""More than any server's answer of a thousand keys, each a thousand bytes long, in XML."""


@dataclass(frozen=True, slots=True)
class Connectors:
    """What connectors of any kind need; `wait` sleeps and tells whether the worker is to stop."""

    settings: SourceSettings
    outbound: OutboundSettings
    file_bytes_max: int
    clock: Callable[[], datetime]
    wait: Callable[[float], bool]

    def connect(self, config: AnyConfig, secret: str | None = None) -> Connector:
        """Return the connector; nothing is read yet.

        Raises:
            FolderNotAllowed: the operator no longer allows the folder.
            ExtraMissing: what reads this kind is not installed.
        """
        match config:
            case FolderConfig():
                return self._folder(config)
            case WebConfig():
                return WebConnector(
                    config.url, config.depth_max, self.settings, lambda: self._client(config.url)
                )
            case S3Config():
                return self._s3(config, secret)
            case ImapConfig():
                return self._imap(config, secret or "")
            case GitConfig():
                return self._git(config, secret)

    def _folder(self, config: FolderConfig) -> Connector:
        folder = allowed_folder(config.path, self.settings)
        if folder is None:
            raise FolderNotAllowed
        readers = None if config.groups is None else PosixReaders(folder)
        return FolderConnector(folder, config.ignore, self.settings, self.clock, readers)

    def _client(self, start: str) -> SiteClient:
        http = self._http(self.file_bytes_max, self.settings.page_seconds_max)
        return SiteClient(http, Site(start).origin, self.settings, self.wait)

    def _s3(self, config: S3Config, secret: str | None) -> Connector:
        try:
            from ingest.connectors.s3.bucket import Bucket  # noqa: PLC0415 - of the extra `s3`
            from ingest.connectors.s3.connector import S3Connector  # noqa: PLC0415 - as above
        except ModuleNotFoundError as error:
            raise ExtraMissing from error
        seconds = self.settings.transfer_seconds_max
        bytes_max = max(self.file_bytes_max, _LISTING_BYTES)
        return S3Connector(
            config,
            lambda: Bucket(config, secret, self._http(bytes_max, seconds)),
            objects_max=self.settings.objects_max,
            file_bytes_max=self.file_bytes_max,
        )

    def _imap(self, config: ImapConfig, password: str) -> Connector:
        def session() -> MailSession:
            return mail_session(self._mail_limits(), config, password, self.settings)

        return ImapConnector(
            config.mailboxes,
            session,
            messages_max=self.settings.objects_max,
            file_bytes_max=self.file_bytes_max,
        )

    def _mail_limits(self) -> OutboundSettings:
        limits = {
            "response_bytes_max": self.settings.bytes_per_run_max + self.file_bytes_max,
            "seconds_max": self.settings.mailbox_seconds_max,
        }
        return self.outbound.model_copy(update=limits)

    def _git(self, config: GitConfig, token: str | None) -> Connector:
        settings = self.settings
        limits = RemoteLimits(settings.trees_bytes_max, self.file_bytes_max)
        # Servers that take a token alone still want a name in front of it.
        auth = (config.username or _ANY_USER, token) if token else None

        def remote() -> Remote:
            http = self._http(settings.trees_bytes_max, settings.transfer_seconds_max)
            return Remote(config.url, auth, http, limits)

        return GitConnector(config, remote, objects_max=settings.objects_max)

    def _http(self, body_bytes_max: int, seconds_max: float) -> OutboundClient:
        limits = {
            "response_bytes_max": body_bytes_max + _HEADERS_BYTES,
            "seconds_max": seconds_max,
        }
        return outbound_client(self.outbound.model_copy(update=limits))
