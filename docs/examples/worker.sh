#!/usr/bin/env bash
# A worker of greetings with curl and jq. Ctrl-C gives its job back; it ends no curl, since an answer under way may bring a job.
ask() { (trap '' INT; curl -sS --max-time 40 -X "$1" "$JOB_SERVICE_URL/claims$2" -H 'Content-Type: application/json' -d "$3" | jq -cer "$4"); }
say() { ask PATCH "/$claim/jobs/$job" "$1" '.action // .code'; }
trap stopping=yes INT TERM
while [ -z "$stopping" ]; do
  claim=${claim:-$(cat /proc/sys/kernel/random/uuid)} wanted='{"kind": "greeting", "worker": "bash", "wait": 5, "claimId": "'$claim'"}'
  # Without an answer the same id asks again: it may have a job already.
  answer=$(ask POST '' "$wanted" 'select(.claims) | .claims[0].job // {paused, drain}') || { sleep 2; continue; }
  job=$(jq -r '.jobId // empty' <<<"$answer") times=$(jq '.parameters.times // 1' <<<"$answer")
  [ -n "$job" ] || { claim=''; [[ $answer != *'"drain":true'* ]] || exit; [[ $answer != *true* ]] || sleep 5; continue; }
  end=$(jq -c '{status: "completed", result: {greeting: "Hello, \(.parameters.name)!"}}' <<<"$answer"); echo "Job $job: begins"
  for ((n = 1; n <= times; n++)); do sleep 1
    case "$(say '{"progress": '$((100 * n / times))'}')$stopping" in
      *yes) ask DELETE "/$claim/jobs/$job" '{}' .state; exit ;;
      cancel) end='{"status": "cancelled"}'; break ;;
      lease-lost | ran-too-long | already-finished) claim=''; continue 2 ;;
    esac; done
  until [[ ! "$(say "$end")" =~ ^(|internal|limited|unavailable)$ ]]; do sleep 2; done; claim=''; echo "Job $job: $end"
done
