#!/usr/bin/env bash
# Examples/CommandLine: every subcommand from the shell, its refusals, broken connections, and how it ends.
set -u
cd "$(dirname "$0")/../.."

swift build --package-path Examples/CommandLine --quiet -Xswiftc -warnings-as-errors || exit 1
program=$(swift build --package-path Examples/CommandLine --show-bin-path)/eventsource
scratch=$(mktemp -d)
trap 'jobs -p | xargs -r kill -9 2>/dev/null; rm -rf "$scratch"' EXIT

fail() { echo "commandline: $*" >&2; exit 1; }
expect() { [ "$2" = "$3" ] || fail "$1: got \"$2\", expected \"$3\""; }
# Until a command succeeds, for ten seconds.
wait_until() {
  for _ in $(seq 1000); do
    "$@" && return
    read -rt 0.01 <> <(:) || true
  done
  fail "waited for: $*; there is: $(tail -n 5 "$scratch"/*)"
}
has() { grep -qsF -- "$1" "$2"; }
# readers NUMBER: so many streams are open.
readers() { curl -s -m 5 "$url/stats" | grep -q "\"readers\":$1,"; }
# Starts a server; sets $server and $url.
serve() {
  rm -f "$scratch/served"
  "$program" serve "$@" >"$scratch/served" 2>"$scratch/server" &
  server=$!
  wait_until has 'Listening on ' "$scratch/served"
  url=$(grep -o 'http://[0-9.:]*' "$scratch/served")
}
# As a failure of power would.
kill_server() {
  kill -9 "$server"
  { wait "$server"; } 2>/dev/null
}
# refused STATUS WORDS ...: this ends with a status, says why on standard error, and prints nothing.
refused() {
  timeout 20 "$program" "${@:2}" >"$scratch/out" 2>"$scratch/err" </dev/null
  expect "the status of: ${*:2}" $? "$1"
  expect "what \"${*:2}\" prints besides its error" "$(cat "$scratch/out")" ""
  [ -s "$scratch/err" ] || fail "\"${*:2}\" is not told what is wrong"
}
data_of() { python3 -c 'import json, sys
print(*(line.get("data", "gap") for line in map(json.loads, sys.stdin)))' <"$1"; }

# Mistakes on the command line.
nowhere=http://127.0.0.1:1
for typo in "lisen $nowhere" "listen" "listen ftp://127.0.0.1" "listen http://" "listen $nowhere --jsn" \
  "listen $nowhere --count 0" "listen $nowhere --method G=T" "listen $nowhere -H nonsense" "listen $nowhere -H a\\:b:c" \
  "listen $nowhere --color mauve" "listen $nowhere --data a --data-file b" "serve --port 70000" "serve --port x" \
  "serve --history sqlite:" "serve --history sqlite" "serve --history memory:1" "serve --allow-origin * --allow-origin a" \
  "publish $nowhere a --file b" "publish $nowhere --id 1" "decode --chunk 0" "decode x"; do
  read -ra words <<<"$typo"
  refused 64 "${words[@]}"
done
refused 64 serve --history redis:x
has 'no kind of history "redis"' "$scratch/err" || fail "an unknown history is not named: $(cat "$scratch/err")"
refused 64 decode --last-event-id $'a\nb'
refused 64 serve --channel $'a\nb'
refused 64 serve --host 192.0.2.1 --port 0
for words in --help "help listen" "listen --help" "serve --help" "publish --help" "decode --help"; do
  # shellcheck disable=SC2086
  "$program" $words >"$scratch/out" || fail "$words ends with status $?"
  has USAGE "$scratch/out" || fail "$words says nothing"
done
for shell in bash zsh fish; do
  "$program" --generate-completion-script $shell | grep -q listen || fail "there are no completions for $shell"
done
"$program" --generate-completion-script bash | bash -n || fail "bash does not take its completions"

# A server: publishing, and what it refuses.
serve --port 0 --channel news --channel other --replay --reconnection-time 0.1
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
head -c 2000000 /dev/zero | tr '\0' x >"$scratch/large"
refused 65 publish "$url/publish/news" --file "$scratch/large"
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
has 302 "$scratch/err" || fail "a redirect is not told: $(cat "$scratch/err")"
refused 69 publish "$odd_url/silent" x --timeout 0.3
expect "what is read of an endless answer" "$(timeout 20 "$program" publish "$odd_url/endless" x | tr -d '\n' | wc -c)" 65536
kill "$odd"
{ wait "$odd"; } 2>/dev/null
refused 69 serve --port "${url##*:}"
expect "the lines when the port is in use" "$(wc -l <"$scratch/err")" 1

# Listening, for people and for programs.
timeout 20 "$program" listen --quiet --count 6 "$url/events/news" >"$scratch/out" || fail "listen ends with status $?"
expect "what a person reads" "$(tr '\n' '|' <"$scratch/out")" 'kind: one|two|lines|three|four||five|'
timeout 20 "$program" listen --json --count 2 "$url/events/news" >"$scratch/out" 2>"$scratch/err"
expect "an event in JSON" "$(head -n 1 "$scratch/out")" '{"type":"kind","data":"one","lastEventID":"a+b c"}'
expect "data with a line break" "$(tail -n 1 "$scratch/out")" \
  "{\"type\":\"message\",\"data\":\"two\\nlines\",\"lastEventID\":\"$id\"}"
has "connected to $url/events/news" "$scratch/err" || fail "nothing is said about the connection"
timeout 20 "$program" listen --json --count 1 --last-event-id "$id" "$url/events/news" >"$scratch/out" 2>/dev/null
expect "the event after an ID" "$(data_of "$scratch/out")" three
timeout 20 "$program" listen --json --count 1 --last-event-id unknown "$url/events/news" >"$scratch/out" 2>/dev/null
expect "a gap in JSON" "$(head -n 1 "$scratch/out")" \
  '{"gap":{"channel":"news","lastEventID":"unknown","earliestHeld":null}}'
refused 69 listen --quiet "$url/events/nowhere"
refused 69 listen --quiet $nowhere
refused 76 listen --quiet "$url/stats"
refused 66 listen --data-file "$scratch/missing" "$url/events/news"
refused 74 listen --quiet --resume "$scratch" "$url/events/news"
timeout 20 "$program" listen -q "$url/events/news" 2>"$scratch/err" | head -n 1 >"$scratch/out"
expect "the statuses of listen | head -n 1" "${PIPESTATUS[*]}" "141 0"
expect "what listen | head -n 1 says" "$(cat "$scratch/out" "$scratch/err")" "kind: one"
timeout 20 "$program" listen -q "$url/events/other?last-event-id=$id" 2>"$scratch/err" | true
expect "the statuses when the reader goes before any event" "${PIPESTATUS[*]}" "141 0"

# The request that listen makes is what it was told.
python3 - "$scratch/request" <<'EOF' >"$scratch/port" &
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
peer, _ = listener.accept()
request = b""
while b"\r\n\r\nthe body" not in request:
    request += peer.recv(65536)
peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hi\n\ndata: answer\n\n")
open(sys.argv[1], "wb").write(request)
peer.close()
EOF
wait_until test -s "$scratch/port"
timeout 20 "$program" listen -q --response --comments -H 'X-Token: secret' -H 'accept: text/*' -d 'the body' \
  "http://127.0.0.1:$(cat "$scratch/port")/path" >"$scratch/out" || fail "one response ends with status $?"
expect "a comment and an event" "$(tr '\n' '|' <"$scratch/out")" ': hi|answer|'
for part in 'POST /path HTTP/1.1' 'X-Token: secret' 'text/*'; do
  has "$part" "$scratch/request" || fail "the request lacks \"$part\": $(cat "$scratch/request")"
done

# What comes in while the connection is cut, or while nobody listens, comes once.
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
expect "what was heard" "$(grep -c . "$scratch/heard") $(data_of <(tail -n 3 "$scratch/heard"))" "4 1 2 3"
expect "the resume file" "$(cat "$scratch/resume")" "$(cat "$scratch/last")"
printf '4\n5\n' | "$program" publish "$url/publish/other" >/dev/null || fail "publishing failed"
eval "exec ${relay[1]}>&-"
timeout 20 "$program" listen -q --count 2 --resume "$scratch/resume" "$url/events/other" >"$scratch/out"
expect "what was published while nobody listened" "$(tr '\n' ' ' <"$scratch/out")" "4 5 "

# The server goes, and comes back: a new process, which has another past, and says so.
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
expect "what is heard after a restart" "$(data_of "$scratch/heard")" "gap again"
kill -TERM "$listener"
wait "$listener"
expect "the status after SIGTERM" $? 143
expect "the resume file after a restart" "$(cat "$scratch/resume")" "$(cat "$scratch/last")"

# A history in a file outlives the server: what was missed meanwhile comes, and no gap is told.
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
expect "what is heard over a restart with a history" "$(data_of "$scratch/heard")" "before after"
kill -INT "$listener"
{ wait "$listener"; } 2>/dev/null
refused 74 serve --history "sqlite:$scratch"

# A first connection that fails, to be tried until there is a server.
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
