"""Receipts over the wire: as they were signed, so that anyone can verify them."""

from typing import Any

from pydantic import BaseModel, Field


class ErasureList(BaseModel):
    """All receipts of a tenant, oldest first."""

    public_key: str = Field(description="Ed25519, base64; keep a copy elsewhere.")
    items: list[dict[str, Any]] = Field(description="Receipts, each with its signature.")
