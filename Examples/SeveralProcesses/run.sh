#!/usr/bin/env bash
# Starts a Redis server, three processes of this example, and nginx in front of them. What is killed is started again.
# Ctrl-C ends all of them.
#   bash Examples/SeveralProcesses/run.sh [--port NUMBER] [--program PATH]
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
port=8080
program=
while [ $# -gt 0 ]; do
  case "$1" in
    --port) port=${2-}; shift 2 || exit 64 ;;
    --program) program=${2-}; shift 2 || exit 64 ;;
    *) echo "usage: run.sh [--port NUMBER] [--program PATH]" >&2; exit 64 ;;
  esac
done
for command in redis-server nginx; do
  [ -n "$(PATH=$PATH:/usr/sbin command -v $command)" ] || { echo "run.sh: $command is not installed" >&2; exit 69; }
done
PATH=$PATH:/usr/sbin
if [ -z "$program" ]; then
  swift build -c release --package-path "$here" || exit
  program=$(swift build -c release --package-path "$here" --show-bin-path)/SeveralProcesses
fi

folder=$(mktemp -d)
keepers=()
trap 'kill "${keepers[@]}" 2>/dev/null; wait; rm -rf "$folder"' EXIT
trap 'exit 0' INT TERM

# keep NAME COMMAND ...: runs a command, and runs it again a second after its end.
keep() {
  local name=$1 child=
  shift
  trap 'kill $child 2>/dev/null; exit' TERM
  trap '' INT
  while :; do
    "$@" & child=$!
    echo "$name runs; to kill it: kill -9 $child"
    wait $child
    sleep 1 & child=$!
    wait $child
  done
}

# Redis writes every command to its disk before it answers, so it loses nothing when it is killed.
keep redis redis-server --port 0 --unixsocket "$folder/redis" --dir "$folder" --save "" --appendonly yes \
  --appendfsync always --logfile "$folder/redis.log" & keepers+=($!)
until [ -S "$folder/redis" ]; do sleep 0.1; done
for name in one two three; do
  keep $name "$program" $name "$folder/$name" "redis+unix:$folder/redis" & keepers+=($!)
done
sed -e "s|FOLDER|$folder|g" -e "s|PORT|$port|" "$here/nginx.conf" >"$folder/nginx.conf"
keep nginx nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/nginx.log" & keepers+=($!)
echo "Open http://127.0.0.1:$port/"
wait
