"""Make the connector of a source from its configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ingest.connectors.configuration import FolderConfig, WebConfig
from ingest.connectors.errors import FolderNotAllowed
from ingest.connectors.folder import FolderConnector, allowed_folder
from ingest.connectors.port import Connector
from ingest.connectors.settings import SourceSettings
from ingest.connectors.site_client import SiteClient
from ingest.connectors.web import WebConnector
from ingest.connectors.web_pages import Site
from security.outbound import outbound_client
from security.settings import OutboundSettings

_HEADERS_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Connectors:
    """What connectors of any kind need; `wait` sleeps and tells whether the worker is to stop."""

    settings: SourceSettings
    outbound: OutboundSettings
    file_bytes_max: int
    clock: Callable[[], datetime]
    wait: Callable[[float], bool]

    def connect(self, config: FolderConfig | WebConfig) -> Connector:
        """Return the connector; nothing is read yet.

        Raises:
            FolderNotAllowed: the operator no longer allows the folder.
        """
        if isinstance(config, WebConfig):
            return WebConnector(
                config.url, config.depth_max, self.settings, lambda: self._client(config.url)
            )
        folder = allowed_folder(config.path, self.settings)
        if folder is None:
            raise FolderNotAllowed
        return FolderConnector(folder, config.ignore, self.settings, self.clock)

    def _client(self, start: str) -> SiteClient:
        limits = {
            "response_bytes_max": self.file_bytes_max + _HEADERS_BYTES,
            "seconds_max": self.settings.page_seconds_max,
        }
        http = outbound_client(self.outbound.model_copy(update=limits))
        return SiteClient(http, Site(start).origin, self.settings, self.wait)
