"""Work that waits for a transaction's end: a last statement, or bytes, which are no part of it.

A session here serves one transaction (`Database.transaction`), so nothing is unregistered.
"""

from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.orm import Session


def before_commit(session: Session, action: Callable[[], None]) -> None:
    """Run `action` as the last part of this session's transaction; if it raises, all is undone."""

    def on_commit(session: Session) -> None:
        # Releasing a savepoint fires this event too, but decides nothing.
        if not session.in_nested_transaction():
            action()

    event.listen(session, "before_commit", on_commit)


def after_commit(session: Session, action: Callable[[], None]) -> None:
    """Run `action` once this session's transaction is committed; never if it is rolled back."""

    def on_commit(session: Session) -> None:
        # Releasing a savepoint fires this event too, but decides nothing.
        if not session.in_nested_transaction():
            action()

    event.listen(session, "after_commit", on_commit)


def after_rollback(session: Session, action: Callable[[], None]) -> None:
    """Run `action` if this session's transaction is rolled back as a whole."""

    def on_rollback(session: Session) -> None:
        # A savepoint's rollback fires this event too, but decides nothing.
        if not session.in_nested_transaction():
            action()

    # Not `after_soft_rollback`: it is silent about the whole when a flush has failed.
    event.listen(session, "after_rollback", on_rollback)
