#!/usr/bin/env bash
# N processes of one command on this machine: what many hosts would do, to try it out.
#
#   launch/local.sh N COMMAND…
#   JAX_PLATFORMS=cpu launch/local.sh 4 quals score in.jsonl -o out.jsonl --model models/qagen
#   JAX_PLATFORMS=cpu launch/local.sh 2 python -m train qagen_squad:smoke --workdir runs/try
#
# The messages of process I begin with "I: ". Ends when all have ended, with the status of the first
# one that failed (0 when none did). Ctrl-C reaches all of them. PORT chooses the port of process 0.
set -euo pipefail

if [[ $# -lt 2 || ! $1 =~ ^[1-9][0-9]*$ ]]; then
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
export JAX_NUM_PROCESSES=$1
export JAX_COORDINATOR_ADDRESS=127.0.0.1:${PORT:-$((20000 + RANDOM % 10000))}
shift

pids=()
for ((i = 0; i < JAX_NUM_PROCESSES; i++)); do
  JAX_PROCESS_ID=$i "$@" 2> >(sed -u "s/^/$i: /" >&2) &
  pids+=($!)
done
status=0
for pid in "${pids[@]}"; do
  wait "$pid" || { ended=$?; [[ $status -ne 0 ]] || status=$ended; }
done
exit "$status"
