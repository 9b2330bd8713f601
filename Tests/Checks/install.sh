#!/usr/bin/env bash
# Installs the missing Debian packages of the named checks. Without apt, prints their names.
set -euo pipefail

declare -A needed=()
headers=()
for check in "$@"; do
  case "$check" in
    unit | sanitize | asynchttpclient)
      headers+=(libevent-dev libsqlite3-dev libhiredis-dev zlib1g-dev)
      needed+=([pkg-config]=pkg-config [openssl]=openssl [redis-server]=redis-server [redis-cli]=redis-tools)
      ;;
    nio)
      headers+=(libevent-dev libsqlite3-dev libhiredis-dev zlib1g-dev)
      needed+=([pkg-config]=pkg-config [openssl]=openssl [redis-server]=redis-server [redis-cli]=redis-tools
        [python3]=python3 [curl]=curl [chromium]=chromium)
      ;;
    allocations) headers+=(libevent-dev libhiredis-dev zlib1g-dev); needed[pkg-config]=pkg-config ;;
    benchmarks)
      headers+=(libevent-dev libhiredis-dev zlib1g-dev)
      needed+=([pkg-config]=pkg-config [python3]=python3 [curl]=curl [cc]=gcc [redis-server]=redis-server
        [redis-cli]=redis-tools)
      ;;
    linkage) needed[readelf]=binutils ;;
    platforms) needed+=([readelf]=binutils [python3]=python3) ;;
    readme | c-example | runs)
      headers+=(libevent-dev libsqlite3-dev libhiredis-dev zlib1g-dev)
      needed+=([pkg-config]=pkg-config [curl]=curl [python3]=python3 [cc]=gcc)
      ;;
    quickstart) needed[curl]=curl; needed[python3]=python3 ;;
    examples) headers+=(libsqlite3-dev libhiredis-dev zlib1g-dev); needed[pkg-config]=pkg-config; needed[curl]=curl ;;
    commandline | interop | resume | cluster | stalled | cycles | hostile)
      headers+=(libevent-dev libsqlite3-dev libhiredis-dev zlib1g-dev)
      needed+=([pkg-config]=pkg-config [python3]=python3 [curl]=curl [redis-server]=redis-server [redis-cli]=redis-tools)
      ;;
    readers) needed[python3]=python3 ;;
    evhttp)
      headers+=(libevent-dev libssl-dev libsqlite3-dev libhiredis-dev zlib1g-dev)
      needed+=([pkg-config]=pkg-config [python3]=python3 [curl]=curl [openssl]=openssl [cc]=gcc [c++]=g++
        [readelf]=binutils [valgrind]=valgrind [chromium]=chromium [mandoc]=mandoc [redis-server]=redis-server)
      ;;
    # Tests/Proxies installs the proxies themselves, and names those that it cannot install.
    proxies)
      headers+=(libevent-dev libsqlite3-dev libhiredis-dev zlib1g-dev)
      needed+=([pkg-config]=pkg-config [python3]=python3 [openssl]=openssl [chromium]=chromium)
      ;;
    browser)
      headers+=(libhiredis-dev)
      needed+=([pkg-config]=pkg-config [chromium]=chromium [python3]=python3 [redis-server]=redis-server [nginx]=nginx)
      ;;
  esac
done

missing=()
for package in "${headers[@]}"; do
  # The name of a header package is the pkg-config name, with "lib" in front if it is missing.
  name=${package%-dev}
  name=${name%1g}
  pkg-config --exists "$name" 2>/dev/null || pkg-config --exists "${name#lib}" 2>/dev/null || missing+=("$package")
done
for command in "${!needed[@]}"; do
  command -v "$command" >/dev/null || missing+=("${needed[$command]}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "the checks need these Debian packages; install them first: ${missing[*]}" >&2
  exit 1
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
