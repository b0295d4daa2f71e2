"""Where the vectors are searched."""

from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class MilvusSettings(BaseModel):
    """A Milvus server, from 2.3 on, that several API processes share."""

    model_config = ConfigDict(extra="forbid")

    uri: str = Field(
        "",
        description="Address of the server, `https://…:19530`. Without TLS only on this machine, "
        "or with `allow_unencrypted`.",
    )
    user: str = Field("", description="User to sign in as.")
    password: SecretStr = Field(SecretStr(""), description="That user's password.")
    token: SecretStr = Field(SecretStr(""), description="Token, instead of user and password.")
    database: str = Field("default", description="Database of the server.")
    ca_file: Path | None = Field(
        None, description="Certificate that the server's is checked against; none: the system's."
    )
    server_name: str = Field("", description="Name in the server's certificate, if another.")
    allow_unencrypted: bool = Field(
        default=False,
        description="Whether to reach another machine without TLS, on a network of trust.",
    )
    collection: str = Field(
        "sourcebook",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,100}$",
        description="What the names of our collections in it begin with.",
    )
    partitions: int = Field(
        64, ge=1, le=1024, description="Partitions that tenants are spread over, chosen once."
    )
    index: Literal["FLAT", "IVF_FLAT", "HNSW", "DISKANN"] = Field(
        "FLAT",
        description="Index that the server builds, chosen once. FLAT looks at every visible "
        "passage; the others are faster and miss some, more so the less is visible.",
    )
    index_options: dict[str, int] = Field(
        {}, description='Options of the index, as JSON, such as `{"nlist": 4096}`.'
    )
    search_options: dict[str, int] = Field(
        {}, description='Options of a search in it, as JSON, such as `{"nprobe": 64}`.'
    )
    consistency: Literal["Strong", "Bounded", "Eventually"] = Field(
        "Bounded",
        description="How new the contents are that a search sees. Rights and deletions never wait: "
        "they are read from the database. Strong waits for the last write, 0.2 s on one machine.",
    )
    request_seconds_max: float = Field(10, gt=0, description="Time limit of one request.")

    @model_validator(mode="after")
    def _is_private(self) -> "MilvusSettings":
        if self.uri and not (self.allow_unencrypted or _stays_private(self.uri)):
            raise ValueError("`uri` needs https:// for another machine, or `allow_unencrypted`")
        return self


class VectorSettings(BaseModel):
    """Where the vectors are searched: in each process, or on a server that all share."""

    model_config = ConfigDict(extra="forbid")

    store: Literal["memory", "milvus"] = Field(
        "memory",
        description="memory: FAISS in this process. milvus: a server; install the extra `milvus`.",
    )
    milvus: MilvusSettings = MilvusSettings()

    @model_validator(mode="after")
    def _is_complete(self) -> "VectorSettings":
        if self.store == "milvus" and not self.milvus.uri:
            raise ValueError("the store milvus needs the setting `milvus.uri`")
        return self


def _stays_private(uri: str) -> bool:
    """Whether nobody on a network can read along: TLS, this machine, or a file (Milvus Lite)."""
    parts = urlsplit(uri)
    if parts.scheme != "http":
        return parts.scheme in {"https", ""}
    host = parts.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
