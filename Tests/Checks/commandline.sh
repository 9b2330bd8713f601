#!/usr/bin/env bash
# Examples/CommandLine: every subcommand from the shell, its errors, broken connections, and its exit.
set -u
cd "$(dirname "$0")/../.."

program=$(bash Tests/build.sh Examples/CommandLine)/eventsource || exit 1
scratch=$(mktemp -d)
trap 'jobs -p | xargs -r kill -9 2>/dev/null; rm -rf "$scratch"' EXIT

fail() { echo "commandline: $*" >&2; exit 1; }
expect() { [ "$2" = "$3" ] || fail "$1: got \"$2\", expected \"$3\""; }
# Waits until a command succeeds, for at most ten seconds.
wait_until() {
  for _ in $(seq 1000); do
    "$@" && return
    read -rt 0.01 <> <(:) || true
  done
  fail "waited for: $*; there is: $(tail -n 5 "$scratch"/*)"
}
has() { grep -qsF -- "$1" "$2"; }
# readers NUMBER: succeeds if this many streams are open.
readers() { curl -s -m 5 "$url/stats" | grep -q "\"readers\":$1,"; }
# Starts a server. Sets $server and $url.
serve() {
  rm -f "$scratch/served"
  "$program" serve "$@" >"$scratch/served" 2>"$scratch/server" &
  server=$!
  wait_until has 'Listening on ' "$scratch/served"
  url=$(grep -o 'http://[0-9.:]*' "$scratch/served")
}
# Kills the server without a chance to react.
kill_server() {
  kill -9 "$server"
  { wait "$server"; } 2>/dev/null
}
# refused STATUS WORDS ...: the command ends with a status, prints a reason to standard error, and nothing else.
refused() {
  timeout 20 "$program" "${@:2}" >"$scratch/out" 2>"$scratch/err" </dev/null
  expect "the status of: ${*:2}" $? "$1"
  expect "the output of \"${*:2}\" besides its error" "$(cat "$scratch/out")" ""
  [ -s "$scratch/err" ] || fail "\"${*:2}\" ends without an error message"
}
data_of() { python3 -c 'import json, sys
print(*(line.get("data", "gap") for line in map(json.loads, sys.stdin)))' <"$1"; }

# Wrong command lines.
nowhere=http://127.0.0.1:1
for typo in "lisen $nowhere" "listen" "listen ftp://127.0.0.1" "listen http://" "listen $nowhere --jsn" \
  "listen $nowhere --count 0" "listen $nowhere --method G=T" "listen $nowhere -H nonsense" "listen $nowhere -H a\\:b:c" \
  "listen $nowhere --color mauve" "listen $nowhere --data a --data-file b" "serve --port 70000" "serve --port x" \
  "serve --history sqlite:" "serve --history sqlite" "serve --history memory:1" "serve --allow-origin * --allow-origin a" \
  "serve --allow-header X-Key" "serve --allow-origin * --allow-header a:b" \
  "publish $nowhere a --file b" "publish $nowhere --id 1" "decode --chunk 0" "decode x" "$nowhere" \
  "listen $nowhere --response --reconnect" "listen $nowhere --last-event-id 1 -H last-event-id:2" \
  "publish 127.0.0.1:1 x"; do
  read -ra words <<<"$typo"
  refused 64 "${words[@]}"
done
refused 64 serve --history mysql:x
has 'no kind of history "mysql"' "$scratch/err" || fail "an unknown history is not named: $(cat "$scratch/err")"
# hinted WORDS ARGUMENTS ...: the error message has these words.
hinted() {
  refused 64 "${@:2}"
  has "$1" "$scratch/err" || fail "\"${*:2}\" does not print: $1, but: $(cat "$scratch/err")"
}
hinted 'did you mean "listen"?' lisen $nowhere
hinted "did you mean \"eventsource listen $nowhere\"?" $nowhere
hinted 'did you mean "http://127.0.0.1:1/x"?' listen 127.0.0.1:1/x
hinted "Did you mean '--json'?" listen $nowhere --jsn
[[ $("$program" --version) =~ ^EventSourceKit\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "the version is not printed"
refused 64 decode --last-event-id $'a\nb'
refused 64 serve --channel $'a\nb'
refused 64 serve --host 192.0.2.1 --port 0
for words in --help "help listen" "listen --help" "serve --help" "publish --help" "decode --help"; do
  # shellcheck disable=SC2086
  "$program" $words >"$scratch/out" || fail "$words ends with status $?"
  has USAGE "$scratch/out" || fail "$words prints nothing"
done
for shell in bash zsh fish; do
  "$program" --generate-completion-script $shell | grep -q listen || fail "there are no completions for $shell"
done
"$program" --generate-completion-script bash | bash -n || fail "bash rejects its completions"

# Fields that a page of another origin may send, and channels created on demand.
serve --port 0 --on-demand --allow-origin http://app.example --allow-header X-API-Key
"$program" publish "$url/publish/new" x >/dev/null || fail "a channel is not made for its publisher"
curl -s -i -X OPTIONS -H 'Origin: http://app.example' -H 'Access-Control-Request-Method: GET' \
  -H 'Access-Control-Request-Headers: x-api-key' "$url/events/new" >"$scratch/preflight"
grep -qi '^access-control-allow-headers:.*last-event-id.*x-api-key' "$scratch/preflight" ||
  fail "a field of pages is not allowed: $(cat "$scratch/preflight")"
kill -INT "$server"
wait "$server"

# A server: publishing, and the requests that it rejects.
serve --port 0 --channel news --channel other --channel large --replay --reconnection-time 0.1
expect "publishing an argument" "$("$program" publish "$url/publish/news" one --type kind --id 'a+b c')" "a+b c"
printf 'two\nlines' >"$scratch/file"
id=$("$program" publish "$url/publish/news" --file "$scratch/file") || fail "a file is not published"
printf 'three\r\nfour\n\nfive' | "$program" publish "$url/publish/news" >"$scratch/ids" || fail "lines are not published"
expect "the IDs of lines" "$(wc -l <"$scratch/ids")" 4
expect "standard input as one event" "$(printf 'a\nb' | "$program" publish "$url/publish/other" --file - | wc -l)" 1
refused 69 publish "$url/publish/nowhere" x
refused 69 publish $nowhere x
refused 65 publish "$url/publish/news" x --id $'a\nb'
refused 66 publish "$url/publish/news" --file "$scratch/missing"
head -c 17000000 /dev/zero | tr '\0' x >"$scratch/large"
refused 65 publish "$url/publish/news" --file "$scratch/large"
expect "a body above the server's limit" \
  "$(curl -s -o "$scratch/out" -w '%{http_code}' --data-binary "@$scratch/large" "$url/publish/news")" 413
head -c 15000000 "$scratch/large" >"$scratch/fits"
"$program" publish "$url/publish/large" --file "$scratch/fits" >/dev/null || fail "a large event is not published"
python3 -u -c 'import socketserver
class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        path = self.rfile.readline().split()[1]
        while self.rfile.readline().strip():
            pass
        if path == b"/moved":
            self.wfile.write(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
        elif path == b"/silent":
            self.rfile.read()
        else:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while self.wfile.write(b"x" * 65536):
                pass
    def finish(self):
        pass
class Server(socketserver.ThreadingTCPServer):
    def handle_error(self, request, address):
        pass
server = Server(("127.0.0.1", 0), Answer)
print(server.server_address[1], flush=True)
server.serve_forever()' >"$scratch/odd" &
odd=$!
wait_until test -s "$scratch/odd"
odd_url=http://127.0.0.1:$(cat "$scratch/odd")
refused 69 publish "$odd_url/moved" x
has 302 "$scratch/err" || fail "a redirect is not reported: $(cat "$scratch/err")"
refused 69 publish "$odd_url/silent" x --timeout 0.3
expect "the part of an endless response that is read" "$(timeout 20 "$program" publish "$odd_url/endless" x | tr -d '\n' | wc -c)" 65536
kill "$odd"
{ wait "$odd"; } 2>/dev/null
refused 69 serve --port "${url##*:}"
expect "the lines when the port is in use" "$(wc -l <"$scratch/err")" 1

# Listening, for people and for programs.
timeout 20 "$program" listen --quiet --count 6 "$url/events/news" >"$scratch/out" || fail "listen ends with status $?"
expect "the output for a person" "$(tr '\n' '|' <"$scratch/out")" 'kind: one|two|lines|three|four||five|'
timeout 20 "$program" listen --json --count 2 "$url/events/news" >"$scratch/out" 2>"$scratch/err"
expect "an event in JSON" "$(head -n 1 "$scratch/out")" '{"type":"kind","data":"one","lastEventID":"a+b c"}'
expect "data with a line break" "$(tail -n 1 "$scratch/out")" \
  "{\"type\":\"message\",\"data\":\"two\\nlines\",\"lastEventID\":\"$id\"}"
has "connected to $url/events/news" "$scratch/err" || fail "the connection is not reported"
timeout 20 "$program" listen --json --count 1 --last-event-id "$id" "$url/events/news" >"$scratch/out" 2>/dev/null
expect "the event after an ID" "$(data_of "$scratch/out")" three
timeout 20 "$program" listen --json --count 1 --last-event-id unknown "$url/events/news" >"$scratch/out" 2>/dev/null
expect "a gap in JSON" "$(head -n 1 "$scratch/out")" \
  '{"gap":{"channel":"news","lastEventID":"unknown","earliestAvailable":null}}'
refused 69 listen --quiet "$url/events/nowhere"
refused 69 listen --quiet $nowhere
refused 76 listen --quiet "$url/stats"
refused 66 listen --data-file "$scratch/missing" "$url/events/news"
refused 74 listen --quiet --resume "$scratch" "$url/events/news"
timeout 20 "$program" listen -q "$url/events/news" 2>"$scratch/err" | head -n 1 >"$scratch/out"
expect "the statuses of listen | head -n 1" "${PIPESTATUS[*]}" "141 0"
expect "the output of listen | head -n 1" "$(cat "$scratch/out" "$scratch/err")" "kind: one"
timeout 20 "$program" listen -q "$url/events/other?last-event-id=$id" 2>"$scratch/err" | true
expect "the statuses when the reader goes before any event" "${PIPESTATUS[*]}" "141 0"

# The requests that listen sends, and its reactions to the responses.
python3 -u Tests/Checks/commandline_server.py "$scratch/requests" >"$scratch/port" &
scripted=$!
wait_until test -s "$scratch/port"
scripted_url=http://127.0.0.1:$(cat "$scratch/port")
# listening EXPECTED ARGUMENTS ...: listen prints this and ends with status 0. Its requests are in $scratch/requests.
listening() {
  : >"$scratch/requests"
  timeout 20 "$program" listen "${@:2}" >"$scratch/out" 2>"$scratch/err" || fail "listen ${*:2}: $? $(cat "$scratch/err")"
  expect "listen ${*:2}" "$(tr '\n' '|' <"$scratch/out")" "$1"
}
sent() { has "$1" "$scratch/requests" || fail "the request lacks \"$1\": $(cat "$scratch/requests")"; }
listening ': hi|answer|[DONE]|' -q --comments -H 'X-Token: secret' -H 'accept: text/*' -d 'the body' "$scripted_url/answer"
for part in 'POST /answer HTTP/1.1' 'X-Token: secret' 'text/*' 'User-Agent: EventSourceKit/' 'the body'; do sent "$part"; done
expect "how often a POST is sent" "$(grep -c ^POST "$scratch/requests")" 1
listening 'answer|' -q --until '[DONE]' "$scripted_url/answer"
listening 'answer|[DONE]|answer|' -q --reconnect --reconnection-time 0.1 --count 3 -d x "$scripted_url/answer"
expect "how often a POST is repeated" "$(grep -c ^POST "$scratch/requests")" 2
printf '{"a":\r\n1}\n' >"$scratch/body"
listening 'answer|[DONE]|' -q -d "@$scratch/body" "$scripted_url/answer"
sent '{"a":1}'
listening 'answer|' -q --count 1 -H 'Last-Event-ID: 5' "$scripted_url/answer"
sent 'Last-Event-ID: 5'
refused 66 listen -d "@$scratch/missing" "$scripted_url/answer"
refused 69 listen -q --head-timeout 0.2 "$scripted_url/silent"
refused 69 listen -q "$scripted_url/rejection"
has 'status 400: {"error":"no such model"}' "$scratch/err" || fail "the reason is not printed: $(cat "$scratch/err")"
timeout 20 "$program" listen --wait --reconnection-time 0.1 "$scripted_url/later" >"$scratch/out" 2>"$scratch/err" &
listener=$!
wait_until has '(attempt 3)' "$scratch/err"
has 'status 503: overloaded; reconnecting in' "$scratch/err" || fail "a rejection's reason is not printed with --wait"
kill -INT "$listener"
{ wait "$listener"; } 2>/dev/null
timeout 20 "$program" listen --wait "$scripted_url/never" >"$scratch/out" 2>"$scratch/err" &
listener=$!
wait_until has 'reconnecting in' "$scratch/err"
grep -qE 'reconnecting in [345][0-9]{3}\.[0-9] s' "$scratch/err" || fail "a retry of many digits: $(cat "$scratch/err")"
kill -INT "$listener"
{ wait "$listener"; } 2>/dev/null
kill "$scripted"
{ wait "$scripted"; } 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext \
  subjectAltName=DNS:localhost -keyout "$scratch/key" -out "$scratch/certificate" 2>/dev/null || fail "openssl is missing"
python3 -u Tests/Checks/commandline_server.py "$scratch/requests" "$scratch/certificate" "$scratch/key" >"$scratch/port" &
scripted=$!
wait_until grep -q . "$scratch/port"
secure_url=https://localhost:$(cat "$scratch/port")
refused 69 listen -q "$secure_url/answer"
listening 'answer|' -q --count 1 --cacert "$scratch/certificate" "$secure_url/answer"
kill "$scripted"
{ wait "$scripted"; } 2>/dev/null

# Events published while the connection is broken, or while no listener runs, arrive exactly once.
coproc relay { python3 -c 'import sys
sys.dont_write_bytecode = True
sys.path.insert(0, "Tests/Browser")
from relay import Relay
relay = Relay(int(sys.argv[1]))
print(relay.url, flush=True)
for command in sys.stdin:
    getattr(relay, command.strip())()
    print("done", flush=True)' "${url##*:}"; }
tell_relay() { echo "$1" >&"${relay[1]}"; read -r _ <&"${relay[0]}"; }
read -r relayed <&"${relay[0]}"
"$program" listen --json --resume "$scratch/resume" "$relayed/events/other" >"$scratch/heard" 2>"$scratch/said" &
listener=$!
wait_until has 'a\nb' "$scratch/heard"
tell_relay cut
wait_until has 'reconnecting in' "$scratch/said"
for number in 1 2 3; do "$program" publish "$url/publish/other" "$number" >"$scratch/last"; done
tell_relay mend
wait_until has '"data":"3"' "$scratch/heard"
kill -INT "$listener"
wait "$listener"
expect "the status after Ctrl-C" $? 130
expect "the events received" "$(grep -c . "$scratch/heard") $(data_of <(tail -n 3 "$scratch/heard"))" "4 1 2 3"
expect "the resume file" "$(cat "$scratch/resume")" "$(cat "$scratch/last")"
printf '4\n5\n' | "$program" publish "$url/publish/other" >/dev/null || fail "publishing failed"
eval "exec ${relay[1]}>&-"
timeout 20 "$program" listen -q --count 2 --resume "$scratch/resume" "$url/events/other" >"$scratch/out"
expect "the events published without a listener" "$(tr '\n' ' ' <"$scratch/out")" "4 5 "

# The server restarts: the new process has a different past and reports that.
"$program" listen --json --resume "$scratch/resume" "$url/events/other" >"$scratch/heard" 2>"$scratch/said" &
listener=$!
wait_until readers 1
kill_server
wait_until has 'reconnecting in' "$scratch/said"
refused 69 listen --quiet "$url/events/other"
serve --port "${url##*:}" --channel other --replay --reconnection-time 0.1
wait_until readers 1
"$program" publish "$url/publish/other" again >"$scratch/last"
wait_until has again "$scratch/heard"
expect "the events after a restart" "$(data_of "$scratch/heard")" "gap again"
kill -TERM "$listener"
wait "$listener"
expect "the status after SIGTERM" $? 143
expect "the resume file after a restart" "$(cat "$scratch/resume")" "$(cat "$scratch/last")"

# A history in a file survives the server: missed events arrive, and no gap is reported.
kill_server
serve --port "${url##*:}" --channel other --history "sqlite:$scratch/history" --reconnection-time 0.1
"$program" publish "$url/publish/other" recorded >"$scratch/last"
"$program" listen --json --resume "$scratch/place" --last-event-id "$(cat "$scratch/last")" "$url/events/other" \
  >"$scratch/heard" 2>"$scratch/said" &
listener=$!
wait_until readers 1
"$program" publish "$url/publish/other" before >/dev/null
wait_until has before "$scratch/heard"
kill_server
wait_until has 'reconnecting in' "$scratch/said"
serve --port "${url##*:}" --channel other --history "sqlite:$scratch/history" --reconnection-time 0.1
"$program" publish "$url/publish/other" after >/dev/null
wait_until has after "$scratch/heard"
expect "the events across a restart with a history" "$(data_of "$scratch/heard")" "before after"
kill -INT "$listener"
{ wait "$listener"; } 2>/dev/null
refused 74 serve --history "sqlite:$scratch"

# Two servers share one Redis: readers of either receive what is published to the other. An unreachable Redis is
# reported immediately.
refused 69 serve --history redis://127.0.0.1:1
has 'cannot be reached' "$scratch/err" || fail "a Redis server that is not there: $(cat "$scratch/err")"
refused 64 serve --history rediss://user:secret@localhost
if has secret "$scratch/err"; then fail "a password is told: $(cat "$scratch/err")"; fi
redis-server --port 0 --unixsocket "$scratch/redis" --save '' --dir "$scratch" >/dev/null &
redis=$!
wait_until test -S "$scratch/redis"
kill_server
serve --port 0 --on-demand --history "redis+unix:$scratch/redis"
first=$server first_url=$url
serve --port 0 --on-demand --history "redis+unix:$scratch/redis"
"$program" listen --json --count 2 "$url/events/shared" >"$scratch/heard" 2>"$scratch/said" &
listener=$!
wait_until readers 1
"$program" publish "$first_url/publish/shared" one >/dev/null
"$program" publish "$url/publish/shared" two >/dev/null
wait "$listener"
expect "what is heard over two servers" "$(data_of "$scratch/heard")" "one two"
kill -9 "$first" "$redis"
{ wait "$first" "$redis"; } 2>/dev/null
kill_server
serve --port "${url##*:}" --channel other --history "sqlite:$scratch/history" --reconnection-time 0.1

# A locked history is an error of the server, and its path is not revealed.
python3 -c 'import sqlite3, sys
lock = sqlite3.connect(sys.argv[1], isolation_level=None)
lock.execute("BEGIN EXCLUSIVE")
print(flush=True)
sys.stdin.read()' "$scratch/history" 0<> <(:) >"$scratch/locked" &
locker=$!
wait_until test -s "$scratch/locked"
refused 69 publish "$url/publish/other" x
has 'status 503' "$scratch/err" || fail "a locked history: $(cat "$scratch/err")"
if has "$scratch" "$scratch/err"; then fail "the history's path is revealed: $(cat "$scratch/err")"; fi
kill "$locker"
{ wait "$locker"; } 2>/dev/null

# A first connection that fails is retried until there is a server.
kill -TERM "$server"
wait "$server"
expect "the server's status after SIGTERM" $? 0
timeout 60 "$program" listen --wait --count 1 --reconnection-time 0.1 "$url/events/other" >"$scratch/out" 2>"$scratch/said" &
listener=$!
wait_until has 'reconnecting in' "$scratch/said"
serve --port "${url##*:}" --channel other --replay
"$program" publish "$url/publish/other" $'a\e[31mb\nc' --type kind >/dev/null || fail "publishing failed"
wait "$listener"
expect "waiting for a server" "$? $(cat "$scratch/out")" $'0 kind: a\e[31mb\nc'

python3 Tests/Checks/commandline_decode.py "$program" "$url/events/other" || fail "decode or a terminal: see above"

kill -INT "$server"
wait "$server"
expect "the server's status after Ctrl-C" $? 0
echo "commandline: works"
