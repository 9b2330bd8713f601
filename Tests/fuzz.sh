#!/usr/bin/env bash
# Fuzzes with libFuzzer and the address sanitizer.
#   bash Tests/fuzz.sh [TARGET|all] [SECONDS]        (all, 60)
# Exits with 1 at a finding, and prints the path of the input that reproduces it.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A sources=(
  [Parser]="Tests/Fuzz/ParserFuzz.swift Tests/EventSourceFormatTests/ReferenceParser.swift $(echo Sources/EventSourceFormat/{,*/}*.swift)"
  [RoundTrip]="Tests/Fuzz/RoundTripFuzz.swift $(echo Sources/EventSourceFormat/{,*/}*.swift)"
  [GzipJoiner]="Tests/Fuzz/GzipJoinerFuzz.swift $(echo Sources/EventSourceServer/Compression/{CRC32,ContentDigest,GzipJoiner}.swift) -IIntegrations/Zlib/Sources/CZlib"
  [RequestHead]="Tests/Fuzz/RequestHeadFuzz.swift $(echo Sources/EventSourceBuiltInServer/Request/*.swift Sources/EventSourceServer/HTTP/{RequestTarget,HeaderField+Framing,HTTPToken}.swift) Sources/EventSourceFormat/HeaderField.swift"
)

case "${1:-all}" in
  --help | -h) sed -n '2,4s/^# *//p' "$0"; echo "targets: ${!sources[*]}"; exit 0 ;;
  all) targets=(Parser RoundTrip RequestHead GzipJoiner) ;;
  *) targets=("$1") ;;
esac
seconds=${2:-60}
# Without this, a finding would wait in the crash handler.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0

for target in "${targets[@]}"; do
  [ -n "${sources[$target]:-}" ] || { echo "fuzz: there is no target \"$target\"; the targets are ${!sources[*]}" >&2; exit 64; }
  build=.build/fuzz/$target
  mkdir -p "$build/corpus"
  # shellcheck disable=SC2086 -- a list of files
  swiftc -O -sanitize=fuzzer,address -parse-as-library -module-name "Fuzz$target" -package-name fuzz \
    -swift-version 6 -use-ld=lld -o "$build/fuzz" ${sources[$target]}
  echo "fuzz: $target for $seconds s"
  if ! "$build/fuzz" -max_total_time="$seconds" -max_len=2048 -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
    -artifact_prefix="$build/" "$build/corpus" "Tests/Fuzz/Corpus/$target" >"$build/log" 2>&1; then
    tail -40 "$build/log" >&2
    echo "fuzz: $target found something; to see it again:" >&2
    for input in "$build"/{crash,leak,timeout,oom}-*; do
      [ ! -e "$input" ] || echo "  SWIFT_BACKTRACE=enable=no $build/fuzz $input" >&2
    done
    exit 1
  fi
  grep -E 'number_of_executed_units' "$build/log" | sed "s/^stat:/fuzz: $target/"
done
