"""When the audit log is signed and where that goes, and what is counted instead of listed."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class AuditSettings(BaseModel):
    """When the audit log is signed and where that goes, and what is counted instead of listed.

    A checkpoint is due after `checkpoint_entries` entries, or `checkpoint_seconds` after the last
    one if there is a new entry at all. Within a window, what one person is denied again, or opens
    again, is counted and not listed; `denied_kinds_max` bounds what is listed in a window at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    checkpoint_entries: int = Field(default=256, ge=1)
    checkpoint_seconds: float = Field(default=60, gt=0)
    checkpoint_file: Path | None = Field(
        default=None,
        description="Only ever appended to; default: audit/checkpoints in the data. "
        "Best on another disk or machine, and locked with `chattr +a`.",
    )
    checkpoint_syslog: str | None = Field(
        default=None,
        pattern=r"^(udp|tcp)://[^/]+$|^unix:///.+$",
        description="Syslog server that gets them too: udp://…, tcp://… or unix:///dev/log.",
    )
    checkpoint_syslog_seconds_max: float = Field(default=5, gt=0)
    denied_window_seconds: float = Field(default=60, gt=0)
    denied_kinds_max: int = Field(default=200, ge=1)
    opened_window_seconds: float = Field(default=300, ge=0)
    verified_in_request_entries_max: int = Field(
        default=100_000, ge=1, description="Above it, verify on the command line."
    )
