#!/usr/bin/env bash
# Tests third-party clients with our server, and our client with third-party servers. See --help.
set -uo pipefail
cd "$(dirname "$0")/../.."

usage() {
  cat <<'EOF'
usage: bash Tests/Interop/run.sh [--stack nio|hummingbird] [PEER ...]

Runs the peers, or only the named ones, over connections that are cut while events are published; in the end each has
heard every event once. What a peer needs is installed: Debian packages for good, Python packages in a folder of this
run. A peer that cannot be installed is skipped. The peers:

  sse-starlette       our client at Python's sse-starlette on uvicorn
  nchan               our client at nginx with nchan
  httpx-sse           Python's httpx-sse at our server
  sseclient-py        Python's sseclient-py over requests
  aiohttp-sse-client  Python's aiohttp-sse-client, but for the faults that its module names
  requests-lines      Python's requests, by its iter_lines
  urllib3-stream      Python's urllib3, by its stream
  node-fetch          Node's fetch
  node-eventsource    Node's package eventsource
  chromium            Chromium's EventSource at our server
  gzip                curl, Python, Node, Go, Chromium and our client, as far as they are there, at a compressed stream

With --stack, only clients run, at a server on that stack, among them two more:

  curl                curl, started again with the last ID
  our-client          our own client

The clients, but for Chromium, are at the built-in server and at one on evhttp; every connection is cut ten times by a
FIN and ten times by a RST. Prints a line for each: passed, failed, or skipped with the reason. The status is 1 if any
failed.
EOF
}

servers=(sse-starlette nchan)
clients=(httpx-sse sseclient-py aiohttp-sse-client requests-lines urllib3-stream node-fetch node-eventsource)
all=("${servers[@]}" "${clients[@]}" chromium gzip)
more=(curl our-client)
chosen=()
stack=
if [ "${1-}" = --stack ]; then
  case "${2-}" in nio | hummingbird) stack=$2 ;; *) usage >&2; exit 64 ;; esac
  shift 2
  all=("${clients[@]}" "${more[@]}" chromium)
fi
for argument in "$@"; do
  case "$argument" in
    --help | -h) usage; exit 0 ;;
    *)
      if [[ " ${all[*]} " == *" $argument "* ]]; then chosen+=("$argument"); else
        echo "interop: there is no peer \"$argument\"" >&2; usage >&2; exit 64
      fi ;;
  esac
done
[ ${#chosen[@]} -gt 0 ] || chosen=("${all[@]}")

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python=python3

# debian COMMAND-OR-FILE PACKAGE: installs the package if it is missing. On failure, $reason is set.
debian() {
  { command -v "$1" || test -e "$1"; } >/dev/null && return
  local as_root=()
  reason="the Debian package $2 cannot be installed"
  command -v apt-get >/dev/null || { reason+=": there is no apt-get"; return 1; }
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || { reason+=": it needs root"; return 1; }
    as_root=(sudo -n)
  fi
  export DEBIAN_FRONTEND=noninteractive
  [ -n "${updated-}" ] || "${as_root[@]}" timeout 300 apt-get update -qq >/dev/null 2>&1
  updated=yes
  "${as_root[@]}" timeout 600 apt-get install -y -qq --no-install-recommends "$2" >"$scratch/install" 2>&1 ||
    { reason+=": $(tail -n 1 "$scratch/install")"; return 1; }
}

# pypi REQUIREMENT ...: installs packages in a virtual environment of this run and sets $python to its interpreter.
pypi() {
  reason="the Python packages $* cannot be installed"
  if [ ! -x "$scratch/python/bin/python" ]; then
    python3 -m venv "$scratch/python" >"$scratch/install" 2>&1 ||
      { reason="Python's venv does not work: $(tail -n 1 "$scratch/install")"; return 1; }
  fi
  timeout 300 "$scratch/python/bin/pip" install -q --disable-pip-version-check --retries 1 "$@" \
    >"$scratch/install" 2>&1 || { reason+=": $(tail -n 1 "$scratch/install")"; return 1; }
  python=$scratch/python/bin/python
}

# install PEER: installs the requirements of a peer.
install() {
  debian python3 python3 || return
  python=python3
  case "$1" in
    sse-starlette) pypi 'sse-starlette>=2.1,<4' 'uvicorn>=0.30,<1' ;;
    nchan) debian nginx nginx && debian /usr/lib/nginx/modules/ngx_nchan_module.so libnginx-mod-nchan ;;
    httpx-sse) pypi 'httpx-sse>=0.4,<0.5' 'httpx>=0.27,<1' ;;
    sseclient-py) pypi 'sseclient-py==1.8.0' 'requests>=2.31,<3' 'urllib3>=2,<3' ;;
    aiohttp-sse-client) pypi 'aiohttp-sse-client==0.2.1' 'aiohttp>=3.9,<4' ;;
    requests-lines) pypi 'requests>=2.31,<3' 'urllib3>=2,<3' ;;
    urllib3-stream) pypi 'urllib3>=2,<3' ;;
    node-fetch) debian node nodejs && { node -e 'process.exit(typeof fetch === "function" ? 0 : 1)' ||
      { reason="this Node has no fetch: $(node --version)"; return 1; }; } ;;
    node-eventsource) debian node nodejs && debian /usr/share/nodejs/eventsource node-eventsource ;;
    chromium) debian chromium chromium ;;
    curl | gzip) debian curl curl ;;
  esac
}

program=$(bash Tests/build.sh Examples/CommandLine)/eventsource || exit 1
status=0

# run PEER LABEL ARGUMENT ...
run() {
  if timeout 300 "$python" "Tests/Interop/$1.py" "$program" "${@:3}" >"$scratch/said" 2>&1; then
    echo "interop: $2 passed: $(tail -n 1 "$scratch/said")"
  else
    status=1
    sed 's/^/  /' "$scratch/said"
    echo "interop: $2 FAILED: $(tail -n 1 "$scratch/said")"
  fi
}

evhttp=
for peer in "${chosen[@]}"; do
  if ! install "$peer"; then
    echo "interop: $peer skipped: $reason"
    continue
  fi
  if [ -n "$stack" ]; then
    [ -n "${server-}" ] || server="$(bash Tests/build.sh Tests/EndToEnd stacks NewsServer)/NewsServer $stack" || exit 1
    run "$peer" "$peer on $stack" "$server"
    continue
  fi
  if [[ " ${clients[*]} " != *" $peer "* ]]; then run "$peer" "$peer"; continue; fi
  if [ -z "$evhttp" ]; then
    debian /usr/include/event2/event.h libevent-dev || { echo "interop: $reason" >&2; exit 1; }
    swift build --package-path Tests/Interop/EvhttpServer --quiet || exit 1
    evhttp=$(swift build --package-path Tests/Interop/EvhttpServer --show-bin-path)/EvhttpServer
  fi
  run "$peer" "$peer on the built-in server"
  run "$peer" "$peer on evhttp" "$evhttp"
done
exit $status
