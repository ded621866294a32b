#!/usr/bin/env bash
# Make the roles of the database and set their passwords. The database container runs it when its volume is new; for a volume
# of before (everything belonged to the superuser) run it once by hand, after deploy/make-secrets.sh:
#   docker compose up -d db && docker compose exec db /docker-entrypoint-initdb.d/900_roles.sh
set -e
ask() { PGOPTIONS="-c client_min_messages=warning" psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet -U "$POSTGRES_USER" -d "$POSTGRES_DB" "$@"; }
ask -f /roles.sql
for role in owner app intake report; do
  ask -v role="brain_$role" -v file="/run/secrets/database_password_$role" <<'SQL'
\set password `cat :'file'`
ALTER ROLE :"role" PASSWORD :'password';
SQL
done
