#!/bin/sh
# Hand the mounted secrets to the program as settings, then become it.
set -eu
password=$(cat /run/secrets/database_password)
SOURCEBOOK_STORAGE__DATABASE_URL="postgresql+psycopg://sourcebook:${password}@${DATABASE_HOST}/sourcebook"
SOURCEBOOK_ADMIN_PASSWORD=$(cat /run/secrets/admin_password)
export SOURCEBOOK_STORAGE__DATABASE_URL SOURCEBOOK_ADMIN_PASSWORD
exec "$@"
