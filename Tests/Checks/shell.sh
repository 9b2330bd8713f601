# Functions that the shell checks share. Each check sources this file. $check is the prefix of failure messages, and
# $scratch is the check's own folder. Waits allow a minute, so a slow machine does not matter.

fail() { echo "$check: $*" >&2; exit 1; }
expect() { [ "$2" = "$3" ] || fail "$1: got \"$2\", expected \"$3\""; }

# wait_until WHAT COMMAND ...: waits until the command succeeds.
wait_until() {
  local end=$((SECONDS + 60))
  until "${@:2}"; do
    [ $SECONDS -lt $end ] || fail "waited a minute for $1"
    read -rt 0.02 <> <(:) || true
  done
}

# has_line REGULAR-EXPRESSION FILE
has_line() { grep -qs -- "$1" "$2"; }
# lines_of FILE: the lines without the comment that begins a stream.
lines_of() { sed '1{/^:$/d}' "$1"; }
# has_lines COUNT FILE
has_lines() { [ "$(lines_of "$2" | wc -l)" -ge "$1" ]; }

# make_consumer PRODUCT ...: creates a package in $scratch with a program that uses these products. The program has no
# sources yet.
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

# head_of COUNT CURL-ARGUMENT ...: the first lines of a stream after its opening comment.
head_of() {
  local stream
  : >"$scratch/head_of"
  curl -sN -m 60 "${@:2}" >"$scratch/head_of" &
  stream=$!
  until has_lines "$1" "$scratch/head_of" || ! kill -0 $stream 2>/dev/null; do read -rt 0.02 <> <(:) || true; done
  { kill $stream; wait $stream; } 2>/dev/null
  lines_of "$scratch/head_of" | head -n "$1"
}

# has_address FILE: whether a whole line with an address has been written.
has_address() { has_line 'https*://[0-9.:]*' "$1" && [ -z "$(tail -c 1 "$1")" ]; }

# start FILE COMMAND ...: starts a server that prints its address. Its output goes to the file. Sets $process and $url.
start() {
  # The file may still have the address of an earlier server.
  : >"$1"
  "${@:2}" >>"$1" 2>&1 &
  process=$!
  wait_until "$2 to print its address" has_address "$1"
  url=$(grep -om1 'https*://[0-9.:]*' "$1")
}
