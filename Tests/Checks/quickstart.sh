#!/usr/bin/env bash
# Examples/Quickstart from the shell: its routes, its refusals, resuming, and how it starts and stops.
set -u
cd "$(dirname "$0")/../.."

swift build --package-path Examples/Quickstart --quiet || exit 1
program=$(swift build --package-path Examples/Quickstart --show-bin-path)/Quickstart
scratch=$(mktemp -d)
trap 'jobs -p | xargs -r kill -9 2>/dev/null; rm -rf "$scratch"' EXIT

fail() { echo "quickstart: $*" >&2; exit 1; }
expect() { [ "$2" = "$3" ] || fail "$1: got \"$2\", expected \"$3\""; }

# Starts a copy on a port that the system chooses; sets $process and $url.
start() {
  "$program" --port 0 >"$scratch/out.$1" 2>&1 &
  process=$!
  for _ in $(seq 100); do
    url=$(grep -om1 'http://[0-9.:]*' "$scratch/out.$1") && return
    read -rt 0.1 <> <(:) || true
  done
  fail "it does not say where it listens"
}

# The first lines of a stream, as many as are asked for, within five seconds.
head_of() { timeout 5 curl -sN "${@:2}" | head -n "$1"; }
status() { curl -s -o "$scratch/body" -w '%{http_code}' "$@"; }

start first
first=$process first_url=$url
start second
expect "two copies at once" "$(status "$url/stats")" 200
kill -TERM "$process"
wait "$process"
expect "the exit status after SIGTERM" $? 0
url=$first_url

expect "the page" "$(status "$url/")" 200
grep -q '<!doctype html>' "$scratch/body" || fail "the page is not a page"
head_of 2 "$url/events/machine" | grep -q '^data: {"time"' || fail "no figures come"
expect "posting" "$(status -d 'first' "$url/publish/wall")" 202
id=$(cat "$scratch/body")
status -d 'second' "$url/publish/wall?type=shout&id=my-own" >/dev/null
expect "an ID of one's own" "$(cat "$scratch/body")" my-own
expect "resuming" "$(head_of 3 -H "Last-Event-ID: $id" "$url/events/wall" | tr '\n' '|')" 'id: my-own|event: shout|data: second|'
status -d $'third\nline' "$url/publish/wall" >/dev/null
expect "resuming by the query" "$(head_of 3 "$url/events/wall?lastEventID=my-own" | tail -2 | tr '\n' '|')" 'data: third|data: line|'
expect "resuming by an unknown ID" "$(head_of 1 "$url/events/wall?lastEventID=unknown")" 'event: eventsource-gap'

expect "an unknown channel to publish to" "$(status -d x "$url/publish/nowhere")" 404
expect "an unknown channel to read" "$(status "$url/events/nowhere")" 404
expect "a body that is not UTF-8" "$(status --data-binary $'\xff' "$url/publish/wall")" 400
expect "an ID with a line break" "$(status -d x "$url/publish/wall?id=a%0Ab")" 400
expect "an empty type" "$(status -d x "$url/publish/wall?type=")" 400
expect "an unknown path" "$(status "$url/nowhere")" 404
expect "a wrong method" "$(status -X DELETE "$url/events/wall")" 405
expect "a body that is too large" "$(head -c 2000000 /dev/zero | tr '\0' x | status --data-binary @- "$url/publish/wall")" 413
curl -s "$url/stats" | python3 -c 'import json, sys; assert json.load(sys.stdin)["published"] > 3' || fail "/stats is not what it should be"

"$program" --port "${url##*:}" >"$scratch/taken" 2>&1
expect "the exit status when the port is in use" $? 1
expect "the lines when the port is in use" "$(wc -l <"$scratch/taken")" 1
"$program" --prot 1 >"$scratch/typo" 2>&1
expect "the exit status after a typing error" $? 64
"$program" --help >"$scratch/help"
expect "the exit status of --help" $? 0

curl -sN "$url/events/wall?lastEventID=my-own" >"$scratch/stream" &
stream=$!
for _ in $(seq 50); do grep -q 'data: line' "$scratch/stream" && break; read -rt 0.1 <> <(:) || true; done
kill -INT "$first"
wait "$stream"
expect "the stream's end when the server stops" $? 0
tail -2 "$scratch/stream" | grep -q '^retry: ' || fail "the last thing on a drained stream is a retry"
wait "$first"
expect "the exit status after Ctrl-C" $? 0
echo "quickstart: works"
