"""The audit log of the first release becomes the first leaves of each tenant's tree."""

import json
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from alembic import command

from api.migrate import configuration, upgrade
from security.audit import AuditLog
from security.audit.merkle import Frontier, hash_leaf
from security.audit.tree import frontier_of
from security.keyring import KeyRing
from security.keys import FileKeyProvider
from security.places import Place
from security.principal import Principal, Role
from security.tables import Tenant
from storage.database import Database

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
INSERT = sa.text(
    "INSERT INTO audit_entries (id, tenant_id, at, actor, action, target, outcome, details) "
    "VALUES (:id, :tenant, :at, 'u', 'user.create', 'd', 'success', :details)"
).bindparams(sa.bindparam("at", type_=sa.DateTime(timezone=True)))


def test_old_entries_are_leaves_and_open_still(database_url: str, tmp_path: Path) -> None:
    migrations = configuration(database_url)
    command.upgrade(migrations, "0005")
    keyring = KeyRing(FileKeyProvider.create(tmp_path / "kek"), lambda: AT)
    database = Database(database_url)
    tenants = ("t", "t", "other", "t")
    with database.transaction() as session:
        for tenant in sorted(set(tenants)):
            session.add(Tenant(id=tenant, name=tenant, created_at=AT))
            keyring.create_tenant(session, tenant)
        for number, tenant in enumerate(tenants):
            place = Place("audit_entries", f"e{number}", "details")
            details = keyring.tenant(session, tenant).audit.seal(place, b'{"name": "Ana"}')
            values = {"id": f"e{number}", "tenant": tenant, "at": AT, "details": details}
            session.execute(INSERT, values)
    upgrade(database_url)

    audit = AuditLog(keyring, lambda: AT)
    with database.transaction() as session:
        audit.record(session, "t", "u", "document.open", "d")
    with database.reading() as session:
        auditor = Principal("t", "a", "a", {None: Role.OWNER})
        entries = audit.entries(session, auditor)
        assert [(e.id, e.details) for e in entries[1:]] == [
            (f"e{number}", {"name": "Ana"}) for number in (3, 1, 0)
        ]
        bodies = session.scalars(
            sa.text(
                "SELECT body FROM audit_leaves JOIN audit_entries USING (sequence)"
                " WHERE audit_leaves.tenant_id = 't' ORDER BY leaf_index"
            )
        ).all()
        tree = Frontier()
        for body in bodies:
            tree, _ = tree.append(hash_leaf(body))
        assert frontier_of(session, "t") == tree
        assert tree.size == 4
        assert frontier_of(session, "other").size == 1
    assert json.loads(bodies[0])["time"] == int(AT.timestamp() * 1000)
    assert json.loads(bodies[0])["class_uid"] == 6003

    command.downgrade(migrations, "0005")
    with database.reading() as session:
        kept = sa.text("SELECT details FROM audit_entries WHERE id = 'e0'")
        place = Place("audit_entries", "e0", "details")
        opened = keyring.tenant(session, "t").audit.open(place, session.scalars(kept).one())
    assert opened == b'{"name": "Ana"}'
    database.close()
