#!/bin/sh
# backup.sh FOLDER: the store and the data directory into a new folder, while netlift runs.
# Uses NETLIFT_DATA_DIR, and NETLIFT_DATABASE_URL where the store is on PostgreSQL (password: passfile or PGPASSWORD).
set -eu
umask 077
mkdir "$1"
netlift audit head --out "$1/head.json"   # before the database is copied, so that the copy has everything the head tells of
[ ! -e "$NETLIFT_DATA_DIR/audit/heads.jsonl" ] || cp "$NETLIFT_DATA_DIR/audit/heads.jsonl" "$1/heads.jsonl"
if [ -n "${NETLIFT_DATABASE_URL:-}" ]; then
  pg_dump --format=custom --file="$1/store.dump" "$NETLIFT_DATABASE_URL"
else
  python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("VACUUM INTO ?", sys.argv[2:])' \
    "$NETLIFT_DATA_DIR/netlift.sqlite3" "$1/netlift.sqlite3"
fi
# files of runs are never changed after their row is written: a copy that is younger than the database lacks nothing
tar --create --gzip --file="$1/data.tar.gz" --exclude='./netlift.sqlite3*' --exclude=./audit/heads.jsonl -C "$NETLIFT_DATA_DIR" .
