#!/usr/bin/env bash
# The examples, from the shell: each is built, started on a port that the system chooses, and used as its text says.
#   bash Tests/Checks/examples.sh [EXAMPLE ...]
# An example NAME of Examples/ has a function check_NAME here; those of the Quickstart,
# of the command line and of evhttp are elsewhere.
set -u
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'jobs -p | xargs -r kill -9 2>/dev/null; rm -rf "$scratch"' EXIT

fail() { echo "examples: $example: $*" >&2; exit 1; }
expect() { [ "$2" = "$3" ] || fail "$1: got \"$2\", expected \"$3\""; }

# Starts the example and waits until it says where it listens; sets $process and $url.
start() {
  "$program" "$@" >"$scratch/out" 2>&1 &
  process=$!
  for _ in $(seq 100); do
    url=$(grep -om1 'http://[0-9.:]*' "$scratch/out") && return
    read -rt 0.1 <> <(:) || true
  done
  fail "it does not say where it listens: $(cat "$scratch/out")"
}

# Ends it, by a signal, and answers its exit status.
finish() {
  kill -"$1" "$process"
  wait "$process" 2>/dev/null
}

# The first lines of a stream behind its opening comment, as many as are asked for, within five seconds.
head_of() { timeout 5 curl -sN "${@:2}" | sed -u '1{/^:$/d}' | head -n "$1"; }

check_DurableHistory() {
  local first second third number
  start "$scratch/history.db" 0
  first=$(curl -sf -d 'one' "$url/publish/wall") || fail "nothing can be published"
  second=$(curl -sf -d 'two' "$url/publish/wall")
  finish KILL
  start "$scratch/history.db" 0
  expect "after kill -9" "$(head_of 2 -H "Last-Event-ID: $first" "$url/events/wall" | tr '\n' '|')" "data: two|id: $second|"
  third=$(curl -sf -d 'three' "$url/publish/wall")
  expect "the numbers of the IDs" "${first##*-} ${second##*-} ${third##*-}" "1 2 3"
  # Killed again and again while somebody publishes; whatever was answered is there.
  : >"$scratch/published"
  for number in $(seq 4); do
    (while curl -sf -d "round $number" "$url/publish/wall" >>"$scratch/published"; do :; done) &
    while [ "$(wc -l <"$scratch/published")" -lt $((number * 20)) ]; do read -rt 0.05 <> <(:) || true; done
    finish KILL
    start "$scratch/history.db" 0
  done
  # What was committed but not answered may be there besides.
  timeout 2 curl -sN -H "Last-Event-ID: $third" "$url/events/wall" | sed -n 's/^id: //p' >"$scratch/held" &
  wait $!
  expect "events that were answered and are gone" "$(grep -vxFf "$scratch/held" "$scratch/published" | wc -l)" 0
  expect "events that are there twice" "$(sort "$scratch/held" | uniq -d | wc -l)" 0
  expect "an ID that was never here" "$(head_of 1 -H 'Last-Event-ID: unknown' "$url/events/wall")" 'event: eventsource-gap'
  finish INT
  expect "the exit status after Ctrl-C" $? 0
  expect "what is left beside the file" "$(cd "$scratch" && echo history.db*)" history.db
  "$program" "$scratch" 0 >"$scratch/out" 2>"$scratch/error"
  expect "the exit status when the file is a folder" $? 1
  expect "the lines that say so" "$(wc -l <"$scratch/error")" 1
  "$program" a b c >"$scratch/out" 2>"$scratch/error"
  expect "the exit status after a wrong call" $? 64
}

check_CustomRepository() {
  start
  for order in one two three; do curl -sf -d "$order" "$url/orders" >"$scratch/number" || fail "no order can be made"; done
  expect "the number of the third order" "$(cat "$scratch/number")" 3
  expect "what was missed" "$(head_of 8 -H 'Last-Event-ID: 1' "$url/events/orders" | grep data | tr '\n' '|')" "data: two|data: three|"
  expect "an ID that no order has" "$(head_of 1 -H 'Last-Event-ID: 99' "$url/events/orders")" 'event: eventsource-gap'
  finish TERM
}

check_ChannelAuthorization() {
  local anna bert
  start
  anna=$(curl -sf -d '' "$url/tokens/anna")
  bert=$(curl -sf -d '' "$url/tokens/bert")
  expect "without a token" "$(curl -s -o /dev/null -w '%{http_code}' "$url/events/public")" 401
  expect "with a forged one" "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer ${anna}x" "$url/events/public")" 401
  expect "another's channel" "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $bert" "$url/events/staff")" 403
  timeout 20 curl -sN -D "$scratch/head" -H "Authorization: Bearer $anna" "$url/events/staff" >"$scratch/stream" &
  until grep -q 200 "$scratch/head" 2>/dev/null; do read -rt 0.05 <> <(:) || true; done
  curl -sf -d 'for staff' "$url/publish/staff" >"$scratch/id" || fail "nothing can be published"
  until grep -q 'for staff' "$scratch/stream"; do read -rt 0.05 <> <(:) || true; done
  expect "the status of a revocation" "$(curl -s -o /dev/null -w '%{http_code}' -X DELETE "$url/readers/anna")" 204
  wait %%
  expect "how the stream ended" $? 0
  finish TERM
}

check_CustomAdapter() {
  start 0
  expect "another path" "$(curl -sf "$url/")" hello
  expect "an event" "$(head_of 1 "$url/events/clock" | cut -c1-11)" 'data: tick '
  expect "two readers on one connection" "$(curl -s -o /dev/null -o /dev/null -w '%{http_code} ' "$url/events/a" "$url/")" '404 200 '
  finish TERM
  swift test --package-path "Examples/$example" --quiet >"$scratch/tests" 2>&1 || fail "$(cat "$scratch/tests")"
}

examples=("$@")
if [ ${#examples[@]} -eq 0 ]; then
  for folder in Examples/*/; do
    example=$(basename "$folder")
    case "$example" in
      # These have checks of their own.
      Quickstart | CommandLine | ExistingEvhttpServer*) ;;
      *) examples+=("$example") ;;
    esac
  done
fi
for example in "${examples[@]}"; do
  declare -F "check_$example" >/dev/null || fail "it has no check in Tests/Checks/examples.sh"
  swift build --package-path "Examples/$example" --quiet || exit 1
  program=$(swift build --package-path "Examples/$example" --show-bin-path)/$example
  "check_$example"
  echo "examples: $example works"
done
