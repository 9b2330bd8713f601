# What the checks in the shell share; sourced by them. $check is what a failure begins with, $scratch a folder of the
# check's own. Nothing here counts on a machine that has time: what is waited for may take a minute.

fail() { echo "$check: $*" >&2; exit 1; }
expect() { [ "$2" = "$3" ] || fail "$1: got \"$2\", expected \"$3\""; }

# wait_until WHAT COMMAND ...: until the command succeeds.
wait_until() {
  local end=$((SECONDS + 60))
  until "${@:2}"; do
    [ $SECONDS -lt $end ] || fail "waited a minute for $1"
    read -rt 0.02 <> <(:) || true
  done
}

# has_line REGULAR-EXPRESSION FILE
has_line() { grep -qs -- "$1" "$2"; }
# lines_of FILE: without the comment that begins a stream.
lines_of() { sed '1{/^:$/d}' "$1"; }
# has_lines COUNT FILE
has_lines() { [ "$(lines_of "$2" | wc -l)" -ge "$1" ]; }

# make_consumer PRODUCT ...: a package in $scratch with a program that uses these of our products, which has no sources
# yet.
make_consumer() {
  mkdir -p "$scratch/Sources/consumer"
  cat >"$scratch/Package.swift" <<PACKAGE
// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "consumer",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "eventsource-kit", path: "$PWD")],
  targets: [
    .executableTarget(
      name: "consumer",
      dependencies: [$(printf '.product(name: "%s", package: "eventsource-kit"), ' "$@")])
  ])
PACKAGE
}

# head_of COUNT CURL-ARGUMENT ...: the first lines of a stream behind its opening comment.
head_of() {
  local stream
  : >"$scratch/head_of"
  curl -sN -m 60 "${@:2}" >"$scratch/head_of" &
  stream=$!
  until has_lines "$1" "$scratch/head_of" || ! kill -0 $stream 2>/dev/null; do read -rt 0.02 <> <(:) || true; done
  { kill $stream; wait $stream; } 2>/dev/null
  lines_of "$scratch/head_of" | head -n "$1"
}

# start FILE COMMAND ...: a server that says where it listens; its output is in the file. Sets $process and $url.
start() {
  "${@:2}" >"$1" 2>&1 &
  process=$!
  wait_until "$2 to say where it listens" has_line 'http://[0-9.:]*' "$1"
  url=$(grep -om1 'http://[0-9.:]*' "$1")
}
