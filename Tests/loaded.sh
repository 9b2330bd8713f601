#!/usr/bin/env bash
# Runs the checks while other processes keep every core busy. Late events must not cause failures.
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
