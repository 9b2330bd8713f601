#!/usr/bin/env bash
# What this toolchain can check of other systems, and of static linking.
#
# The format is type-checked for iOS, WebAssembly and a processor of 32 bits, with the standard library for embedded
# systems, which the toolchain has for them; that one has no asynchronous sequences. The other modules need libraries
# of those systems, so that their conditions are only parsed.
set -euo pipefail
cd "$(dirname "$0")/../.."
check=platforms
. Tests/Checks/shell.sh

platforms=$(swift package dump-package |
  python3 -c 'import json, sys; print(*sorted(p["platformName"] + p["version"] for p in json.load(sys.stdin)["platforms"]))')
[ "$platforms" = "ios18.0 macos15.0 tvos18.0 visionos2.0 watchos11.0" ] || fail "the manifest names $platforms"

features=()
for feature in InternalImportsByDefault MemberImportVisibility ExistentialAny; do
  features+=(-enable-upcoming-feature "$feature")
done
mapfile -t format < <(git ls-files 'Sources/EventSourceFormat/*.swift' | grep -vE '(Sequence|ByteChunks)\.swift$')
for target in arm64-apple-ios18.0 wasm32-unknown-none-wasm armv7-none-none-eabi; do
  swiftc -typecheck -target "$target" -enable-experimental-feature Embedded -wmo -swift-version 6 -parse-as-library \
    -package-name check "${features[@]}" -suppress-warnings "${format[@]}" ||
    fail "the format does not compile for $target"
done

mapfile -t others < <(git ls-files 'Sources/EventSource*.swift')
for target in arm64-apple-ios18.0 arm64-apple-tvos18.0 arm64-apple-watchos11.0 arm64-apple-xros2.0 \
  aarch64-unknown-linux-musl; do
  swiftc -frontend -parse -target "$target" "${others[@]}" || fail "the sources are not parsed for $target"
done

# A module for the C library of each system, and never one by default.
chosen=$(git grep -lE '^ *import (Darwin|Glibc)$' -- Sources/EventSourceFormat Sources/EventSourceServer \
  Sources/EventSourceClient Sources/EventSourceTesting || true)
for file in $chosen; do
  awk '/#else$/ { suspect = 1; next } suspect && /import Darwin/ { exit 1 } { suspect = 0 }' "$file" ||
    fail "$file takes every system that is not Linux for Darwin"
done

# A client that is linked statically, but for libcurl.
scratch=.build/checks/static
mkdir -p "$scratch/lib"
make_consumer EventSourceClient
cat >"$scratch/Sources/consumer/Main.swift" <<'MAIN'
import EventSourceClient
import Foundation

@main struct Main {
  static func main() async {
    do {
      for try await message in EventSource(URL(string: CommandLine.arguments[1])!).events {
        return print(message.data)
      }
    } catch {
      print(error)
    }
  }
}
MAIN
curl=$(ldconfig -p | awk '/libcurl(-gnutls)?\.so\.4 / { print $NF; exit }')
[ -n "$curl" ] || fail "there is no libcurl"
if ! swift build --package-path "$scratch" --static-swift-stdlib >"$scratch/log" 2>&1; then
  grep -q 'cannot find -lcurl' "$scratch/log" || fail "the linker does not say what is missing: $(tail -5 "$scratch/log")"
  ln -sf "$curl" "$scratch/lib/libcurl.so"
fi
swift build --package-path "$scratch" --static-swift-stdlib -Xlinker "-L$PWD/$scratch/lib" >"$scratch/log" 2>&1 ||
  fail "a client does not link statically: $(tail -5 "$scratch/log")"
program=$(swift build --package-path "$scratch" --static-swift-stdlib --show-bin-path)/consumer
if readelf -d "$program" | grep NEEDED | grep -qiE 'swift|foundation'; then
  fail "the program needs a library of Swift's: $(readelf -d "$program" | grep NEEDED)"
fi
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 - "$port" <<'SERVER' &
import socketserver, sys
class Stream(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: hello\n\n")
        self.rfile.read()
socketserver.TCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Stream).serve_forever()
SERVER
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
is_served() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
wait_until "the stream to be served" is_served
read_data=$(timeout 30 "$program" "http://127.0.0.1:$port/") || true
[ "$read_data" = hello ] || fail "a statically linked client reads \"$read_data\""
echo "platforms: the manifest, the format for 3 other targets, conditions for 5, and a static client"
