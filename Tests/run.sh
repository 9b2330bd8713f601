#!/usr/bin/env bash
# Runs every check of the package, installing what they need first. See --help.
set -uo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'EOF'
usage: bash Tests/run.sh [--quick] [CHECK ...]

Installs missing Debian packages by name, builds with warnings as errors, and runs the checks, or only the named ones:

  format       the sources are formatted, and the tree keeps its rules
  linkage      the format and the server need no Foundation
  unit         all tests of all modules
  allocations  no allocation per delivered event, and no more than promised elsewhere
  readme       the README's code compiles and its commands work
  quickstart   Examples/Quickstart, from the shell
  commandline  Examples/CommandLine, from the shell
  interop      other clients at our server, other servers at our client; see Tests/Interop
  browser      Examples/Quickstart, in Chromium
  readers      thousands of idle readers come and go, and nothing is left
  sanitize     the thread and address sanitizers, short form of Tests/sanitize.sh
  fuzz         the fuzz targets, short form of Tests/fuzz.sh

--quick leaves out commandline, interop, browser, readers, sanitize and fuzz.
EOF
}

all=(format linkage unit allocations readme quickstart commandline interop browser readers sanitize fuzz)
chosen=()
for argument in "$@"; do
  case "$argument" in
    --help | -h) usage; exit 0 ;;
    --quick) chosen+=(format linkage unit allocations readme quickstart) ;;
    *)
      if [[ " ${all[*]} " == *" $argument "* ]]; then chosen+=("$argument"); else
        echo "run.sh: there is no check \"$argument\"" >&2; usage >&2; exit 64
      fi ;;
  esac
done
[ ${#chosen[@]} -gt 0 ] || chosen=("${all[@]}")

# Everything a check starts is in its process group and ends with it.
run_check() {
  case "$1" in
    format) bash Tests/Checks/format.sh ;;
    linkage) bash Tests/Checks/linkage.sh ;;
    unit) swift build --build-tests -Xswiftc -warnings-as-errors && swift test --skip-build --parallel -Xswiftc -warnings-as-errors ;;
    allocations) swift run --quiet -c release --package-path Tests/Checks/Allocations ;;
    readme) python3 Tests/Checks/readme.py ;;
    quickstart) bash Tests/Checks/quickstart.sh ;;
    commandline) bash Tests/Checks/commandline.sh ;;
    interop) bash Tests/Interop/run.sh ;;
    browser) bash Tests/Browser/run.sh ;;
    readers) python3 Tests/Checks/readers.py --count 2000 ;;
    sanitize) bash Tests/sanitize.sh all --short ;;
    fuzz) bash Tests/fuzz.sh all 15 ;;
  esac
}

bash Tests/Checks/install.sh "${chosen[@]}" || exit 1
passed=0
failed=()
for check in "${chosen[@]}"; do
  echo "== $check"
  started=$SECONDS
  if run_check "$check"; then
    passed=$((passed + 1)); echo "== $check passed in $((SECONDS - started)) s"
  else
    failed+=("$check"); echo "== $check FAILED after $((SECONDS - started)) s"
  fi
done
[ ${#failed[@]} -eq 0 ] || echo "failed: ${failed[*]}"
echo "checks: $passed passed, ${#failed[@]} failed"
[ ${#failed[@]} -eq 0 ]
