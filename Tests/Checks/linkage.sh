#!/usr/bin/env bash
# A program that uses only the format and the server does not need Foundation. Links one, and checks its libraries.
set -euo pipefail
cd "$(dirname "$0")/../.."
check=linkage
. Tests/Checks/shell.sh

if git grep -nE '^(@[a-zA-Z]+ )*((public|internal|package|private|fileprivate) )?import (struct |class |func )?(Foundation|FoundationEssentials|Dispatch)' \
  -- 'Sources/EventSourceFormat/*.swift' 'Sources/EventSourceServer/*.swift'; then
  fail "Foundation or Dispatch is imported by a module that must not use it"
fi

scratch=.build/checks/linkage
rm -rf "$scratch/Sources"
make_consumer EventSourceFormat EventSourceServer
cat >"$scratch/Sources/consumer/main.swift" <<'EOF'
import EventSourceFormat
import EventSourceServer

let hub = EventHub(channels: ["news"])
print(try hub.publish(ServerSentEvent(data: "hello", type: "greeting"), to: "news"))
EOF
program=$(bash Tests/build.sh "$scratch")/consumer
"$program" >/dev/null
needs=$(readelf -d "$program" | grep NEEDED)
if grep -i foundation <<<"$needs"; then
  fail "a program that uses only the format and the server needs Foundation"
fi
echo "linkage: $(wc -l <<<"$needs") libraries, no Foundation"
