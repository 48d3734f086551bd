#!/bin/sh
# restore.sh FOLDER: what backup.sh wrote, into a data directory (and a PostgreSQL database) that is empty. Stop netlift before.
set -eu
umask 077
mkdir -p "$NETLIFT_DATA_DIR"
if [ -n "$(ls -A "$NETLIFT_DATA_DIR")" ]; then echo "$NETLIFT_DATA_DIR is not empty; name another folder." >&2; exit 1; fi
tar --extract --gzip --file="$1/data.tar.gz" -C "$NETLIFT_DATA_DIR"
if [ -e "$1/heads.jsonl" ]; then mkdir -p "$NETLIFT_DATA_DIR/audit"; cp "$1/heads.jsonl" "$NETLIFT_DATA_DIR/audit/"; fi
if [ -n "${NETLIFT_DATABASE_URL:-}" ]; then
  pg_restore --exit-on-error --no-owner --dbname="$NETLIFT_DATABASE_URL" "$1/store.dump"
else
  cp "$1/netlift.sqlite3" "$NETLIFT_DATA_DIR/netlift.sqlite3"
fi
netlift audit verify --head "$1/head.json"
