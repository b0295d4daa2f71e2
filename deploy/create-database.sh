#!/bin/sh
# Runs once, in the database's container: the role that Sourcebook connects as owns its database
# and is no superuser, so row-level security holds for it.
set -eu
psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set=password="$(cat /run/secrets/database_password)" <<'SQL'
CREATE ROLE sourcebook LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE sourcebook OWNER sourcebook;
SQL
