"""Run a step so that it ends in a code, whatever happens in it."""

import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ingest.errors import Superseded
from ingest.pipeline.failures import TRANSIENT, as_ingest_error, is_database_full, trace
from ingest.pipeline.memory import release_memory
from ingest.pipeline.progress import Progress, Work
from ingest.pipeline.steps import Interrupted

_log = structlog.get_logger()

DONE = "done"


class Runner:
    """Calls steps, retries what may pass, and writes into the row what does not."""

    def __init__(
        self, progress: Progress, stop: threading.Event, retries_max: int, wait_seconds: float
    ) -> None:
        self._progress = progress
        self._stop = stop
        self._retries_max = retries_max
        self._wait_seconds = wait_seconds

    def run(self, name: str, step: Callable[[Work], None], work: Work) -> str:
        """Return `DONE`, or the code of the error that ended the attempt.

        Raises:
            Interrupted: the worker stops; the step is to run again.
        """
        begun = time.perf_counter()
        try:
            self._retrying(step, work)
        except Superseded as error:
            return error.code
        except Exception as error:  # noqa: BLE001 - libraries raise anything, people get words
            if self._stop.is_set():  # the parser may have been ended with the worker
                raise Interrupted from None
            return self._fail(work, error)
        finally:
            release_memory()
        self._report(name, work, time.perf_counter() - begun)
        return DONE

    def _report(self, name: str, work: Work, seconds: float) -> None:
        rounded = round(seconds, 3)
        _log.info("ingest.step", document=work.document_id, step=name, seconds=rounded)
        try:
            self._progress.timed(name, seconds)
        except SQLAlchemyError as error:  # a figure for operators must not cost a document
            _log.warning("ingest.timing_lost", trace=trace(error))

    def _retrying(self, step: Callable[[Work], None], work: Work) -> None:
        for retry in range(self._retries_max):
            try:
                return step(work)
            except TRANSIENT as error:
                if is_database_full(error):
                    raise
                _log.warning("ingest.retry", document=work.document_id, trace=trace(error))
            if self._stop.wait(self._wait_seconds * 2**retry):
                raise Interrupted
        return step(work)

    def _fail(self, work: Work, error: Exception) -> str:
        failure = as_ingest_error(error)
        _log.warning(
            "ingest.failed",
            document=work.document_id,
            code=failure.code,
            trace=trace(error),
        )
        try:
            self._progress.fail(work, failure)
        except Superseded as superseded:
            return superseded.code
        return failure.code
