#!/usr/bin/env bash
# A user of products without package dependencies downloads nothing, and a trait downloads only the packages of its
# integration.
set -euo pipefail
cd "$(dirname "$0")/../.."
check=traits
. Tests/Checks/shell.sh

# downloads TRAIT ...: the packages that a consumer with these traits fetches, in one line.
downloads() {
  scratch=.build/checks/traits
  rm -rf "$scratch"
  make_consumer EventSourceServer
  echo 'print(1)' >"$scratch/Sources/consumer/main.swift"
  local traits=""
  [ $# -eq 0 ] || traits=", traits: [$(printf '"%s", ' "$@")]"
  sed -i "s|path: \"$PWD\"|path: \"$PWD\"$traits|" "$scratch/Package.swift"
  swift package --package-path "$scratch" resolve >"$scratch/log" 2>&1 || fail "$(cat "$scratch/log")"
  [ -d "$scratch/.build/checkouts" ] || return 0
  find "$scratch/.build/checkouts" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | paste -sd ' '
}

expect "what a plain user downloads" "$(downloads)" ""
expect "what NIO downloads" "$(downloads NIO)" "swift-atomics swift-collections swift-nio swift-system"
lifecycle=$(downloads ServiceLifecycle)
observability=$(downloads Observability)
hummingbird=$(downloads Hummingbird)
for package in swift-nio hummingbird swift-metrics swift-distributed-tracing async-http-client; do
  case " $lifecycle " in *" $package "*) fail "ServiceLifecycle downloads $package: $lifecycle" ;; esac
done
for package in swift-nio hummingbird swift-service-lifecycle async-http-client; do
  case " $observability " in *" $package "*) fail "Observability downloads $package: $observability" ;; esac
done
case " $hummingbird " in *" hummingbird "*) ;; *) fail "Hummingbird downloads $hummingbird" ;; esac
echo "traits: plain: nothing; NIO: 4 packages; ServiceLifecycle: $lifecycle; Observability: $observability"
