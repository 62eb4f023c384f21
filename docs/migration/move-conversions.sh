#!/usr/bin/env bash
# Moves the jobs of an earlier Boss into this one, under their own ids. Boss has no list; its database gives one:
#   psql -At -c "SELECT json_build_object('id', id, 'status', status, 'source', source, 'job', document) FROM job ORDER BY id" >boss.jsonl
# Usage: NEW=http://127.0.0.1:8000 [TOKEN=...] move-conversions.sh <boss.jsonl
# Run it while the new service is paused: what is being moved would start. It may be run again: an id that is there is left alone.
# The exit status is 1 if anything was left behind, which it names.
set -euo pipefail
new() { curl -sS -o /dev/null -w '%{http_code}' ${TOKEN:+-H "Authorization: Bearer $TOKEN"} "$@"; }

left=0
while read -r row || [ -n "$row" ]; do
  where=$(jq -r '"\(.source | @uri)/\(.id | @uri)"' <<<"$row")
  code=$(jq -c .job <<<"$row" | new -H 'Content-Type: application/json' -d @- "$NEW/job/available/$where")
  case "$code" in 201 | 409) ;; *) echo "Not moved ($code): $row" >&2; left=1; continue ;; esac
  # What a converter had (ACTIVE) is available again.
  [ "$(jq -r .status <<<"$row")" = DONE ] || continue
  # 404: an earlier run has ended it.
  code=$(new -X POST "$NEW/job/done/$where")
  case "$code" in 200 | 404) ;; *) echo "Moved, but not as done ($code): $row" >&2; left=1 ;; esac
done
exit $left
