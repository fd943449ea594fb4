#!/usr/bin/env bash
# One command on all hosts of a TPU pod, in the same folder of each:
#
#   TPU=NAME ZONE=ZONE launch/tpu_pod.sh COMMAND…
#   launch/tpu_pod.sh 'git clone REPOSITORY . && python3 -m venv .venv && .venv/bin/pip install ".[tpu]"'
#   launch/tpu_pod.sh python -m train qagen_squad --workdir /mnt/shared/runs/qagen
#   launch/tpu_pod.sh quals score /mnt/shared/in.jsonl -o /mnt/shared/out.jsonl --model /mnt/shared/qagen
#
# FOLDER (default quals-jax, in the home folder) is made where it is missing; its .venv/bin comes
# first in PATH. A single argument is a line of shell. Inputs, models and outputs lie where all hosts
# see them (Filestore, a bucket by gcsfuse). QUALS_… variables are passed on.
set -euo pipefail

if [[ $# -eq 0 || -z ${TPU:-} || -z ${ZONE:-} ]]; then
  sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
if [[ $# -eq 1 ]]; then line=$1; else printf -v line '%q ' "$@"; fi
settings=
for name in $(compgen -e QUALS_ || true); do
  printf -v settings '%sexport %s=%q; ' "$settings" "$name" "${!name}"
done
printf -v folder '%q' "${FOLDER:-quals-jax}"
# shellcheck disable=SC2016  # the hosts' PATH is meant
printf -v remote 'mkdir -p %s && cd %s && export PATH=$PWD/.venv/bin:$PATH; %s%s' \
  "$folder" "$folder" "$settings" "$line"
exec gcloud compute tpus tpu-vm ssh "$TPU" --zone="$ZONE" --worker=all --command="$remote"
