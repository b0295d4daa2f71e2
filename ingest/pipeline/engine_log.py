"""Keep what the workflow engine logs free of what documents could leak into exceptions."""

import logging

from ingest.pipeline.failures import trace


class WithoutMessages(logging.Filter):
    """Replaces an exception, with its message, by its classes and lines of code."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, changed."""
        if record.exc_info and record.exc_info[1]:
            record.msg = f"{record.getMessage()} {' < '.join(trace(record.exc_info[1]))}"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


def keep_messages_out() -> None:
    """Put the filter on the engine's logger, once."""
    logger = logging.getLogger("dbos")
    if not any(isinstance(known, WithoutMessages) for known in logger.filters):
        logger.addFilter(WithoutMessages())
