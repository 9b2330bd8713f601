#!/usr/bin/env bash
# Builds the library for C programs and installs it, with its header and what pkg-config knows of it.
#   bash Integrations/Libevent/install.sh --prefix DIR
# Needs Swift 6.3 and libevent-dev to build; who uses what is installed needs neither Swift nor this package.
# --debug keeps assertions and symbols.
set -euo pipefail

usage() { sed -n '2,5s/^# *//p' "$0"; }
prefix='' configuration=release
while [ $# -gt 0 ]; do
  case "$1" in
    --prefix) [ $# -gt 1 ] || { usage >&2; exit 64; }; prefix=$2; shift ;;
    --prefix=*) prefix=${1#*=} ;;
    --debug) configuration=debug ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 64 ;;
  esac
  shift
done
[ -n "$prefix" ] || { usage >&2; exit 64; }
pkg-config --exists libevent || { echo "install.sh: libevent's headers are missing: the Debian package is libevent-dev" >&2; exit 1; }
mkdir -p "$prefix/lib/pkgconfig" "$prefix/include"
prefix=$(cd "$prefix" && pwd)
cd "$(dirname "$0")/../.."

here=Integrations/Libevent
header=$here/Sources/CEventSource/eventsource.h
version=$(sed -n 's/^#define ES_VERSION "\(.*\)"$/\1/p' "$header")
name=libeventsource-libevent.so
# A program that was linked with one version runs with a later one, as long as the first number is the same.
soname=$name.${version%%.*}

# The Swift runtime becomes part of the library, and nothing of it is visible outside.
build=(--configuration "$configuration" --product EventSourceC --scratch-path .build-c -Xswiftc -static-stdlib
  -Xlinker "--version-script=$here/eventsource.map" -Xlinker "-soname=$soname" -Xlinker --gc-sections)
swift build --quiet "${build[@]}"
built=$(swift build --show-bin-path "${build[@]}")/libEventSourceC.so

if [ "$configuration" = release ]; then
  strip --strip-unneeded -o "$built.stripped" "$built"
  built=$built.stripped
fi
install -m 644 "$header" "$prefix/include/eventsource.h"
install -m 755 "$built" "$prefix/lib/$name.$version"
ln -sf "$name.$version" "$prefix/lib/$soname"
ln -sf "$soname" "$prefix/lib/$name"
sed -e "s|@prefix@|$prefix|" -e "s|@version@|$version|" "$here/eventsource-libevent.pc.in" \
  >"$prefix/lib/pkgconfig/eventsource-libevent.pc"
echo "installed $name.$version in $prefix"
