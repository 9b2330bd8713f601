#!/usr/bin/env bash
# Builds a package that uses this one, in the folder where all of them are built, so that our modules are compiled once;
# prints where its programs are.
#   bash Tests/build.sh PACKAGE [release]
# Every build in that folder has the same options, or it would compile everything again.
set -euo pipefail
cd "$(dirname "$0")/.."

build=(swift build --package-path "$1" --scratch-path .build)
if [ "${2:-debug}" = release ]; then build+=(-c release); else build+=(-Xswiftc -warnings-as-errors); fi
"${build[@]}" --quiet >&2
"${build[@]}" --show-bin-path
