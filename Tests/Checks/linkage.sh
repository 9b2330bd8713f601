#!/usr/bin/env bash
# A program that uses only the format and the server needs no Foundation: links one, and looks at what it needs.
set -euo pipefail
cd "$(dirname "$0")/../.."

if git grep -nE '^(@[a-zA-Z]+ )*((public|internal|package|private|fileprivate) )?import (struct |class |func )?(Foundation|FoundationEssentials|Dispatch)' \
  -- Sources/EventSourceFormat Sources/EventSourceServer; then
  echo "linkage: Foundation or Dispatch is imported by a module that does without" >&2
  exit 1
fi

consumer=.build/checks/linkage
rm -rf "$consumer/Sources"
mkdir -p "$consumer/Sources/consumer"
cat >"$consumer/Package.swift" <<'EOF'
// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "consumer",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "eventsource-kit", path: "../../..")],
  targets: [
    .executableTarget(
      name: "consumer",
      dependencies: [
        .product(name: "EventSourceFormat", package: "eventsource-kit"),
        .product(name: "EventSourceServer", package: "eventsource-kit"),
      ])
  ])
EOF
cat >"$consumer/Sources/consumer/main.swift" <<'EOF'
import EventSourceFormat
import EventSourceServer

let hub = EventHub(channels: ["news"])
print(try hub.publish(ServerSentEvent(data: "hello", type: "greeting"), to: "news"))
EOF
program=$(bash Tests/build.sh "$consumer")/consumer
"$program" >/dev/null
needs=$(readelf -d "$program" | grep NEEDED)
if grep -i foundation <<<"$needs"; then
  echo "linkage: a program that uses only the format and the server needs Foundation" >&2
  exit 1
fi
echo "linkage: $(wc -l <<<"$needs") libraries, no Foundation"
