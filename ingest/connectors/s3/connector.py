"""The objects of a bucket: each look lists them all, a page at a time, and fetches what changed."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import BinaryIO

from ingest.connectors.configuration import S3Config
from ingest.connectors.errors import SourceTooLarge
from ingest.connectors.patterns import is_ignored
from ingest.connectors.port import End, Event, Item, Kept
from ingest.connectors.s3.bucket import Bucket, StoredObject
from ingest.errors import FileTooLarge


class S3Connector:
    """Tells what a bucket holds; an object is the same while its ETag and its size are."""

    def __init__(
        self,
        config: S3Config,
        bucket: Callable[[], Bucket],
        *,
        objects_max: int,
        file_bytes_max: int,
    ) -> None:
        self._config = config
        self._bucket = bucket
        self._objects_max = objects_max
        self._file_bytes_max = file_bytes_max

    def changes(self, cursor: str | None, known: Mapping[str, str]) -> Iterator[Event]:  # noqa: ARG002 - each look is a whole one
        """Yield an item for each object; see the port.

        Raises:
            SourceUnreachable, SourceRefused: the bucket cannot be read.
            SourceTooLarge: it holds more objects than a source may.
        """
        with self._bucket() as bucket:
            for count, stored in enumerate(bucket.objects()):
                if count >= self._objects_max:
                    raise SourceTooLarge
                if not self._is_left_out(stored.key):
                    yield self._event(bucket, stored, known)
        yield End("", complete=True)

    def _is_left_out(self, key: str) -> bool:
        # Consoles keep a folder as an empty object whose key ends with a slash.
        inside = key.removeprefix(self._config.prefix).lstrip("/")
        return key.endswith("/") or is_ignored(inside, self._config.ignore)

    def _event(self, bucket: Bucket, stored: StoredObject, known: Mapping[str, str]) -> Event:
        version = f"{stored.etag}:{stored.size_bytes}"
        if known.get(stored.key) == version:
            return Kept(stored.key)
        name = stored.key.rsplit("/", 1)[-1]
        return Item(stored.key, version, name, partial(self._open, bucket, stored))

    def _open(self, bucket: Bucket, stored: StoredObject) -> BinaryIO:
        if stored.size_bytes > self._file_bytes_max:
            raise FileTooLarge  # without fetching it
        return bucket.open(stored)
