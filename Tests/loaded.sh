#!/usr/bin/env bash
# Runs the checks beside processes that keep every core busy: what they wait for comes late, and has to do no harm.
#   bash Tests/loaded.sh [CHECK ...]        as Tests/run.sh
set -uo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in --help | -h) sed -n '2,3s/^# *//p' "$0"; exec bash Tests/run.sh --help ;; esac

busy=()
trap 'kill "${busy[@]}"' EXIT
for _ in $(seq "$(nproc)"); do
  (while :; do :; done) & busy+=($!)
done
bash Tests/run.sh "$@"
