"""Alembic's entry: connects to the database that `api.migrate` names."""

from alembic import context

import evaluation.tables
import ingest.connectors.tables
import ingest.tables
import qa.tables
import retrieval.tables
import security.audit.tables
import security.erasure.tables
import security.oauth.tables
import security.oidc.tables
import security.quotas.tables
import security.scim.tables
import security.tables
from storage.database import Base, Database
from storage.row_security import see_all_tenants

__all__ = ["evaluation", "ingest", "qa", "retrieval", "security"]  # imported for their tables


def run() -> None:
    """Run the migrations in one transaction."""
    database = Database(context.config.attributes["database_url"])
    try:
        with database.engine.begin() as connection:
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                render_as_batch=connection.dialect.name == "sqlite",
            )
            see_all_tenants(connection)
            with context.begin_transaction():
                context.run_migrations()
    finally:
        database.close()


run()
