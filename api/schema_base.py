"""What every schema is made from."""

from pydantic import BaseModel, ConfigDict, field_validator


class View(BaseModel):
    """What is shown; made from the attributes of a service's answer."""

    model_config = ConfigDict(from_attributes=True)


class Input(BaseModel):
    """What a caller sends; fields that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _is_unicode(cls, value: object) -> object:
        # JSON can escape half a character ("\\ud800"), which nothing can store or encode.
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValueError("text holds half a character (a lone surrogate)")
        return value
