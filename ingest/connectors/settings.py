"""Limits of sources. Every limit has its unit in its name."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from ingest.settings import MIB

_HOUR = 3600


class SourceSettings(BaseModel):
    """What sources may read, and how often and how much.

    A folder can be a source only within one of `folder_roots` (JSON); without any, no folder can,
    for who administers a collection must not read the server's disk. Each run takes in at most
    `items_per_run_max` new or changed files and `bytes_per_run_max` bytes; the next follows at once
    if more is left. A folder's file is left alone until it was not written to for
    `settle_seconds_min`. A web site is read `pages_max` pages far and `depth_max` links deep, with
    `page_wait_seconds_min` between requests. Of a bucket, a mailbox or a branch at most
    `objects_max` objects, messages or entries are listed. `transfer_seconds_max` bounds each
    request to a bucket or repository, `mailbox_seconds_max` each visit to a mail account, and
    `trees_bytes_max` what is unpacked of a repository before single files are fetched. After a
    failure the wait doubles, up to `backoff_seconds_max`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder_roots: tuple[Path, ...] = ()
    sources_per_collection_max: int = Field(default=20, gt=0)
    interval_seconds_min: int = Field(default=60, gt=0)
    interval_seconds_default: int = Field(default=_HOUR, gt=0)
    backoff_seconds_min: int = Field(default=60, gt=0)
    backoff_seconds_max: int = Field(default=6 * _HOUR, gt=0)
    runs_at_once_max: int = Field(default=2, gt=0, description="In each worker process.")
    items_per_run_max: int = Field(default=500, gt=0)
    bytes_per_run_max: int = Field(default=1024 * MIB, gt=0)
    folder_files_max: int = Field(default=100_000, gt=0)
    settle_seconds_min: float = Field(default=5, ge=0)
    pages_max: int = Field(default=2_000, gt=0)
    depth_max: int = Field(default=8, ge=0)
    objects_max: int = Field(default=100_000, gt=0)
    trees_bytes_max: int = Field(default=256 * MIB, gt=0)
    mailbox_seconds_max: float = Field(default=_HOUR, gt=0)
    transfer_seconds_max: float = Field(default=300, gt=0)
    page_seconds_max: float = Field(default=60, gt=0)
    page_wait_seconds_min: float = Field(default=0.2, ge=0)
    page_wait_seconds_max: float = Field(default=10, ge=0, description="For robots.txt's delay.")
