#!/usr/bin/env bash
# Examples/Quickstart from the shell: its routes, its refusals, resuming, and how it starts and stops.
set -u
cd "$(dirname "$0")/../.."

program=$(bash Tests/build.sh Examples/Quickstart)/Quickstart || exit 1
scratch=$(mktemp -d)
trap 'jobs -p | xargs -r kill -9 2>/dev/null; rm -rf "$scratch"' EXIT

check=quickstart
. Tests/Checks/shell.sh
status() { rm -f "$scratch/body"; curl -s -m 60 -o "$scratch/body" -w '%{http_code}' "$@"; }
# expect_refusal WHAT STATUS [CURL ARGUMENT ...]: a refusal says why, in one line.
expect_refusal() {
  expect "$1" "$(status "${@:3}")" "$2"
  expect "the lines of the reason for: $1" "$(wc -l <"$scratch/body")" 1
}
# start_copy NAME: a copy on a port that the system chooses.
start_copy() { start "$scratch/out.$1" "$program" --port 0; }

start_copy first
first=$process first_url=$url
start_copy second
expect "two copies at once" "$(status "$url/stats")$(status "$first_url/stats")" 200200
head_of 2 "$url/events/machine" | grep -q '^data: {"time"' || fail "no figures come"
kill -TERM "$process"
wait "$process"
expect "the exit status after SIGTERM" $? 0
url=$first_url

expect "the page" "$(status "$url/")" 200
grep -q '<!doctype html>' "$scratch/body" || fail "the page is not a page"
for part in page.css page.js; do expect "$part of the page" "$(status "$url/$part")" 200; done
curl -sI "$url/" | grep -qi "^Content-Security-Policy: default-src 'self'" || fail "the page may load anything"
expect "posting" "$(status -d 'first' "$url/publish/wall")" 202
id=$(cat "$scratch/body")
status -d 'second' "$url/publish/wall?type=shout&id=my-own" >/dev/null
expect "an ID of one's own" "$(cat "$scratch/body")" my-own
expect "resuming" "$(head_of 3 -H "Last-Event-ID: $id" "$url/events/wall" | tr '\n' '|')" 'event: shout|data: second|id: my-own|'
status -d $'third\nline' "$url/publish/wall" >/dev/null
expect "resuming by the query" "$(head_of 2 "$url/events/wall?lastEventID=my-own" | tail -2 | tr '\n' '|')" 'data: third|data: line|'
expect "resuming by an unknown ID" "$(head_of 1 "$url/events/wall?lastEventID=unknown")" 'event: eventsource-gap'

expect_refusal "an unknown channel to publish to" 404 -d x "$url/publish/nowhere"
expect_refusal "an unknown channel to read" 404 "$url/events/nowhere"
expect_refusal "a body that is not UTF-8" 400 --data-binary $'\xff' "$url/publish/wall"
expect_refusal "an ID with a line break" 400 -d x "$url/publish/wall?id=a%0Ab"
expect_refusal "an empty ID" 400 -d x "$url/publish/wall?id="
expect_refusal "an empty type" 400 -d x "$url/publish/wall?type="
expect_refusal "a type with a line break" 400 -d x "$url/publish/wall?type=a%0Db"
expect_refusal "an unknown path" 404 "$url/nowhere"
expect_refusal "a wrong method" 405 -X DELETE "$url/events/wall"
head -c 200000 /dev/zero | tr '\0' x >"$scratch/large"
expect_refusal "a body that is too large" 413 --data-binary "@$scratch/large" "$url/publish/wall"
curl -s "$url/stats" | python3 -c 'import json, sys
statistics = json.load(sys.stdin)
assert statistics["channels"] == 2 and statistics["published"] > 3 and statistics["heldBytes"] > 0, statistics' ||
  fail "/stats is not what it should be"

"$program" --port "${url##*:}" >"$scratch/out" 2>"$scratch/taken"
expect "the exit status when the port is in use" $? 1
expect "what is printed besides when the port is in use" "$(cat "$scratch/out")" ""
expect "the lines when the port is in use" "$(wc -l <"$scratch/taken")" 1
for typo in "--prot 1" "--port" "--port=" "--port 70000" "--port x" "wall"; do
  # shellcheck disable=SC2086
  "$program" $typo >"$scratch/out" 2>"$scratch/typo"
  expect "the exit status after \"$typo\"" $? 64
  expect "what \"$typo\" prints besides its error" "$(cat "$scratch/out")" ""
  head -1 "$scratch/typo" | grep -q "^quickstart: " || fail "\"$typo\" is not told what is wrong"
done
"$program" --help >"$scratch/help"
expect "the exit status of --help" $? 0

curl -sN "$url/events/wall?lastEventID=my-own" >"$scratch/stream" &
stream=$!
wait_until "what was missed" has_line 'data: line' "$scratch/stream"
kill -INT "$first"
wait "$stream"
expect "the stream's end when the server stops" $? 0
tail -2 "$scratch/stream" | grep -q '^retry: ' || fail "the last thing on a drained stream is a retry"
wait "$first"
expect "the exit status after Ctrl-C" $? 0

# Many streams take nearly the whole window to end, which is half a second: time enough for the second Ctrl-C, unless
# the machine is busy. Then it is tried again.
for attempt in $(seq 20); do
  start_copy "third.$attempt"
  third=$process readers=()
  for number in $(seq 30); do
    curl -sN "$url/events/machine" >"$scratch/reader.$number" & readers+=($!)
  done
  for number in $(seq 30); do wait_until "reader $number" has_line '^data: ' "$scratch/reader.$number"; done
  kill -INT "$third"
  wait_until "the first Ctrl-C to be heard" has_line '^stopping' "$scratch/out.third.$attempt"
  kill -INT "$third" 2>/dev/null
  wait "$third"
  status=$?
  wait "${readers[@]}"
  [ $status -eq 0 ] || break
done
expect "the exit status after a second Ctrl-C" $status 130
echo "quickstart: works"
