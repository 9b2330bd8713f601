#!/usr/bin/env bash
# Builds all programs to compare, installs missing packages, and runs compare.py. See --help.
set -uo pipefail
cd "$(dirname "$0")"

case " $* " in *" --help "* | *" -h "*)
  cat <<'HELP'
usage: bash Tests/Benchmarks/compare.sh [--quick | --smoke] [--stacks] [--write] | --render
       bash Tests/Benchmarks/compare.sh --against COMMIT [--quick]
       bash Tests/Benchmarks/compare.sh --shared [--quick] [--write] [--only PART] | --shared --render
       bash Tests/Benchmarks/compare.sh --gzip [--quick | --smoke] [--write] | --gzip --render

Measures the built-in server, evhttp, the decoder and the client against yardsticks in C and against peers, alternating
in one run, and prints tables of ratios.

  --quick   smaller, in about a quarter of an hour
  --smoke   one short round of everything without peers: that it works, not how fast
  --write   the tables and plots of the documentation are replaced by those of this run
  --stacks  measures the servers over NIO and Hummingbird beside the others instead, and downloads their packages
  --render  measures nothing: the documentation is given those of the last run once more
  --shared  measures a history on Redis that several processes share, beside one process alone, bare Redis, and nchan
            with its Redis store; the tables are those of the page More than one process
  --gzip    measures what compression costs and saves, beside a compressor for each reader, nginx that compresses, and Go's
            eventsource; the tables are those of the page Compression
  --against COMMIT
            builds another commit, too, and measures its programs and those of this tree in turn, without yardsticks and
            peers: what has become slower, or larger. The status is 1 if anything is less than 0.97 of what it was

Needs Swift; a C compiler, libevent and what else is missing is installed from Debian. Peers: Go's package eventsource,
nginx with nchan, Python's sse-starlette, and httpx-sse for the client. A peer that cannot be installed is named and left
out.
HELP
  exit 0 ;;
esac

against=
shared=
gzip=
options=()
while [ $# -gt 0 ]; do
  case "$1" in
    --quick | --smoke | --stacks | --write | --render) options+=("$1") ;;
    --shared) shared=yes ;;
    --gzip) gzip=yes ;;
    --only) options+=("$1" "${2-}"); shift ;;
    --against)
      against=$(git rev-parse --verify --quiet --short "${2-}^{commit}") ||
        { echo "compare: \"${2-}\" is no commit" >&2; exit 64; }
      shift ;;
    *) echo "compare: there is no option \"$1\"; see --help" >&2; exit 64 ;;
  esac
  shift
done
set -- "${options[@]}"
case "${against:+against} $* " in
  "against "*--write* | "against "*--render* | "against "*--smoke*)
    echo "compare: --against goes with --quick alone" >&2; exit 64 ;;
esac

build=.build/yardsticks
mkdir -p "$build"
command -v swift >/dev/null || { echo "compare: swift is missing" >&2; exit 1; }
bash ../Checks/install.sh benchmarks >&2 || exit 1
for yardstick in load probe drain floor_server floor_parse; do
  cc -O2 -pthread -Wall -Wextra -Werror -o "$build/$yardstick" "Yardsticks/$yardstick.c" || exit 1
done
cc -O2 -fPIC -shared -ISources/CountedMalloc/include -o "$build/counted_malloc.so" \
  Sources/CountedMalloc/CountedMalloc.c || exit 1
bash ../build.sh Tests/Benchmarks release >&2 || exit 1
case " $* " in *" --stacks "*)
  bash ../build.sh Tests/Benchmarks stacks-release bench-server >&2 || exit 1
  exec python3 compare.py "$@" ;;
esac

if [ -n "$against" ]; then
  # A copy of the other commit, in the folder of build products.
  other=.build/against/$against
  if [ ! -e "$other/Package.swift" ]; then
    mkdir -p "$other" && git -C ../.. archive --format=tar "$against" | tar -x -C "$other" ||
      { rm -rf "$other"; exit 1; }
  fi
  swift build --quiet -c release --package-path "$other/Tests/Benchmarks" || exit 1
  exec python3 against.py --against "$PWD/$other/Tests/Benchmarks/.build/release" --name "$against" "$@"
fi

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
# debian FILE PACKAGE: succeeds if the file exists afterwards.
debian() {
  [ -e "$1" ] && return
  command -v apt-get >/dev/null || return
  [ -n "${updated-}" ] || DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get update -qq >/dev/null 2>&1
  updated=yes
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$2" >/dev/null 2>&1
  [ -e "$1" ]
}

case " $* " in *" --smoke "*) ;; *)
  go=/usr/share/gocode/src/github.com/donovanhide/eventsource
  if debian /usr/bin/go golang-go && debian "$go" golang-github-donovanhide-eventsource-dev; then
    GO111MODULE=off GOFLAGS='' GOPATH=/usr/share/gocode GOCACHE="$PWD/$build/go" \
      go build -o "$build/go-eventsource" Peers/go_server.go || rm -f "$build/go-eventsource"
    GO111MODULE=off GOFLAGS='' GOPATH=/usr/share/gocode GOCACHE="$PWD/$build/go" \
      go build -o "$build/go-client" Peers/go_client.go || rm -f "$build/go-client"
  fi
  if debian /usr/sbin/nginx nginx && debian /usr/lib/nginx/modules/ngx_nchan_module.so libnginx-mod-nchan; then
    touch "$build/nchan"
  fi
  if [ ! -e "$build/python/ready" ]; then
    python3 -m venv "$build/python" >/dev/null 2>&1 &&
      "$build/python/bin/pip" install -q --disable-pip-version-check 'sse-starlette>=2.1,<4' 'uvicorn>=0.30,<1' \
        'httpx-sse>=0.4,<0.5' 'httpx>=0.27,<1' >/dev/null 2>&1 && touch "$build/python/ready"
  fi ;;
esac
[ -z "$shared" ] || exec python3 shared.py "$@"
[ -z "$gzip" ] || exec python3 gzip.py "$@"
case " $* " in *" --smoke "*) python3 against.py --smoke && python3 shared.py --smoke && python3 gzip.py --smoke || exit 1 ;; esac
exec python3 compare.py "$@"
