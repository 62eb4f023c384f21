#!/usr/bin/env bash
# Registers again what one user has unfinished in an earlier work queue, and keeps what has ended, with its output, in a file.
# Usage: OLD=http://old:8080 OLD_TOKEN=... NEW=http://127.0.0.1:8000 NEW_TOKEN=... move-transfers.sh >ended.jsonl
# The tokens are the user's; credentials are not in the old answers: give them in CREDENTIALS, a JSON object {"src": ..., "dst": ...}.
set -euo pipefail
api=/workqueue/api/v1.0
old() { curl -sS --fail -H "X-Token: $OLD_TOKEN" "$OLD$api$1"; }
new() { curl -sS --fail-with-body -H "X-Token: $NEW_TOKEN" -H 'Content-Type: application/json' -d "$2" "$NEW$api$1"; }
fields='{src_siteid, src_filepath, dst_siteid, dst_filepath, type, extra_opts, priority, protocol} | del(.[] | nulls)'
[ -z "${CREDENTIALS:-}" ] || fields="$fields + {credentials: $CREDENTIALS}"

old /jobs | jq -c 'sort_by(.id)[]' | while read -r job; do
  id=$(jq .id <<<"$job")
  case "$(jq -r .status <<<"$job")" in
    DONE | FAILED) old "/jobs/$id/output" | jq -c --argjson job "$job" '{job: $job, output: .}' ;;
    *) echo "$id is now $(new /jobs "$(jq -c "$fields" <<<"$job")" | jq .id)" >&2 ;;
  esac
done
