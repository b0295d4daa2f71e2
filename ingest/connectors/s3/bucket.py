"""One bucket: a listing by pages, and objects as they were listed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import Any, BinaryIO, Final, Self

from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from ingest.connectors.configuration import S3Config
from ingest.connectors.errors import (
    AddressRefused,
    BucketElsewhere,
    BucketMissing,
    ItemUnreadable,
    SourceError,
    SourceRefused,
    SourceUnreachable,
)
from ingest.connectors.s3.transport import GuardedSender
from security.errors import OutboundFailed, OutboundRefused
from security.outbound import OutboundClient

_ATTEMPTS_MAX: Final = 3
_REFUSALS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as the listing tells of it; `etag` changes with its content."""

    key: str
    etag: str
    size_bytes: int


class Bucket:
    """Reads one bucket through the guard; close it after use."""

    def __init__(self, config: S3Config, secret: str | None, http: OutboundClient) -> None:
        self._config = config
        self._http = http
        self._client = _client(config, secret)
        self._client.meta.events.register("before-send.s3", GuardedSender(http))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def objects(self) -> Iterator[StoredObject]:
        """Yield all objects below the prefix, in the order of their keys.

        Raises:
            SourceUnreachable, SourceRefused: the bucket cannot be read.
        """
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._config.bucket, Prefix=self._config.prefix
        )
        with _translated():
            for page in pages:
                for found in page.get("Contents", ()):
                    yield StoredObject(found["Key"], found["ETag"], found["Size"])

    def open(self, stored: StoredObject) -> BinaryIO:
        """Fetch an object, if it still is what was listed.

        Raises:
            ItemUnreadable: it was changed or deleted meanwhile, or may not be read.
        """
        try:
            answer = self._client.get_object(
                Bucket=self._config.bucket, Key=stored.key, IfMatch=stored.etag
            )
            return BytesIO(answer["Body"].read())
        except (BotoCoreError, ClientError, OutboundFailed) as error:
            raise ItemUnreadable from error


def _client(config: S3Config, secret: str | None) -> Any:
    # Nothing of the machine's own: no profile, no credentials, no endpoints from its files.
    session = Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    signed = {} if config.access_key_id else {"signature_version": UNSIGNED}
    return session.create_client(
        "s3",
        region_name=config.region,
        endpoint_url=config.endpoint or None,
        aws_access_key_id=config.access_key_id or None,
        aws_secret_access_key=secret,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS_MAX},
            s3={"addressing_style": "path" if config.endpoint else "auto"},
            ignore_configured_endpoint_urls=True,
            response_checksum_validation="when_required",
            **signed,
        ),
    )


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what botocore and the guard raise into what is wrong with a source."""
    try:
        yield
    except OutboundRefused as error:
        raise AddressRefused from error
    except ClientError as error:
        raise _said(error) from error
    except (BotoCoreError, OutboundFailed) as error:
        raise SourceUnreachable from error


def _said(error: ClientError) -> SourceError:
    answer = error.response
    code = answer.get("Error", {}).get("Code")
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in {"PermanentRedirect", "AuthorizationHeaderMalformed", "301"}:
        return BucketElsewhere()
    if code == "NoSuchBucket":
        return BucketMissing()
    return SourceRefused() if status in _REFUSALS else SourceUnreachable()
