"""Which model reads the best candidates again, and how hard it may work."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from retrieval.embedding.bert import Precision


class RerankSettings(BaseModel):
    """The reranker. How many it reads, for how long: `rerank_...` of the section retrieval."""

    model_config = ConfigDict(extra="forbid")

    backend: Literal["off", "late-interaction", "cross-encoder"] = Field(
        "off",
        description="late-interaction: compares the built-in model's vectors of single tokens. "
        "cross-encoder: a BERT or XLM-RoBERTa classifier with one output, from a local folder.",
    )
    folder: Path | None = Field(
        None,
        description="Folder of the cross-encoder: config.json, model.safetensors, tokenizer.json.",
    )
    threads: int | None = Field(
        None, ge=1, le=64, description="Processor cores that it may use at once; none: all."
    )
    precision: Precision = Field(
        "auto",
        description="Arithmetic of the cross-encoder; auto takes bfloat16 where the processor has "
        "it.",
    )
    kernels: Literal["auto", "off"] = Field(
        "auto",
        description="Whether to compile kernels for the cross-encoder, as those of e5.",
    )
    tokens_max: int = Field(
        512, ge=16, description="Question and passage are cut to so many tokens together."
    )

    @model_validator(mode="after")
    def _is_complete(self) -> "RerankSettings":
        if self.backend == "cross-encoder" and self.folder is None:
            raise ValueError("the backend cross-encoder needs the setting `folder`")
        return self
