#!/usr/bin/env bash
# Builds a package that uses this one, in the folder where all of them are built, so that our modules are compiled once;
# prints where its programs are.
#   bash Tests/build.sh PACKAGE [release | tests]
# Every build in that folder has the same options, or it would compile everything again. The plan of the last build may
# be of another package: without the option it would be taken for this one's.
set -euo pipefail
cd "$(dirname "$0")/.."

build=(swift build --package-path "$1" --scratch-path .build/packages --disable-build-manifest-caching)
if [ "${2:-debug}" = release ]; then build+=(-c release); else build+=(-Xswiftc -warnings-as-errors); fi
if [ "${2:-debug}" = tests ]; then "${build[@]}" --quiet --build-tests 1>&2; else "${build[@]}" --quiet 1>&2; fi
"${build[@]}" --show-bin-path
