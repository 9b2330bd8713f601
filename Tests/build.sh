#!/usr/bin/env bash
# Builds a package that uses this one, in a folder shared by all such builds, so that our modules are compiled once.
# Prints the folder of the programs.
#   bash Tests/build.sh PACKAGE [debug | release | tests]
#   bash Tests/build.sh PACKAGE stacks|stacks-release PROGRAM
# Every build in that folder uses the same options; otherwise, everything would be compiled again. The folder may have
# the build manifest of another package, so that manifest must not be reused. The folder of `stacks` is that of the check
# `nio`, which has compiled NIO and Hummingbird; a package with the trait Stacks gets it. Only one program is built there,
# because a build of everything includes all targets of these packages, such as their tools.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${2:-debug}
folder=.build/packages
# Otherwise the order of the traits' flags changes from build to build, and everything would be compiled again.
export SWIFT_DETERMINISTIC_HASHING=1
case "$mode" in stacks) folder=.build-traits ;; stacks-release) folder=.build-traits-release ;; esac
build=(swift build --package-path "$1" --scratch-path $folder --disable-build-manifest-caching)
case "$mode" in stacks*)
  build+=(--product "$3")
  ! grep -q '"Stacks"' "$1/Package.swift" || build+=(--traits Stacks)
  ;;
esac
case "$mode" in *release) build+=(-c release) ;; *) build+=(-Xswiftc -warnings-as-errors) ;; esac
if [ "$mode" = tests ]; then "${build[@]}" --quiet --build-tests 1>&2; else "${build[@]}" --quiet 1>&2; fi
"${build[@]}" --show-bin-path
