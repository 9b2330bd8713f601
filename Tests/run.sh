#!/usr/bin/env bash
# Runs every check of the package, and installs what they need first. See --help.
set -uo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'EOF'
usage: bash Tests/run.sh [--all | --list | CHECK ...]

Checks whether the package works: installs missing Debian packages by name, builds with warnings as errors, and runs these
checks, in about six minutes on two cores:

  format       the sources are formatted, and the tree follows its rules
  unit         all tests of all modules, with a few hundred random schedules
  readme       every block of the README is compiled and run
  quickstart   Examples/Quickstart, from the shell
  c-example    Examples/ExistingEvhttpServer, from the shell

--all runs every check, in less than 40 minutes. --list prints the names of all; named checks run alone. The others are:

  schedules    5,000 random schedules each of the hub, of hubs and of runs with a shared history, of runs and the client
  linkage      the format and the server need no Foundation
  platforms    checks of other systems, and a statically linked client
  asynchttpclient  the client's tests with AsyncHTTPClient and with the trait HTTPTypes
  nio          the integrations of NIO, Hummingbird, observability and service lifecycle, what each trait downloads, and the
               end-to-end checks, examples and interoperability over these stacks, in short forms
  allocations  allocations per operation stay within Tests/Benchmarks/thresholds.json
  benchmarks   the smallest form of Tests/Benchmarks/compare.sh
  documentation  the pages of all products, their links, and their code
  examples     the other examples, from the shell
  commandline  Examples/CommandLine, from the shell
  resume       clients resume while a server, and then a client, is killed: Tests/EndToEnd/{resume,killed}.py
  cluster      clients move between three servers that share a history on Redis, while servers and Redis are killed,
               short form of Tests/EndToEnd/cluster.py
  runs         viewers of runs resume, runs are stopped, the server is killed: the built-in server, evhttp in Swift and
               in C, short form of Tests/EndToEnd/runs.py
  stalled      stalled readers on many channels stay within the memory limit, short form of Tests/EndToEnd/stalled.py
  cycles       clients of a server that breaks every connection, short form of Tests/EndToEnd/cycles.py
  hostile      hostile peers at both stacks, under the address sanitizer, short form of Tests/EndToEnd/hostile.py
  interop      third-party clients and servers: Tests/Interop
  browser      Examples/Quickstart, LanguageModelGateway and SeveralProcesses, in Chromium
  proxies      the server behind nginx and HAProxy, short form of Tests/Proxies/run.py
  readers      thousands of idle readers leave no resources in use
  evhttp       the C library and both evhttp examples, short form of Tests/Checks/evhttp/run.py
  sanitize     the thread and address sanitizers, short form of Tests/sanitize.sh
  fuzz         the fuzz targets, short form of Tests/fuzz.sh

Only by name, because it builds AsyncHTTPClient again:

  contract     Tests/ContractService, driven like a client test suite, over all transports

Tests/loaded.sh runs them on a busy machine.
EOF
}

first=(format unit readme quickstart c-example)
all=("${first[@]}" schedules linkage platforms asynchttpclient nio allocations benchmarks documentation examples
  commandline resume cluster runs stalled cycles hostile interop browser proxies readers evhttp sanitize fuzz)
# Checks that mostly wait, for peers and for signals. One at a time runs beside the others, whose compiler and tests do
# not always need every core; what is left at the end runs two at a time.
waiting=(evhttp proxies hostile interop runs resume cluster browser stalled cycles readers commandline)
chosen=()
for argument in "$@"; do
  case "$argument" in
    --help | -h) usage; exit 0 ;;
    --list) printf '%s\n' "${all[@]}"; exit 0 ;;
    --all) chosen+=("${all[@]}") ;;
    *)
      if [[ " ${all[*]} contract " == *" $argument "* ]]; then chosen+=("$argument"); else
        echo "run.sh: there is no check \"$argument\"" >&2; usage >&2; exit 64
      fi ;;
  esac
done
[ ${#chosen[@]} -gt 0 ] || chosen=("${first[@]}")

build_tests() { swift build --build-tests -Xswiftc -warnings-as-errors; }
run_tests() { swift test --skip-build -Xswiftc -warnings-as-errors "$@"; }
# run_schedules COUNT: the random schedules, COUNT of each kind. Those of the client wait, so they run in a process where
# nothing else uses the threads for long.
run_schedules() {
  export EVENTSOURCE_SCHEDULES=$1 EVENTSOURCE_RUN_SCHEDULES=$1 EVENTSOURCE_CLIENT_SCHEDULES=$1
  export SWIFT_DETERMINISTIC_HASHING=1
  run_tests --filter 'EventSourceServerTests\..*ScheduleTests' && run_tests --filter ClientScheduleTests
}

# One build with every trait, in its own folder, because a trait requires a separate build of everything.
traits=(--traits AsyncHTTPClient,HTTPTypes,NIO,Hummingbird,Observability,ServiceLifecycle --scratch-path .build-traits
  --disable-build-manifest-caching)
# Only the tests, because a build of everything includes all targets of the downloaded packages, such as their tools.
build_traits() {
  SWIFT_DETERMINISTIC_HASHING=1 swift build --product eventsource-kitPackageTests "${traits[@]}" \
    -Xswiftc -warnings-as-errors
}
test_traits() { SWIFT_DETERMINISTIC_HASHING=1 swift test --skip-build "${traits[@]}" --filter "$@"; }

is_chosen() { [[ " ${chosen[*]} " == *" $1 "* ]]; }

# Everything a check starts is in its process group and ends with it.
run_check() {
  case "$1" in
    format) bash Tests/Checks/format.sh ;;
    linkage) bash Tests/Checks/linkage.sh ;;
    platforms) bash Tests/Checks/platforms.sh ;;
    # Tests that use up a process's descriptors or threads, the disk or the network run in their own processes. What
    # another chosen check runs completely is left to it.
    unit)
      build_tests && run_tests --parallel --skip aProcessWithoutDescriptors --skip EventSourceClientTests \
        --skip EventSourceSQLiteTests --skip EventSourceRedisTests --skip ScheduleTests &&
        { is_chosen schedules || (run_schedules 300); } &&
        run_tests --filter EventSourceSQLiteTests && run_tests --filter EventSourceRedisTests &&
        { is_chosen asynchttpclient || run_tests --filter EventSourceClientTests --skip ClientScheduleTests; } &&
        run_tests --filter aProcessWithoutDescriptors ;;
    schedules) build_tests && (run_schedules 5000) ;;
    asynchttpclient) build_traits && test_traits EventSourceClientTests --skip ClientScheduleTests ;;
    # The suites over sockets count the process's resources.
    nio)
      bash Tests/Checks/traits.sh && build_traits &&
        test_traits 'EventSource(NIO|Hummingbird|Observability|ServiceLifecycle)Tests' && bash Tests/Checks/stacks.sh ;;
    contract) python3 Tests/Checks/contract.py ;;
    allocations)
      programs=$(bash Tests/build.sh Tests/Benchmarks release) &&
        "$programs/bench-micro" --check Tests/Benchmarks/thresholds.json ;;
    benchmarks) bash Tests/Benchmarks/compare.sh --smoke >/dev/null ;;
    readme) python3 Tests/Checks/readme.py ;;
    documentation) python3 Tests/Checks/documentation.py ;;
    quickstart) bash Tests/Checks/quickstart.sh ;;
    c-example) python3 Tests/Checks/c_example.py ;;
    examples) bash Tests/Checks/examples.sh ;;
    commandline) bash Tests/Checks/commandline.sh ;;
    resume) python3 Tests/EndToEnd/resume.py && python3 Tests/EndToEnd/killed.py ;;
    cluster) python3 Tests/EndToEnd/cluster.py --short ;;
    runs) bash Tests/EndToEnd/runs.sh ;;
    stalled) python3 Tests/EndToEnd/stalled.py ;;
    cycles) python3 Tests/EndToEnd/cycles.py ;;
    hostile) python3 Tests/EndToEnd/hostile.py ;;
    interop) bash Tests/Interop/run.sh ;;
    browser) bash Tests/Browser/run.sh ;;
    proxies) python3 Tests/Proxies/run.py --short ;;
    readers) python3 Tests/Checks/readers.py --waves 6 ;;
    evhttp) python3 Tests/Checks/evhttp/run.py ;;
    sanitize) bash Tests/sanitize.sh all --short ;;
    fuzz) bash Tests/fuzz.sh all 10 ;;
  esac
}

# perform CHECK: runs a check, and keeps its status and its seconds.
logs=.build/logs
perform() {
  local started=$SECONDS status=passed
  echo "== $1"
  run_check "$1" || status=FAILED
  echo "== $1 $status in $((SECONDS - started)) s"
  echo "$status $((SECONDS - started))" >"$logs/$1.result"
}

bash Tests/Checks/install.sh "${chosen[@]}" || exit 1
rm -rf "$logs"
mkdir -p "$logs"
early=()
late=()
for check in "${chosen[@]}"; do
  if [[ " ${waiting[*]} " == *" $check "* ]]; then late+=("$check"); else early+=("$check"); fi
done
# Performs the waiting checks that nobody has begun. A check's output is printed when it is over.
perform_late() {
  trap 'exit 130' INT TERM
  for check in "${late[@]}"; do
    mkdir "$logs/$check.begun" 2>/dev/null || continue
    perform "$check" >"$logs/$check.log" 2>&1
    cat "$logs/$check.log"
  done
}
# Each has a process group, to which Ctrl-C is passed on.
set -m
trap 'for job in $(jobs -p); do kill -INT -- "-$job" 2>/dev/null; done; wait; exit 130' INT TERM
perform_late &
{
  trap 'exit 130' INT TERM
  for check in "${early[@]}"; do perform "$check" 2>&1 | tee "$logs/$check.log"; done
  perform_late
} &
wait

passed=0
failed=()
times=()
for check in "${chosen[@]}"; do
  read -r status seconds <"$logs/$check.result"
  if [ "$status" = passed ]; then passed=$((passed + 1)); else failed+=("$check"); fi
  times+=("$check $seconds")
done
echo "times:$(printf '%s\n' "${times[@]}" | sort -rnk2 | sed 's/\(.*\) \(.*\)/ \1 \2 s,/' | tr -d '\n' | sed 's/,$//')"
# Repeated at the end, because a long run's first lines are often cut off where they are kept.
for check in "${failed[@]}"; do
  echo "== what $check printed about its failure; all of it is in $logs/$check.log"
  grep -aE '✘|(error|Error|Failed|FAILED):|: (expected|fatal)|Traceback' "$logs/$check.log" | cut -c1-400 | tail -40
  echo "== the last lines of $check"
  cut -c1-400 "$logs/$check.log" | tail -15
done
[ ${#failed[@]} -eq 0 ] || echo "failed: ${failed[*]}"
echo "checks: $passed passed, ${#failed[@]} failed"
[ ${#failed[@]} -eq 0 ]
