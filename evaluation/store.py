"""Runs kept on the server, for the administrators' page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evaluation.errors import EvaluationTooLarge, TooManyEvaluations
from evaluation.runs import Run
from evaluation.settings import EvaluationSettings
from evaluation.tables import EvaluationRow
from security.audit import AuditLog
from security.cipher import Cipher
from security.errors import Forbidden, NotFound
from security.keyring import KeyRing
from security.places import Place
from security.principal import Principal, Verb


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run with the id it is kept under."""

    id: str
    run: Run


class Evaluations:
    """Keeps runs, each sealed under a key of its own; every call needs the verb administer."""

    def __init__(
        self,
        keyring: KeyRing,
        audit: AuditLog,
        settings: EvaluationSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self._keyring = keyring
        self._audit = audit
        self._settings = settings
        self._clock = clock

    def add(self, session: Session, principal: Principal, run: Run) -> StoredRun:
        """Keep a run.

        Raises:
            Forbidden: the caller may not administer.
            EvaluationTooLarge, TooManyEvaluations: see the settings.
        """
        _require_administrator(principal)
        if len(run.results) > self._settings.questions_max:
            raise EvaluationTooLarge(self._settings.questions_max)
        kept = select(func.count()).where(EvaluationRow.tenant_id == principal.tenant_id)
        if (session.scalar(kept) or 0) >= self._settings.stored_runs_max:
            raise TooManyEvaluations(self._settings.stored_runs_max)
        id_ = uuid4().hex
        cipher = self._keyring.create(session, principal.tenant_id, _key_owner(id_))
        row = EvaluationRow(
            id=id_,
            tenant_id=principal.tenant_id,
            created_by=principal.user_id,
            created_at=self._clock(),
            run=cipher.seal(_place(id_), run.model_dump_json().encode()),
        )
        session.add(row)
        session.flush()
        self._record(session, principal, "evaluation.create", id_)
        return StoredRun(id_, run)

    def all(self, session: Session, principal: Principal) -> list[StoredRun]:
        """Return all runs, the newest first.

        Raises:
            Forbidden: the caller may not administer.
        """
        _require_administrator(principal)
        rows = session.scalars(
            select(EvaluationRow)
            .where(EvaluationRow.tenant_id == principal.tenant_id)
            .order_by(EvaluationRow.created_at.desc(), EvaluationRow.id)
        ).all()
        owners = [_key_owner(row.id) for row in rows]
        ciphers = self._keyring.ciphers(session, principal.tenant_id, owners)
        return [_opened(row, ciphers[_key_owner(row.id)]) for row in rows]

    def get(self, session: Session, principal: Principal, evaluation_id: str) -> StoredRun:
        """Return one run.

        Raises:
            Forbidden: the caller may not administer.
            NotFound: there is none.
        """
        row = self._row(session, principal, evaluation_id)
        cipher = self._keyring.cipher(session, principal.tenant_id, _key_owner(row.id))
        return _opened(row, cipher)

    def delete(self, session: Session, principal: Principal, evaluation_id: str) -> None:
        """Delete a run and its key.

        Raises:
            Forbidden: the caller may not administer.
            NotFound: there is none.
        """
        row = self._row(session, principal, evaluation_id)
        self._keyring.destroy(session, principal.tenant_id, _key_owner(row.id))
        session.delete(row)
        self._record(session, principal, "evaluation.delete", evaluation_id)

    def _row(self, session: Session, principal: Principal, evaluation_id: str) -> EvaluationRow:
        _require_administrator(principal)
        row = session.get(EvaluationRow, evaluation_id)
        if row is None or row.tenant_id != principal.tenant_id:
            raise NotFound
        return row

    def _record(self, session: Session, principal: Principal, action: str, id_: str) -> None:
        self._audit.record(session, principal.tenant_id, principal.user_id, action, id_)


def _opened(row: EvaluationRow, cipher: Cipher) -> StoredRun:
    return StoredRun(row.id, Run.model_validate_json(cipher.open(_place(row.id), row.run)))


def _require_administrator(principal: Principal) -> None:
    if not principal.may(Verb.ADMINISTER):
        raise Forbidden


def _key_owner(evaluation_id: str) -> str:
    return f"evaluation:{evaluation_id}"


def _place(evaluation_id: str) -> Place:
    return Place("evaluations", evaluation_id, "run")
