#!/usr/bin/env bash
# Runs the tests under sanitizers.
#   bash Tests/sanitize.sh [thread|address|all] [--short]
# --short tries fewer random schedules and omits the slowest suites.
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

export EVENTSOURCE_SCHEDULES=${EVENTSOURCE_SCHEDULES:-2000} EVENTSOURCE_RUN_SCHEDULES=${EVENTSOURCE_RUN_SCHEDULES:-2000}
skip=()
if $short; then
  export EVENTSOURCE_SCHEDULES=50 EVENTSOURCE_RUN_SCHEDULES=50
  export EVENTSOURCE_CLIENT_SCHEDULES=${EVENTSOURCE_CLIENT_SCHEDULES:-200}
  skip=(--skip EveryChunkingTests --skip aLargeEventInSmallChunks --skip EventSourceSQLiteTests
    --skip EventSourceRedisTests)
fi

for kind in "${kinds[@]}"; do
  # Tasks that still wait at the end of the process are not leaks. TSan does not support Synchronization's Mutex.
  export ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=halt_on_error=1
  options=(--sanitize "$kind" --scratch-path ".build-$kind")
  [ "$kind" = thread ] && options+=(-Xswiftc -DEVENTSOURCE_THREAD_SANITIZER)
  echo "sanitize: $kind"
  # The linker warns of each of the sanitizer's own symbols.
  swift build --quiet --build-tests "${options[@]}" 2> >(grep -v 'Cannot export local symbol' >&2)
  log=.build-$kind/tests.log
  # This test needs its own process.
  leave=(--skip aProcessWithoutDescriptors)
  # Foundation's Process, which starts Redis, reads beyond a directory entry.
  [ "$kind" = address ] && leave+=(--skip EventSourceRedisTests)
  run() {
    if ! swift test --skip-build "${options[@]}" "${leave[@]}" "$@" >"$log" 2>&1; then
      grep -vE '^(◇|✔) ' "$log" | tail -100 >&2
      echo "sanitize: $kind found something; all of it is in $log" >&2
      exit 1
    fi
    grep 'Test run with' "$log"
  }
  # Schedules use the threads for long, on which other tests' tasks would wait.
  run "${skip[@]}" --skip EventSourceClientTests --skip ScheduleTests
  run --filter 'EventSourceServerTests\..*ScheduleTests'
  # The client has a process of its own. Foundation's networking is not built for the thread sanitizer, so the suites
  # run only over libcurl.
  [ "$kind" = thread ] && leave+=(--skip URLSession)
  run --filter EventSourceClientTests
done
