#!/usr/bin/env bash
# Moves the profiles and the jobs of an earlier dispatcher into this one, in their order; numbers are given anew.
# Usage: OLD=http://old:5000 NEW=http://127.0.0.1:8000 [TOKEN=...] move-transcoding.sh
# Run it once, while the new service is paused: what is being moved would start.
set -euo pipefail
new() { curl -sS --fail-with-body -H 'Content-Type: application/json' ${TOKEN:+-H "Authorization: Bearer $TOKEN"} "$@"; }
left() { echo "Not moved, nor what comes after it: $1" >&2; exit 1; }
old() { curl -sS --fail "$OLD$1"; }

old /api/getProfiles | jq -c '.[]' | while read -r profile; do
  name=$(jq -r '.name | @uri' <<<"$profile")
  old "/api/getProfileOptions/$(jq .id <<<"$profile")" | new -d @- "$NEW/api/profile/$name" >/dev/null ||
    left "the profile $profile"
done

old /api/getJobs | jq -c 'sort_by(.id)[]' | while read -r job; do
  id=$(jq .id <<<"$job")
  body=$(old "/api/getOptions/$id" | jq -c --argjson job "$job" '{Name: $job.name, Options: .}')
  moved=$(new -D - -o /dev/null -d "$body" "$NEW/api/job" | tr -d '\r' | sed -n 's|^[Ll]ocation: .*/||p') || left "the job $job"
  echo "$id is now $moved"
  # What an encoder had (doing) waits again.
  [ "$(jq -r .status <<<"$job")" != processed ] ||
    new -d '{"id": '"$moved"', "status": "processed"}' "$NEW/api/setJobStatus" >/dev/null
done
