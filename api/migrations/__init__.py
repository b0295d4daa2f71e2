"""Alembic migrations of all packages' tables."""
