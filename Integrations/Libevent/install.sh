#!/usr/bin/env bash
# Builds the library for C programs and installs it, with its header and what pkg-config knows of it.
#   bash Integrations/Libevent/install.sh --prefix DIR [--libdir DIR] [--debug | --uninstall]
# With DESTDIR in the environment everything goes below that folder, for packages; what is installed refers to the prefix.
# Needs Swift 6.3 and libevent-dev to build; who uses what is installed needs neither Swift nor this package.
# --libdir: where the library goes, if not lib below the prefix. --debug keeps assertions and symbols. --uninstall takes
# away what was installed with the same prefix, libdir and DESTDIR.
set -euo pipefail

usage() { sed -n '2,7s/^# *//p' "$0"; }
prefix='' libdir='' configuration=release uninstall=''
while [ $# -gt 0 ]; do
  case "$1" in
    --prefix) [ $# -gt 1 ] || { usage >&2; exit 64; }; prefix=$2; shift ;;
    --prefix=*) prefix=${1#*=} ;;
    --libdir) [ $# -gt 1 ] || { usage >&2; exit 64; }; libdir=$2; shift ;;
    --libdir=*) libdir=${1#*=} ;;
    --debug) configuration=debug ;;
    --uninstall) uninstall=yes ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 64 ;;
  esac
  shift
done
[ -n "$prefix" ] || { usage >&2; exit 64; }
case "$prefix" in /*) ;; *) prefix=$PWD/$prefix ;; esac
libdir=${libdir:-$prefix/lib}
case "$libdir" in /*) ;; *) libdir=$PWD/$libdir ;; esac
to_lib=${DESTDIR:-}$libdir to_include=${DESTDIR:-}$prefix/include
name=libeventsource-libevent
if [ -n "$uninstall" ]; then
  rm -f "$to_lib/$name".so "$to_lib/$name".so.* "$to_lib/$name.a" "$to_lib/pkgconfig/eventsource-libevent.pc" \
    "$to_include/eventsource.h"
  echo "removed $name from ${DESTDIR:-}$prefix"
  exit
fi
if ! pkg-config --exists libevent; then
  echo "install.sh: libevent's headers are missing: the Debian package is libevent-dev" >&2
  exit 1
fi
mkdir -p "$to_lib/pkgconfig" "$to_include"
cd "$(dirname "$0")/../.."

here=Integrations/Libevent
header=$here/Sources/CEventSource/eventsource.h
version=$(sed -n 's/^#define ES_VERSION "\(.*\)"$/\1/p' "$header")
# A program that was linked with one version runs with a later one, as long as the first number is the same.
soname=$name.so.${version%%.*}

# The Swift runtime becomes part of the library, and nothing of it is visible outside.
build=(--configuration "$configuration" --product EventSourceC --scratch-path .build-c -Xswiftc -static-stdlib
  -Xlinker "--version-script=$here/eventsource.map" -Xlinker "-soname=$soname" -Xlinker --gc-sections)
swift build --quiet "${build[@]}"
products=$(swift build --show-bin-path "${build[@]}")

# The same as one object in which only the functions of the header can be seen, so that nothing of it gets mixed up with
# what else a program is linked from.
runtime=$(swiftc -print-target-info -static-stdlib | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')/linux
mapfile -t objects <"$products/EventSourceC.product/Objects.LinkFileList"
archives=()
for library in swift_Concurrency swiftSynchronization swiftGlibc swift_StringProcessing swift_RegexParser swiftCore \
  dispatch BlocksRuntime; do
  archives+=("$runtime/lib$library.a")
done
object=$products/eventsource-libevent.o
ld -r -o "$object" "$runtime/$(uname -m)/swiftrt.o" "${objects[@]}" --start-group "${archives[@]}" --end-group
objcopy --wildcard --keep-global-symbol='es_*' "$object"

install -m 755 "$products/libEventSourceC.so" "$to_lib/$name.so.$version"
if [ "$configuration" = release ]; then strip --strip-unneeded "$object" "$to_lib/$name.so.$version"; fi
rm -f "$to_lib/$name.a"
ar rcs "$to_lib/$name.a" "$object"
install -m 644 "$header" "$to_include/eventsource.h"
ln -sf "$name.so.$version" "$to_lib/$soname"
ln -sf "$soname" "$to_lib/$name.so"
sed -e "s|@prefix@|$prefix|" -e "s|@libdir@|$libdir|" -e "s|@version@|$version|" "$here/eventsource-libevent.pc.in" \
  >"$to_lib/pkgconfig/eventsource-libevent.pc"
echo "installed $name $version, shared and static, in ${DESTDIR:-}$prefix"
