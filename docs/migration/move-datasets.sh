#!/usr/bin/env bash
# Moves the jobs of an earlier dataset service into this one: what has ended first, in its order, so that the targets are what they
# were; then what waits. Usage: OLD=http://old:8000 NEW=http://127.0.0.1:8000 [TOKEN=...] move-datasets.sh
# Nothing changes in the old one. Run it while both are paused: the new one would start what is being moved.
# The exit status is 1 if anything was left behind, which it names.
set -euo pipefail
json='Content-Type: application/json'
new() { curl -sS --fail-with-body -H "$json" ${TOKEN:+-H "Authorization: Bearer $TOKEN"} "$@"; }

paused=$(new "$NEW/maintenance-status" | jq .paused)
case "$paused" in true | 1) ;; *) echo "Pause the new service first: job-service maintenance on" >&2; exit 1 ;; esac

curl -sS --fail "$OLD/jobs" | jq -c 'sort_by(.createdAt)[]' >old-jobs.jsonl

left=0
while read -r old; do
  item=$(jq -c '{jobs: [.parameters | del(.[] | nulls)]}' <<<"$old")
  answer=$(new -H "Idempotency-Key: moved-$(jq -r .jobId <<<"$old")" -d "$item" "$NEW/jobs")
  id=$(jq -r '.[0].job_id // empty' <<<"$answer")
  [ -n "$id" ] || { echo "Not moved: $old: $answer" >&2; left=1; continue; }
  end=$(jq -c '{status, log: ("Moved from \(.jobId), created at \(.createdAt)\n" + ([.log[]? | "\(.at) \(.message)"] | join("\n")))[:9999]}' <<<"$old")
  new -X PUT -d "$end" "$NEW/jobs/$id" >/dev/null
done < <(jq -c 'select(.status == "completed" or .status == "failed")' old-jobs.jsonl)

# What was running starts anew: its executor is stopped by now.
answers=$(jq -sc '{jobs: [.[] | select(.status != "completed" and .status != "failed") | .parameters | del(.[] | nulls)]}' old-jobs.jsonl |
  new -H 'Idempotency-Key: moved-waiting' -d @- "$NEW/jobs")
jq -c '.[]' <<<"$answers"
jq -e 'all(.[]; .status == "CREATED")' >/dev/null <<<"$answers" || left=1
exit $left
