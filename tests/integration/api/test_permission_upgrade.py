"""Permission lists from before names were looked up, and back to a time that knew no denials."""

import json

import sqlalchemy as sa
from alembic import command

from api.migrate import configuration


def test_lists_that_are_there_are_found_by_their_names_and_denials_close_going_back(
    database_url: str,
) -> None:
    migrations = configuration(database_url)
    command.upgrade(migrations, "0008")
    engine = sa.create_engine(database_url)
    add = "INSERT INTO acls (id, tenant_id, digest, allow, deny) VALUES ({}, 't', '{}', '{}', '{}')"
    own = json.dumps(["collection:c"])
    with engine.begin() as connection:
        tenant = "INSERT INTO tenants (id, name, created_at) VALUES ('t', 't', '2026-01-01')"
        connection.execute(sa.text(tenant))
        connection.exec_driver_sql(add.format(1, "one", own, "[]"))
    command.upgrade(migrations, "0009")
    with engine.begin() as connection:
        names = connection.execute(sa.text("SELECT acl_id, name, denies FROM acl_names"))
        assert {tuple(row) for row in names} == {(1, "collection:c", 0), (1, "collection", 0)}
        connection.exec_driver_sql(add.format(2, "two", own, json.dumps(["user:u"])))
    command.downgrade(migrations, "0008")
    with engine.connect() as connection:
        lists = connection.execute(sa.text("SELECT CAST(allow AS TEXT) FROM acls ORDER BY id"))
        assert [json.loads(text) for text in lists.scalars()] == [["collection:c"], []]
    engine.dispose()
