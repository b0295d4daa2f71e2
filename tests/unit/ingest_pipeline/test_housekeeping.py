"""Dispatching, signs of life, sweeping, and chores that fail."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from dbos import DBOS

from ingest.demand import Caution, Demand
from ingest.heartbeat import Heartbeat, last_seen
from ingest.pipeline.dispatcher import Dispatcher
from ingest.pipeline.progress import Progress, Work
from ingest.states import Stage, Status, content_blob, text_blob
from ingest.sweep import OrphanSweep
from ingest.worker import Chore
from retrieval.access import intern_acl
from retrieval.tables import Collection, Document
from security.audit import AuditLog
from security.keyring import KeyRing
from security.tables import Tenant
from storage.blobs import DiskBlobStore
from storage.database import Database


@pytest.fixture
def add(database: Database, keyring: KeyRing, clock):
    """Add a document row of a tenant."""

    def add(key: str, tenant: str = "default", status: Status = Status.QUEUED) -> Work:
        with database.transaction() as session:
            if session.get(Tenant, tenant) is None:
                session.add(Tenant(id=tenant, name=tenant, created_at=clock()))
                session.flush()
                keyring.create_tenant(session, tenant)
            collection = f"c-{tenant}"
            if session.get(Collection, collection) is None:
                session.add(
                    Collection(
                        id=collection,
                        tenant_id=tenant,
                        name=b"",
                        name_digest="",
                        created_at=clock(),
                    )
                )
                session.flush()
            session.add(
                Document(
                    id=key,
                    tenant_id=tenant,
                    collection_id=collection,
                    acl_id=intern_acl(session, tenant, []),
                    name=b"",
                    content_digest=key,
                    media_type="text/plain",
                    size_bytes=1,
                    status=status,
                    stage=Stage.QUEUED,
                    created_by="",
                    created_at=clock(),
                    updated_at=clock(),
                )
            )
        return Work(key, 1)

    return add


class Engine:
    """Stands in for the workflow engine: remembers what was queued, and says what it is told."""

    def __init__(self) -> None:
        self.queued: list[tuple[str, str]] = []
        self.recovered: list[str] = []
        self.states: dict[str, tuple[str, str | None]] = {}

    def enqueue(self, tenant_id: str, work: Work) -> None:
        self.queued.append((tenant_id, work.workflow_id))

    def list_workflows(self, *, workflow_ids: list[str], **_options: object) -> list[object]:
        return [
            SimpleNamespace(workflow_id=key, status=state, executor_id=executor)
            for key, (state, executor) in self.states.items()
            if key in workflow_ids
        ]

    def recover(self, executors: list[str]) -> None:
        self.recovered += executors


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine()
    monkeypatch.setattr(DBOS, "list_workflows", engine.list_workflows)
    monkeypatch.setattr(DBOS, "_recover_pending_workflows", engine.recover)
    return engine


@pytest.fixture
def dispatcher(database: Database, audit: AuditLog, clock, engine: Engine) -> Dispatcher:
    progress = Progress(database, audit, clock)
    return Dispatcher(database, progress, engine.enqueue, lambda: frozenset({"worker"}), 2)


def test_waiting_documents_are_queued_once(dispatcher: Dispatcher, engine: Engine, add) -> None:
    add("a")
    add("b", status=Status.READY)
    assert dispatcher.dispatch() == 1
    assert dispatcher.dispatch() == 0
    assert engine.queued == [("default", "a:1")]


def test_a_large_import_does_not_hide_other_tenants(
    dispatcher: Dispatcher, engine: Engine, add
) -> None:
    for key in "abcde":
        add(key)
    add("z", "other")
    dispatcher.dispatch()
    assert sorted(engine.queued) == [("default", "a:1"), ("default", "b:1"), ("other", "z:1")]


def test_reconciling_queues_what_the_engine_does_not_know(
    dispatcher: Dispatcher, engine: Engine, add
) -> None:
    add("a")
    add("b", status=Status.PROCESSING)
    engine.states = {"a:1": ("ENQUEUED", None)}
    dispatcher.reconcile()
    assert engine.queued == [("default", "b:1")]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("MAX_RECOVERY_ATTEMPTS_EXCEEDED", "worker_crashed"),
        ("ERROR", "internal_error"),
        ("CANCELLED", "internal_error"),
        ("SUCCESS", "internal_error"),
    ],
)
def test_what_the_engine_gave_up_is_ended(
    *, database: Database, dispatcher: Dispatcher, engine: Engine, add, state: str, code: str
) -> None:
    add("a", status=Status.PROCESSING)
    engine.states = {"a:1": (state, "worker")}
    dispatcher.reconcile()
    with database.reading() as session:
        row = session.get_one(Document, "a")
    assert (row.status, row.error_code) == ("failed", code)
    assert row.error_detail


def test_work_of_a_dead_worker_is_freed(dispatcher: Dispatcher, engine: Engine, add) -> None:
    for key in "abc":
        add(key, status=Status.PROCESSING)
    engine.states = {
        "a:1": ("PENDING", "worker"),
        "b:1": ("PENDING", "dead"),
        "c:1": ("ENQUEUED", "gone"),
    }
    dispatcher.reconcile()
    assert engine.recovered == ["dead"]
    assert engine.queued == []


def test_signs_of_life(database: Database, clock) -> None:
    first, second = Heartbeat(database, "1", clock), Heartbeat(database, "2", clock)
    first.start()
    second.start()
    clock.now += timedelta(minutes=10)
    second.beat()
    assert second.living(timedelta(minutes=1)) == {"2"}
    first.beat()
    assert second.living(timedelta(minutes=1)) == {"1", "2"}
    with database.reading() as session:
        assert last_seen(session) is not None
    first.end()
    second.end()
    with database.reading() as session:
        assert last_seen(session) is None


def test_restarting_renews_the_sign_of_life(database: Database, clock) -> None:
    Heartbeat(database, "1", clock).start()
    clock.now += timedelta(minutes=10)
    again = Heartbeat(database, "1", clock)
    again.start()
    assert again.living(timedelta(minutes=1)) == {"1"}


def test_a_worker_that_was_kept_from_beating_lives(database: Database, clock) -> None:
    late = Heartbeat(database, "1", clock)
    late.start()
    clock.now += timedelta(minutes=10)
    assert late.living(timedelta(minutes=1)) == {"1"}


def test_work_is_wanted_while_a_document_is_unfinished(database: Database, clock, add) -> None:
    demand = Demand(database, clock, with_sources=True)
    add("a", status=Status.READY)
    assert not demand.is_there()
    add("b")
    assert demand.is_there()


def test_what_was_found_begun_is_done_one_by_one(database: Database, clock, add) -> None:
    add("a", status=Status.PROCESSING)
    lifted: list[str] = []
    caution = Caution(Demand(database, clock, with_sources=False), lambda: lifted.append("now"))
    add("b", status=Status.PROCESSING)
    caution.look()
    assert caution.is_needed
    assert not lifted
    with database.transaction() as session:
        session.get_one(Document, "a").status = Status.READY
    caution.look()
    caution.look()
    assert not caution.is_needed
    assert lifted == ["now"]


def test_sweep_waits_for_a_second_look(
    *, database: Database, blobs: DiskBlobStore, clock, add
) -> None:
    add("aa")
    kept = {content_blob("aa"), text_blob("aa", 1)}
    for name in (*kept, text_blob("aa", 7), content_blob("bb"), content_blob("cc")):
        blobs.put(name, [b"x"])
    sweep = OrphanSweep(database, blobs, clock)
    assert sweep.run() == 0
    add("cc")  # its upload has just been committed
    assert sweep.run() == 2
    assert set(blobs.names()) == {*kept, content_blob("cc")}
    assert sweep.run() == 0


def test_a_failing_chore_is_tried_again() -> None:
    calls: list[int] = []
    times = iter([100.0, 100.0, 105.0, 110.0, 110.0])

    def fail() -> None:
        calls.append(1)
        raise ValueError("secret")

    chore = Chore(fail, 10, lambda: next(times))
    for _ in range(3):
        chore.run_if_due()
    assert len(calls) == 2


def test_a_slow_chore_is_done_less_often() -> None:
    calls: list[int] = []
    times = iter([100.0, 104.0, 139.0, 140.0, 144.0])
    chore = Chore(lambda: calls.append(1), 10, lambda: next(times))
    for _ in range(3):
        chore.run_if_due()
    assert len(calls) == 2
