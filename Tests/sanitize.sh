#!/usr/bin/env bash
# Runs the tests of the format, the server and the built-in server under sanitizers.
#   bash Tests/sanitize.sh [thread|address|all] [--short]
# --short tries fewer random schedules and leaves out the slowest suites.
set -euo pipefail
cd "$(dirname "$0")/.."

kinds=()
short=false
for argument in "$@"; do
  case "$argument" in
    thread | address) kinds+=("$argument") ;;
    all) kinds+=(thread address) ;;
    --short) short=true ;;
    *) sed -n '2,4s/^# *//p' "$0" >&2; exit 64 ;;
  esac
done
[ ${#kinds[@]} -gt 0 ] || kinds=(thread address)

export EVENTSOURCE_SCHEDULES=${EVENTSOURCE_SCHEDULES:-2000}
skip=()
if $short; then
  export EVENTSOURCE_SCHEDULES=200
  skip=(--skip EveryChunkingTests)
fi

for kind in "${kinds[@]}"; do
  # Tasks that wait when the process ends are not leaks of anybody's.
  export ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=halt_on_error=1
  swift build --build-tests --sanitize "$kind" --scratch-path ".build-$kind"
  swift test --skip-build --sanitize "$kind" --scratch-path ".build-$kind" "${skip[@]}"
done
