#!/usr/bin/env bash
# A worker for dataset jobs with curl and jq. One job at a time; SIGTERM gives it back. Ctrl-C must not end a curl: its claim may get a job.
set -uo pipefail
api=${JOB_SERVICE_URL:?} lease=${JOB_SERVICE_CHECK_LEASE_SECONDS:-60} work=${JOB_SERVICE_CHECK_WORK_SECONDS:-1}
claim='' job='' stopping=''
ask() { (trap '' INT; exec curl -sS --max-time 40 -X "$1" "$api$2" -H 'Content-Type: application/json' ${3:+-d "$3"}); }
say() { ask PATCH "/claims/$claim/jobs/$job" "$1"; }
trap 'stopping=yes' TERM INT
echo "Asks ${api/\/\/*@/\/\/} for dataset jobs" >&2

while [ -z "$stopping" ]; do
  claim=${claim:-$(cat /proc/sys/kernel/random/uuid)}
  wanted='{"kind":"dataset","worker":"bash","wait":5,"leaseSeconds":'$lease',"claimId":"'$claim'","where":{"operation":["ADD"]}}'
  # Without an answer the same id asks again: it may have a job already.
  answer=$(ask POST /claims "$wanted" | jq -ce 'select(.claims)') || { sleep 2; continue; }
  job=$(jq -r '.claims[0].job.jobId // empty' <<<"$answer")
  [ -n "$job" ] || { claim=''; [ "$(jq .paused <<<"$answer")" != true ] || sleep 5; continue; }

  echo "Job $job: begins" >&2
  end=completed
  for ((second = 0; second < work; second++)); do
    action=$(say '{"progress":'$((100 * second / work))'}' | jq -r '.action // .code // empty')
    case "$action${stopping:+ stop}" in
      *stop) ask DELETE "/claims/$claim/jobs/$job" >/dev/null; echo "Job $job: given back" >&2; exit 0 ;;
      cancel) end=cancelled; break ;;
      lease-lost | already-finished) end=''; break ;;
    esac
    sleep 1
  done
  [ -z "$end" ] || until say '{"status":"'$end'"}' | jq -e 'IN(.code; "internal", "limited", "unavailable") | not' >/dev/null; do sleep 2; done
  echo "Job $job: ${end:-lost}" >&2
  claim=''
done
