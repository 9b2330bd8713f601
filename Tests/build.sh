#!/usr/bin/env bash
# Builds a package that uses this one, in a folder shared by all such builds, so that our modules are compiled once.
# Prints the folder of the programs.
#   bash Tests/build.sh PACKAGE [release | tests]
# Every build in that folder uses the same options; otherwise, everything would be compiled again. The folder may have
# the build manifest of another package, so that manifest must not be reused.
set -euo pipefail
cd "$(dirname "$0")/.."

build=(swift build --package-path "$1" --scratch-path .build/packages --disable-build-manifest-caching)
if [ "${2:-debug}" = release ]; then build+=(-c release); else build+=(-Xswiftc -warnings-as-errors); fi
if [ "${2:-debug}" = tests ]; then "${build[@]}" --quiet --build-tests 1>&2; else "${build[@]}" --quiet 1>&2; fi
"${build[@]}" --show-bin-path
