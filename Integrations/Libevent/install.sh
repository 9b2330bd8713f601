#!/usr/bin/env bash
# Builds and installs the libraries for C programs, with headers, man pages and pkg-config files.
#   bash Integrations/Libevent/install.sh --prefix DIR [--libdir DIR] [--without-sqlite] [--without-redis]
#     [--debug | --uninstall]
# There are three libraries: eventsource-libevent, eventsource-libevent-sqlite, which adds histories in SQLite files, and
# eventsource-libevent-redis, which adds histories on Redis servers. With DESTDIR in the environment, everything is
# installed below that folder, for packaging; the files refer to the prefix. Building needs Swift 6.3, libevent-dev and
# zlib1g-dev, libsqlite3-dev and libhiredis-dev for the other libraries, and python3 for man pages. Programs that use the
# libraries need neither Swift nor this package. --libdir sets the folder of the libraries (default: lib below the
# prefix). --without-sqlite and --without-redis omit a library. --debug keeps assertions and symbols. --uninstall removes
# the files that were installed with the same prefix, libdir and DESTDIR.
set -euo pipefail

usage() { sed -n '2,11s/^# *//p' "$0"; }
prefix='' libdir='' configuration=release uninstall='' with_sqlite=yes with_redis=yes
while [ $# -gt 0 ]; do
  case "$1" in
    --prefix) [ $# -gt 1 ] || { usage >&2; exit 64; }; prefix=$2; shift ;;
    --prefix=*) prefix=${1#*=} ;;
    --libdir) [ $# -gt 1 ] || { usage >&2; exit 64; }; libdir=$2; shift ;;
    --libdir=*) libdir=${1#*=} ;;
    --without-sqlite) with_sqlite='' ;;
    --without-redis) with_redis='' ;;
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
to_lib=${DESTDIR:-}$libdir to_include=${DESTDIR:-}$prefix/include to_man=${DESTDIR:-}$prefix/share/man/man3
if [ -n "$uninstall" ]; then
  for name in eventsource-libevent eventsource-libevent-sqlite eventsource-libevent-redis; do
    rm -f "$to_lib/lib$name".so "$to_lib/lib$name".so.* "$to_lib/lib$name.a" "$to_lib/pkgconfig/$name.pc"
  done
  rm -f "$to_include"/eventsource{,-history,-sqlite,-redis}.h "$to_man"/eventsource{,-history,-sqlite,-redis}.3
  echo "removed eventsource-libevent from ${DESTDIR:-}$prefix"
  exit
fi

missing() { echo "install.sh: $1's headers are missing: the Debian package is $2" >&2; exit 1; }
pkg-config --exists libevent || missing libevent libevent-dev
pkg-config --exists zlib || missing zlib zlib1g-dev
[ -z "$with_sqlite" ] || pkg-config --exists sqlite3 || missing SQLite 'libsqlite3-dev; or use --without-sqlite'
[ -z "$with_redis" ] || pkg-config --exists hiredis || missing hiredis 'libhiredis-dev; or use --without-redis'
mkdir -p "$to_lib/pkgconfig" "$to_include" "$to_man"
cd "$(dirname "$0")/../.."

here=Integrations/Libevent
headers=$here/Sources/CEventSource
version=$(sed -n 's/^#define ES_VERSION "\(.*\)"$/\1/p' "$headers/eventsource.h")
runtime=$(swiftc -print-target-info -static-stdlib | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')/linux
# Before glibc 2.34, these were separate libraries.
private='-lstdc++ -lm'
printf '2.34\n%s\n' "$(getconf GNU_LIBC_VERSION | cut -d' ' -f2)" | sort -CV || private+=' -ldl -lpthread'
# A folder that the dynamic linker searches anyway needs no rpath.
rpath=" -Wl,-rpath,$libdir"
case "$libdir" in /lib | /usr/lib | /lib64 | /usr/lib64 | "/usr/lib/$(uname -m)-linux-gnu") rpath='' ;; esac

# install_header NAME: installs a header, and a man page made from it.
install_header() {
  install -m 644 "$headers/$1.h" "$to_include/$1.h"
  if command -v python3 >/dev/null; then
    python3 "$here/manpage.py" "$headers/$1.h" "$(LC_ALL=C date -u -r "$headers/$1.h" '+%B %-d, %Y')" >"$to_man/$1.3"
    chmod 644 "$to_man/$1.3"
  else
    echo "install.sh: the man page of $1 needs python3, which is missing" >&2
  fi
}

# install_library NAME PRODUCT REQUIRED DESCRIPTION: installs a library, both shared and static.
install_library() {
  local name=$1 product=$2 library=lib$1 soname=lib$1.so.${version%%.*} products object archive
  local archives=() objects
  # The Swift runtime becomes part of the library, and none of it is exported. A program linked with one version runs
  # with later versions that have the same first number.
  local build=(--configuration "$configuration" --product "$product" --scratch-path .build-c -Xswiftc -static-stdlib
    -Xlinker "--version-script=$here/eventsource.map" -Xlinker --gc-sections
    # Without regular expressions, which are not used.
    -Xswiftc -Xfrontend -Xswiftc -disable-implicit-string-processing-module-import)
  swift build --quiet "${build[@]}" -Xlinker "-soname=$soname"
  products=$(swift build --show-bin-path "${build[@]}")

  # The static library is one object that exports only the functions of the headers, so that nothing in it conflicts
  # with the rest of a program.
  object=$products/$name.o
  if [ ! "$object" -nt "$products/lib$product.so" ] || [ ! "$object" -nt "$here/install.sh" ]; then
    mapfile -t objects <"$products/$product.product/Objects.LinkFileList"
    for archive in swift_Concurrency swiftSynchronization swiftDispatch swiftGlibc swiftCore dispatch BlocksRuntime; do
      archives+=("$runtime/lib$archive.a")
    done
    ld -r -o "$object" "$runtime/$(uname -m)/swiftrt.o" "${objects[@]}" --start-group "${archives[@]}" --end-group
    objcopy --wildcard --keep-global-symbol='es_*' "$object"
    if [ "$configuration" = release ]; then strip --strip-unneeded "$object"; fi
  fi

  rm -f "$to_lib/$library".so* "$to_lib/$library.a"
  install -m 755 "$products/lib$product.so" "$to_lib/$library.so.$version"
  if [ "$configuration" = release ]; then strip --strip-unneeded "$to_lib/$library.so.$version"; fi
  ar rcs "$to_lib/$library.a" "$object"
  ln -sf "$library.so.$version" "$to_lib/$soname"
  ln -sf "$soname" "$to_lib/$library.so"
  sed -e "s|@prefix@|$prefix|" -e "s|@libdir@|$libdir|" -e "s|@version@|$version|" -e "s|@name@|$name|" \
    -e "s|@description@|$4|" -e "s|@requires@|$3|" -e "s|@private@|$private|" -e "s|@rpath@|$rpath|" \
    "$here/eventsource.pc.in" >"$to_lib/pkgconfig/$name.pc"
  echo "installed $library $version, shared and static, in ${DESTDIR:-}$prefix"
}

install_header eventsource
install_library eventsource-libevent EventSourceC 'libevent, zlib' \
  'Event streams (Server-Sent Events) in an evhttp server'
[ -z "$with_sqlite$with_redis" ] || install_header eventsource-history
if [ -n "$with_sqlite" ]; then
  install_header eventsource-sqlite
  install_library eventsource-libevent-sqlite EventSourceCSQLite 'libevent, sqlite3, zlib' \
    'Event streams (Server-Sent Events) in an evhttp server, with histories in SQLite files'
fi
if [ -n "$with_redis" ]; then
  install_header eventsource-redis
  install_library eventsource-libevent-redis EventSourceCRedis 'libevent, hiredis, zlib' \
    'Event streams (Server-Sent Events) in an evhttp server, with histories on Redis servers'
fi
