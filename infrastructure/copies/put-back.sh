#!/usr/bin/env bash
# Makes the Postgres of the engine redis what it was when the copy in FOLDER was taken. No node may
# be running. docs/runbook.md says what to do about Redis.
#
#   DATABASE_URL=… infrastructure/copies/put-back.sh FOLDER
#
# All of it or nothing: a copy that breaks off leaves the database as it was.
set -euo pipefail
folder=${1:?FOLDER}
pg_restore --clean --if-exists --no-owner --single-transaction --exit-on-error \
    --dbname="$DATABASE_URL" "$folder/ledger.dump"
echo "put back from $folder"
