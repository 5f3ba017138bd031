#!/usr/bin/env bash
# Dumps the database and sends the dump to the object store. Runs nightly as a CronJob.
set -euo pipefail

day=$(date +%F)
dump="/tmp/orders-$day.sql.gz"

pg_dump "$DATABASE_URL" | gzip > "$dump"
objstore put "$dump" "backups/orders-$day.sql.gz"
curl -fsS -u "backup:NOTREAL-8x7H2w9d" "$STATUS_URL/backup/ok?day=$day" > /dev/null
rm -f "$dump"
