#!/usr/bin/env bash
# Copies the stores of the engine redis into FOLDER, while sales go on. docs/runbook.md says what
# such a copy is worth.
#
#   DATABASE_URL=… REDIS_URL=… infrastructure/copies/take.sh FOLDER
#
# It runs where the files of Redis are. It needs pg_dump of the server's version, and redis-cli.
set -euo pipefail
folder=${1:?FOLDER}
mkdir -p "$folder"

tell() { redis-cli -u "$REDIS_URL" --no-auth-warning -e --raw "$@"; }
setting() { tell CONFIG GET "$1" | tail -n 1; }
refuse() {
    printf '%s\n' "$@" >&2
    exit 1
}

# A copy holds off rewriting for its own time, and puts back what it found.
be_alone() {
    percentage=$(setting auto-aof-rewrite-percentage)
    : "${percentage:?CONFIG GET auto-aof-rewrite-percentage says nothing}"
    if [ "$percentage" = 0 ]; then
        refuse "Redis rewrites nothing: another copy is being taken, one was cut off, or it was set so." \
            "If none is being taken, CONFIG SET auto-aof-rewrite-percentage 100, and try again"
    fi
}

where=$(setting dir)
name=$(setting appenddirname)
: "${where:?CONFIG GET dir says nothing}" "${name:?CONFIG GET appenddirname says nothing: Redis 7 or newer has one}"
if [ "$where" -ef "$folder" ]; then
    refuse "$folder is where Redis has its files: name another FOLDER"
fi
be_alone

# Postgres is what counts: all that it had when this began.
pg_dump --format=custom --file="$folder/ledger.dump" "$DATABASE_URL"

# Redis second: it has what was sold meanwhile, and what had not reached Postgres by then. While it
# rewrites its file, parts of it come and go. Another copy may have begun since it was looked first.
be_alone
trap 'tell CONFIG SET auto-aof-rewrite-percentage "$percentage" >/dev/null' EXIT
tell CONFIG SET auto-aof-rewrite-percentage 0 >/dev/null
until=$((SECONDS + 600))
while tell INFO persistence | grep -qE '^aof_rewrite_(in_progress|scheduled):1'; do
    if [ "$SECONDS" -gt "$until" ]; then
        refuse "Redis has rewritten its file for ten minutes: look at its log, and try again"
    fi
    sleep 0.2
done
rm -rf "${folder:?}/$name"
cp -R "$where/$name" "$folder/$name"
echo "copied to $folder"
