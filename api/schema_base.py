"""What every schema is made from."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

Identifier = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", examples=["0" * 32])]

DocumentStatus = Literal["queued", "processing", "ready", "failed"]


def _whole(text: str) -> str:
    # JSON can escape half a character ("\\ud800"), which nothing can store or encode.
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("text holds half a character (a lone surrogate)")
    return text


Word = Annotated[str, AfterValidator(_whole)]
"""Text within a list, of which `Input` itself looks at single fields only."""


class View(BaseModel):
    """What is shown; made from the attributes of a service's answer."""

    model_config = ConfigDict(from_attributes=True)


class Input(BaseModel):
    """What a caller sends; fields that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _is_unicode(cls, value: object) -> object:
        return _whole(value) if isinstance(value, str) else value
