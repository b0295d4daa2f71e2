"""Make a data folder ready: keys, schema, the tenant and its first administrator."""

import secrets
from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.key_holders import key_file, key_holder, key_provider
from api.migrate import upgrade
from api.settings import Settings
from api.wiring import TENANT, open_database, tenant_id_of, utc_now
from security.accounts import Accounts
from security.audit import AuditLog
from security.keyring import KeyRing
from security.keys import FileKeyProvider
from security.passwords import Passwords
from security.principal import Principal, Role
from security.tables import Tenant, User
from storage.database import Database
from storage.row_security import enter_tenant

PASSWORD_BYTES = 15

AskPassword = Callable[[], str | None]
"""Asks a person for the first password; None: there is nobody to ask, make one."""


class FirstStart:
    """What the operator should hear once; `password` only if it was made here."""

    def __init__(self, admin_name: str, password: str | None) -> None:
        self.admin_name = admin_name
        self.password = password


def prepare(
    settings: Settings, ask: AskPassword, clock: Callable[[], datetime] = utc_now
) -> FirstStart | None:
    """Bring the folder and database up to date; on the very first start, fill them.

    Side effects: creates the data folder (mode 0700), the key file, tables and rows.

    Returns: what to tell the operator, None when there is nothing new.

    Raises:
        PasswordRefused: the given first password is too short or too long.
        KeyUnavailable: there is data, but not the key that it was sealed with.

    """
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(settings)
    try:
        upgrade(settings.database_url)
        return _fill(settings, database, ask, clock)
    finally:
        database.close()


def _fill(
    settings: Settings, database: Database, ask: AskPassword, clock: Callable[[], datetime]
) -> FirstStart | None:
    with database.reading() as session:
        tenant_id = tenant_id_of(session)
        is_ready = tenant_id is not None and session.scalar(select(User.id).limit(1)) is not None
    if is_ready:
        key_provider(settings)  # never a new key for old data
        return None
    if key_holder(settings) == "file" and not key_file(settings).exists():
        key_file(settings).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        FileKeyProvider.create(key_file(settings))
    given = settings.admin_password.get_secret_value() if settings.admin_password else ask()
    password = given or secrets.token_urlsafe(PASSWORD_BYTES)
    with database.transaction() as session:
        _create(session, settings, password, clock)
    return FirstStart(settings.admin_name, None if given else password)


def _create(
    session: Session, settings: Settings, password: str, clock: Callable[[], datetime]
) -> None:
    keyring = KeyRing(key_provider(settings), clock)
    tenant_id = tenant_id_of(session)
    if tenant_id is None:
        tenant_id = uuid4().hex
        enter_tenant(session, tenant_id)
        session.add(Tenant(id=tenant_id, name=TENANT, created_at=clock()))
        session.flush()
        keyring.create_tenant(session, tenant_id)
    audit = AuditLog(keyring, clock)
    setup = Principal(tenant_id, "setup", "setup", {None: Role.OWNER})
    accounts = Accounts(Passwords(settings.security.passwords), audit, clock)
    accounts.create_user(session, setup, settings.admin_name, password, Role.OWNER)
