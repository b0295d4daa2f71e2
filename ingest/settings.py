"""Limits of uploading and parsing. Every limit has its unit in its name."""

import math

from pydantic import BaseModel, ConfigDict, Field

MIB = 1024 * 1024


class ArchiveLimits(BaseModel):
    """What an OOXML container (DOCX, PPTX, XLSX) may unpack to before any library opens it.

    `ratio_max` is unpacked bytes over packed bytes of one entry; XML of real office files stays
    under 100, and entries under `ratio_checked_bytes_min` are too small to matter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entries_max: int = Field(default=20_000, gt=0)
    directory_bytes_max: int = Field(default=4 * MIB, gt=0)
    unpacked_bytes_max: int = Field(default=1024 * MIB, gt=0)
    xml_entry_bytes_max: int = Field(default=256 * MIB, gt=0)
    ratio_max: int = Field(default=250, gt=0)
    ratio_checked_bytes_min: int = Field(default=4 * MIB, gt=0)


class ParseLimits(BaseModel):
    """What one parser process may use.

    `parse_memory_bytes_max` is address space on top of what the warm process already maps.

    Scanned pages are read by OCR in processes of their own, `ocr_pages_per_process` in each, with
    `ocr_memory_bytes_max`, on `ocr_threads` cores. One page may take `ocr_seconds_per_page_max`;
    all of a document together `ocr_mean_seconds_per_page_max` for each of them, and at least as
    long as two pages. After `ocr_fruitless_processes_max` processes in a row that ended before they
    had read a page, no more are started. What a limit leaves unread is named on the document, which
    is ready with the rest. `ocr_pages_max` are read of one document; 0 switches OCR off. Lines are
    looked for in a page whose long side was shrunk to `ocr_side_pixels_max`. `picture_pixels_max`
    is width times height of a picture file, before it is unpacked.

    Pictures inside office documents are read in the same way, the first `ocr_pictures_max` of a
    document (0 leaves all out); not those that show fewer pixels than `ocr_picture_pixels_min`, as
    icons do, or have more than `picture_pixels_max`.

    A message or PDF has at most `attachments_max` attachments of `attachment_bytes_max` together.
    They are parsed like documents, and theirs as well, `attachment_depth_max` levels down; those
    below are only named.

    Where LibreOffice is installed, it turns office documents into PDF to be looked at, within
    `office_seconds_max` (0 switches that off) and `office_memory_bytes_max` of address space.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    parse_seconds_max: float = Field(default=180, gt=0)
    parse_cpu_seconds_max: int = Field(default=120, gt=0)
    parse_memory_bytes_max: int = Field(default=1536 * MIB, gt=0)
    parse_result_bytes_max: int = Field(default=256 * MIB, gt=0)
    pages_max: int = Field(default=5_000, gt=0)
    characters_max: int = Field(default=20_000_000, gt=0)
    sheet_cells_max: int = Field(default=8_000_000, gt=0)
    picture_pixels_max: int = Field(default=150_000_000, gt=0)
    ocr_pages_max: int = Field(default=1_000, ge=0)
    ocr_pictures_max: int = Field(default=200, ge=0)
    ocr_picture_pixels_min: int = Field(default=10_000, ge=0)
    ocr_pages_per_process: int = Field(default=20, gt=0)
    ocr_fruitless_processes_max: int = Field(default=3, gt=0)
    ocr_threads: int = Field(default=2, gt=0, le=64)
    ocr_seconds_per_page_max: int = Field(default=60, gt=0)
    ocr_mean_seconds_per_page_max: int = Field(default=20, gt=0)
    ocr_memory_bytes_max: int = Field(default=4096 * MIB, gt=0)
    ocr_side_pixels_max: int = Field(default=1280, ge=320, le=4096)
    attachments_max: int = Field(default=100, ge=0)
    attachment_bytes_max: int = Field(default=100 * MIB, gt=0)
    attachment_depth_max: int = Field(default=3, ge=0)
    office_seconds_max: int = Field(default=120, ge=0)
    office_memory_bytes_max: int = Field(default=4096 * MIB, gt=0)
    archive: ArchiveLimits = ArchiveLimits()

    def ocr_seconds_max(self, pages: int) -> float:
        """Wall time for so many pages of one document, loading the models included."""
        loading = 2 * self.ocr_seconds_per_page_max
        return max(loading, self.ocr_mean_seconds_per_page_max * pages)

    def for_scans(self, pages: int, seconds_left: float) -> "ParseLimits":
        """Limits of a process that reads so many pages by OCR, loading the models included."""
        seconds = min(self.ocr_seconds_per_page_max * (pages + 1), seconds_left)
        return self.model_copy(
            update={
                "parse_seconds_max": seconds,
                "parse_cpu_seconds_max": math.ceil(seconds * self.ocr_threads),
                "parse_memory_bytes_max": self.ocr_memory_bytes_max,
            }
        )


class UploadLimits(BaseModel):
    """What is taken in at all, and what people may write on a document.

    `permission_entries_max` counts both lists of a document, `tags_max` its tags;
    `retry_documents_max` are put into the queue again by one request.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    upload_bytes_max: int = Field(default=100 * MIB, gt=0)
    permission_entries_max: int = Field(default=500, gt=0)
    tags_max: int = Field(default=20, gt=0)
    tag_characters_max: int = Field(default=50, gt=0, le=200)
    retry_documents_max: int = Field(default=500, gt=0)


class WorkerSettings(BaseModel):
    """How the worker process works.

    `name` must differ between workers of one database; a worker that was silent for
    `lost_seconds_max` loses its work to the others. It works on `concurrency` documents at a time,
    one of which is read while the other is embedded; after `idle_seconds` without any, its workflow
    engine stops until there is one. `crashes_max` is how often a document may be
    broken off, by a crash or a hard stop of the worker, before it is given up. Finished jobs, and
    changes that no index has to follow any more, are deleted after `history_days`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="worker", min_length=1, max_length=80)
    concurrency: int = Field(default=2, gt=0)
    niceness: int = Field(default=10, ge=0, le=19)
    embed_batch_chunks: int = Field(default=64, gt=0)
    crashes_max: int = Field(default=3, gt=0)
    transient_retries_max: int = Field(default=3, ge=0)
    transient_wait_seconds: float = Field(default=1, gt=0)
    poll_seconds: float = Field(default=0.2, gt=0)
    idle_seconds: float = Field(default=20, gt=0)
    reconcile_seconds: float = Field(default=15, gt=0)
    sources_poll_seconds: float = Field(default=2, gt=0)
    waiting_documents_max: int = Field(default=64, gt=0)
    heartbeat_seconds: float = Field(default=5, gt=0)
    lost_seconds_max: float = Field(default=60, gt=0)
    sweep_seconds: float = Field(default=1800, gt=0)
    history_days: int = Field(default=30, ge=1)
    stop_seconds_max: int = Field(default=20, gt=0)
