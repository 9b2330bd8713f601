#!/usr/bin/env bash
# The examples, from the shell: each is built, started on a port that the system chooses, and used as described.
#   bash Tests/Checks/examples.sh [EXAMPLE ...]
# Each example NAME in Examples/ has a function check_NAME here, except the Quickstart, the command line tool,
# SeveralProcesses and evhttp, which have their own checks.
set -u
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'jobs -p | xargs -r kill -9 2>/dev/null; rm -rf "$scratch"' EXIT

. Tests/Checks/shell.sh
# serve ARGUMENT ...: starts the example.
serve() { start "$scratch/out" "$program" "$@"; }

# Ends the example with a signal and returns its exit status.
finish() {
  kill -"$1" "$process"
  wait "$process" 2>/dev/null
}

ids_of() { sed -n 's/^id: //p' "$1"; }
# has_ids STREAM IDS: succeeds if every one of the IDs is in the stream.
has_ids() { ! ids_of "$1" | grep -vxFf - "$2" >/dev/null; }

# Runs the example's own tests.
run_tests() {
  bash Tests/build.sh "Examples/$example" tests >/dev/null || exit 1
  swift test --skip-build --package-path "Examples/$example" --scratch-path .build/packages \
    --disable-build-manifest-caching --quiet >"$scratch/tests" 2>&1 || fail "$(cat "$scratch/tests")"
}

check_DurableHistory() {
  local first second third number stream
  serve "$scratch/history.db" 0
  first=$(curl -sf -d 'one' "$url/publish/wall") || fail "publishing fails"
  second=$(curl -sf -d 'two' "$url/publish/wall")
  finish KILL
  serve "$scratch/history.db" 0
  expect "after kill -9" "$(head_of 2 -H "Last-Event-ID: $first" "$url/events/wall" | tr '\n' '|')" "data: two|id: $second|"
  third=$(curl -sf -d 'three' "$url/publish/wall")
  expect "the numbers of the IDs" "${first##*-} ${second##*-} ${third##*-}" "1 2 3"
  # Killed repeatedly during publishing. Everything acknowledged must be stored.
  : >"$scratch/published"
  for number in $(seq 4); do
    # Status 22: the server responded that it could not publish at the moment. Otherwise, it is gone.
    (while curl -sf -d "round $number" "$url/publish/wall" >>"$scratch/published" || [ $? -eq 22 ]; do :; done) &
    wait_until "publishing" has_lines $((number * 20)) "$scratch/published"
    finish KILL
    serve "$scratch/history.db" 0
  done
  # Events that were committed but not acknowledged may be stored as well.
  curl -sN -H "Last-Event-ID: $third" "$url/events/wall" >"$scratch/stream" &
  stream=$!
  wait_until "every event that was answered" has_ids "$scratch/stream" "$scratch/published"
  { kill $stream; wait $stream; } 2>/dev/null
  expect "events that are stored twice" "$(ids_of "$scratch/stream" | sort | uniq -d | wc -l)" 0
  expect "an unknown ID" "$(head_of 1 -H 'Last-Event-ID: unknown' "$url/events/wall")" 'event: eventsource-gap'
  finish INT
  expect "the exit status after Ctrl-C" $? 0
  expect "the files left beside the history" "$(cd "$scratch" && echo history.db*)" history.db
  "$program" "$scratch" 0 >"$scratch/out" 2>"$scratch/error"
  expect "the exit status when the file is a folder" $? 1
  expect "the lines of that error" "$(wc -l <"$scratch/error")" 1
  "$program" a b c >"$scratch/out" 2>"$scratch/error"
  expect "the exit status after a wrong call" $? 64
}

check_LanguageModelGateway() {
  local run ask=(-H 'Content-Type: application/json' -D "$scratch/head" -d
    '{"model":"echo","stream":true,"max_tokens":5,"messages":[{"role":"user","content":"a b"}]}')
  serve --port 0 --tokens-per-second 100 --retention 60
  curl -sN "${ask[@]}" "$url/v1/chat/completions" >"$scratch/stream" || fail "nothing can be asked"
  run=$(tr -d '\r' <"$scratch/head" | sed -n 's|^Location: /runs/||p')
  expect "the tokens" "$(grep -oE '[0-9]+:[ab]' "$scratch/stream" | tr '\n' ' ')" '0:a 1:b 2:a 3:b 4:a '
  expect "the last words" "$(grep '^data' "$scratch/stream" | tail -2 | head -1)" 'data: [DONE]'
  expect "watched again" "$(curl -sN "$url/runs/$run")" "$(cat "$scratch/stream")"
  expect "resumed" "$(curl -sN -H "Last-Event-ID: $run-5" "$url/runs/$run" | grep -oE '[0-9]+:[ab]' | tr '\n' ' ')" '4:a '
  expect "after the end" "$(curl -s -o /dev/null -w '%{http_code}' -H "Last-Event-ID: $run-9" "$url/runs/$run")" 204
  expect "a run that is not there" "$(curl -s -o /dev/null -w '%{http_code}' "$url/runs/none")" 404
  rm "$scratch/head" "$scratch/stream"
  curl -sN "${ask[@]/\"max_tokens\":5/\"max_tokens\":5000}" "$url/v1/chat/completions" >"$scratch/stream" &
  wait_until "a long answer to begin" has_line 200 "$scratch/head"
  wait_until "its first token" has_line 0:a "$scratch/stream"
  run=$(tr -d '\r' <"$scratch/head" | sed -n 's|^Location: /runs/||p')
  expect "the status of a stop" "$(curl -s -o /dev/null -w '%{http_code}' -X DELETE "$url/runs/$run")" 204
  wait %%
  expect "how the viewer was told" "$(grep -c '"outcome":"stopped"' "$scratch/stream")" 1
  expect "what is being written" "$(curl -s "$url/stats" | grep -oE '"active":[0-9]+')" '"active":0'
  finish INT
  expect "the exit status after Ctrl-C" $? 0
  "$program" --history file >"$scratch/out" 2>"$scratch/error"
  expect "the exit status after a wrong call" $? 64
}

check_CustomRepository() {
  serve
  for order in one two three; do curl -sf -d "$order" "$url/orders" >"$scratch/number" || fail "creating an order fails"; done
  expect "the number of the third order" "$(cat "$scratch/number")" 3
  expect "the missed orders" "$(head_of 8 -H 'Last-Event-ID: 1' "$url/events/orders" | grep data | tr '\n' '|')" "data: two|data: three|"
  expect "an ID that no order has" "$(head_of 1 -H 'Last-Event-ID: 99' "$url/events/orders")" 'event: eventsource-gap'
  for message in one two three; do
    curl -sf -d "$message" "$url/messages" >>"$scratch/messages" || fail "publishing a message fails"
  done
  expect "the missed messages" "$(head_of 5 -H "Last-Event-ID: $(head -1 "$scratch/messages")" "$url/events/messages" |
    grep data | tr '\n' '|')" "data: two|data: three|"
  finish TERM
  run_tests
}

check_ChannelAuthorization() {
  local anna bert
  serve
  anna=$(curl -sf -d '' "$url/tokens/anna")
  bert=$(curl -sf -d '' "$url/tokens/bert")
  expect "without a token" "$(curl -s -o /dev/null -w '%{http_code}' "$url/events/public")" 401
  expect "with a forged one" "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer ${anna}x" "$url/events/public")" 401
  expect "another's channel" "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $bert" "$url/events/staff")" 403
  curl -sN -m 60 -D "$scratch/head" -H "Authorization: Bearer $anna" "$url/events/staff" >"$scratch/stream" &
  wait_until "the stream to begin" has_line 200 "$scratch/head"
  curl -sf -d 'for staff' "$url/publish/staff" >"$scratch/id" || fail "publishing fails"
  wait_until "the event" has_line 'for staff' "$scratch/stream"
  expect "the status of a revocation" "$(curl -s -o /dev/null -w '%{http_code}' -X DELETE "$url/readers/anna")" 204
  wait %%
  expect "how the stream ended" $? 0
  finish TERM
}

check_NIOServer() {
  serve
  curl -sN -m 60 -D "$scratch/head" "$url/events/wall" >"$scratch/stream" &
  wait_until "the stream to begin" has_line 200 "$scratch/head"
  curl -sf -d 'hello' "$url/publish/wall" >/dev/null || fail "publishing fails"
  wait_until "the event" has_line '^data: hello$' "$scratch/stream"
  expect "another path" "$(curl -s -o /dev/null -w '%{http_code}' "$url/")" 404
  finish TERM
  expect "the exit status after a termination signal" $? 0
  wait_until "the end of the stream" has_line '^retry: ' "$scratch/stream"
}

# ask ARGUMENT ...: curl that trusts every certificate.
ask() { curl -sk "$@"; }

check_HummingbirdServer() {
  local token status
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -out "$scratch/certificate.pem" -keyout "$scratch/key.pem" 2>/dev/null
  for version in 1.1 2; do
    if [ $version = 2 ]; then
      serve 0 "$scratch/certificate.pem" "$scratch/key.pem"
    else
      serve
    fi
    token=$(ask -f -d '' "$url/tokens/anna") || fail "no token is given"
    expect "without a token" "$(ask -o /dev/null -w '%{http_code}' "$url/events/public")" 401
    expect "with a forged one" "$(ask -o /dev/null -w '%{http_code}' -H "Authorization: Bearer ${token}x" "$url/events/public")" 401
    expect "another's channel" "$(ask -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $(ask -d '' "$url/tokens/bert")" "$url/events/staff")" 403
    ask -N -m 60 -D "$scratch/head" -H "Authorization: Bearer $token" "$url/events/staff" >"$scratch/stream" &
    wait_until "the stream to begin over HTTP/$version" has_line "^HTTP/$version 200" "$scratch/head"
    ask -f -d 'for staff' "$url/publish/staff" >/dev/null || fail "publishing fails"
    wait_until "the event" has_line '^data: for staff$' "$scratch/stream"
    ask "$url/metrics" >"$scratch/metrics"
    expect "the readers" "$(grep '^eventsource_readers' "$scratch/metrics")" 'eventsource_readers 1.0'
    finish TERM
    expect "the exit status after a termination signal" $? 0
    wait_until "the end of the stream" has_line '^retry: ' "$scratch/stream"
    rm "$scratch/head" "$scratch/stream"
  done
}

check_CustomAdapter() {
  serve 0
  expect "another path" "$(curl -sf "$url/")" hello
  expect "an event" "$(head_of 1 "$url/events/clock" | cut -c1-11)" 'data: tick '
  expect "two readers on one connection" "$(curl -s -o /dev/null -o /dev/null -w '%{http_code} ' "$url/events/a" "$url/")" '404 200 '
  finish TERM
  run_tests
}

examples=("$@")
if [ ${#examples[@]} -eq 0 ]; then
  for folder in Examples/*/; do
    example=$(basename "$folder")
    case "$example" in
      # These have their own checks.
      Quickstart | CommandLine | SeveralProcesses | ExistingEvhttpServer*) ;;
      # Only by name, because they use the build of the check `nio`.
      NIOServer | HummingbirdServer) ;;
      *) examples+=("$example") ;;
    esac
  done
fi
for example in "${examples[@]}"; do
  check="examples: $example"
  declare -F "check_$example" >/dev/null || fail "the example has no check in Tests/Checks/examples.sh"
  mode=(debug)
  case "$example" in NIOServer | HummingbirdServer) mode=(stacks "$example") ;; esac
  program=$(bash Tests/build.sh "Examples/$example" "${mode[@]}")/$example || exit 1
  # A file of the example before must not be taken for one of this example.
  rm -rf "${scratch:?}"/*
  "check_$example"
  echo "examples: $example works"
done
