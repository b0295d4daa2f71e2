"""The connection to Milvus and the one collection that holds all tenants' vectors."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from threading import Lock
from typing import Any
from uuid import uuid4

import grpc
import structlog
from pymilvus import DataType, MilvusClient, MilvusException

from retrieval.errors import VectorStoreUnavailable
from retrieval.vectors.milvus_version import capabilities
from retrieval.vectors.settings import MilvusSettings

_log = structlog.get_logger()

# Its errors quote requests, and so the names of permission lists and documents.
logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)

_MARK = 0
"""Number of the row that names the contents; chunks are numbered from 1."""


class MilvusCollection:
    """One collection for one embedder, made when it is first needed; safe between threads.

    After a failure the next call connects anew, so that it recovers when the server does.
    """

    def __init__(self, settings: MilvusSettings, embedder: str, dimensions: int) -> None:
        self._settings = settings
        self._name = f"{settings.collection}_{sha256(embedder.encode()).hexdigest()[:16]}"
        self._dimensions = dimensions
        self._client: MilvusClient | None = None
        self._contents = ""
        self._connecting = Lock()

    @property
    def settings(self) -> MilvusSettings:
        """How the server is used."""
        return self._settings

    def name_of_contents(self) -> str:
        """Return a name that was given to the contents when the collection was made.

        Raises:
            VectorStoreUnavailable: the server does not answer.
        """
        with self._reaching():
            return self._contents

    def search(self, query: list[float], expression: str, limit: int) -> list[dict[str, Any]]:
        """Return up to `limit` hits that fit the expression, nearest first."""
        with self._reaching() as client:
            hits = client.search(
                self._name,
                data=[query],
                filter=expression,
                limit=limit,
                output_fields=["document_id"],
                search_params={"metric_type": "IP", "params": self._settings.search_options},
                consistency_level=self._settings.consistency,
                timeout=self._seconds,
            )
            return list(hits[0])

    def rows(self, expression: str, fields: list[str]) -> list[dict[str, Any]]:
        """Return those fields of all rows that fit, whatever was written last included."""
        with self._reaching() as client:
            return self._read(client, expression, fields)

    def vectors(self, expression: str) -> list[dict[str, Any]]:
        """Return number and vector of all rows that fit, as consistent as a search is."""
        with self._reaching() as client:
            return self._read(client, expression, ["id", "vector"], self._settings.consistency)

    def every_row(self, expression: str, fields: list[str]) -> Iterator[dict[str, Any]]:
        """Go through all rows that fit, however many they are."""
        with self._reaching() as client:
            pages = client.query_iterator(
                self._name, filter=expression, output_fields=fields, timeout=self._seconds
            )
            while page := pages.next():
                yield from page

    def delete(self, numbers: list[int]) -> None:
        """Delete rows by their numbers."""
        with self._reaching() as client:
            client.delete(self._name, ids=numbers, timeout=self._seconds)

    def insert(self, rows: list[dict[str, Any]]) -> None:
        """Add rows whose numbers are free."""
        with self._reaching() as client:
            client.insert(self._name, rows, timeout=self._seconds)

    def drop(self) -> None:
        """Delete the collection."""
        with self._reaching() as client:
            client.drop_collection(self._name, timeout=self._seconds)
        self.close()

    def close(self) -> None:
        """End the connection."""
        with self._connecting:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    @property
    def _seconds(self) -> float:
        return self._settings.request_seconds_max

    @contextmanager
    def _reaching(self) -> Iterator[MilvusClient]:
        """Lend the client; whatever fails is `VectorStoreUnavailable`, and ends the connection."""
        try:
            yield self._connected()
        except (MilvusException, grpc.RpcError, OSError) as error:
            self.close()
            raise VectorStoreUnavailable(_reason(error)) from None

    def _connected(self) -> MilvusClient:
        with self._connecting:
            if self._client is None:
                client = _connect(self._settings)
                if not client.has_collection(self._name, timeout=self._seconds):
                    self._create(client)
                client.load_collection(self._name, timeout=self._seconds)
                self._contents = self._mark(client)
                able = capabilities(client.get_server_version(timeout=self._seconds))
                _log.info("milvus_connected", **asdict(able))
                self._client = client
            return self._client

    def _create(self, client: MilvusClient) -> None:
        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("tenant_id", DataType.VARCHAR, max_length=64, is_partition_key=True)
        for name in ("document_id", "collection_id", "script"):
            schema.add_field(name, DataType.VARCHAR, max_length=64)
        schema.add_field("acl_id", DataType.INT64)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self._dimensions)
        indexes = client.prepare_index_params()
        options = self._settings.index_options
        indexes.add_index(
            "vector", index_type=self._settings.index, metric_type="IP", params=options
        )
        client.create_collection(
            self._name,
            schema=schema,
            index_params=indexes,
            num_partitions=self._settings.partitions,
            consistency_level="Strong",  # of all that does not say another
            timeout=self._seconds,
        )

    def _mark(self, client: MilvusClient) -> str:
        """Read the name of the contents from its row, which no scope sees, or give one."""
        for row in self._read(client, f"id == {_MARK}", ["document_id"]):
            return str(row["document_id"])
        name = uuid4().hex
        row = {"id": _MARK, "document_id": name, "acl_id": -1}
        row |= {"tenant_id": "", "collection_id": "", "script": ""}
        row["vector"] = [0.0] * self._dimensions
        client.insert(self._name, [row], timeout=self._seconds)
        return name

    def _read(
        self,
        client: MilvusClient,
        expression: str,
        fields: list[str],
        consistency: str = "Strong",
    ) -> list[dict[str, Any]]:
        return list(
            client.query(
                self._name,
                filter=expression,
                output_fields=fields,
                consistency_level=consistency,
                timeout=self._seconds,
            )
        )


def _connect(settings: MilvusSettings) -> MilvusClient:
    options = {
        "server_pem_path": str(settings.ca_file) if settings.ca_file else "",
        "server_name": settings.server_name,
    }
    return MilvusClient(
        settings.uri,
        user=settings.user,
        password=settings.password.get_secret_value(),
        token=settings.token.get_secret_value(),
        db_name=settings.database,
        timeout=settings.request_seconds_max,
        dedicated=True,  # else a connection that this process has is lent, whatever its certificate
        **{name: value for name, value in options.items() if value},
    )


def _reason(error: Exception) -> str:
    if isinstance(error, MilvusException) and error.code not in {1, 2}:
        return f"refused with code {error.code}"
    return "does not answer"
