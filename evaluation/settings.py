"""Limits of stored evaluations."""

from pydantic import BaseModel, ConfigDict, Field


class EvaluationSettings(BaseModel):
    """How many evaluations a tenant keeps, and how large one may be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stored_runs_max: int = Field(
        default=200, ge=1, description="Evaluations that a tenant keeps on the server."
    )
    questions_max: int = Field(
        default=20_000, ge=1, description="Questions of one evaluation that is kept."
    )
