"""Which embedding model turns text into vectors, and how hard it may work."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, model_validator


class EmbeddingSettings(BaseModel):
    """The embedder. Another model means other vectors: the corpus is embedded again."""

    model_config = ConfigDict(extra="forbid")

    backend: Literal["e5", "sentence-transformers", "openai"] = Field(
        "e5",
        description="e5: multilingual-e5-small, built in. sentence-transformers: any such model "
        "from a local folder. openai: any server with /v1/embeddings.",
    )
    threads: int | None = Field(
        None,
        ge=1,
        le=64,
        description="Processor cores that the local models may use at once; none: all. The worker "
        "yields them to questions.",
    )
    precision: Literal["auto", "bfloat16", "float32"] = Field(
        "auto", description="Arithmetic of e5; auto takes bfloat16 where the processor has it."
    )
    kernels: Literal["auto", "off"] = Field(
        "auto",
        description="Whether to compile the kernels of e5 once, if the processor (AVX512-BF16, at "
        "best with AMX) and a C++ compiler allow it. Everything works without them, more slowly.",
    )
    folder: Path | None = Field(None, description="Folder of a sentence-transformers model.")
    url: HttpUrl | None = Field(
        None, description="Address of an embedding server, up to and with /v1."
    )
    api_key: SecretStr | None = Field(None, description="Bearer token for that server.")
    model: str = Field("", description="Model name to ask that server for.")
    query_prefix: str = Field("", description="Put before each question (not for e5).")
    passage_prefix: str = Field("", description="Put before each passage (not for e5).")
    passage_tokens_max: int = Field(
        512, ge=32, description="Longest passage that the server's model reads, in tokens."
    )
    batch_texts_max: int = Field(64, ge=1, description="Texts in one request to the server.")
    request_seconds_max: float = Field(30.0, gt=0, description="Time limit of one request.")
    attempts_max: int = Field(4, ge=1, description="Tries of one request, the first included.")

    @model_validator(mode="after")
    def _is_complete(self) -> "EmbeddingSettings":
        if self.backend == "sentence-transformers" and self.folder is None:
            raise ValueError("the backend sentence-transformers needs the setting `folder`")
        if self.backend == "openai" and (self.url is None or not self.model):
            raise ValueError("the backend openai needs the settings `url` and `model`")
        return self
