#!/usr/bin/env bash
# Runs Tests/EndToEnd/runs.py with the PyPI package openai, which is installed in a temporary folder. If the package
# cannot be installed, reports that and runs the rest.
#   bash Tests/EndToEnd/runs.sh [ARGUMENT OF runs.py ...]
set -uo pipefail
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

python=python3
openai=()
if python3 -m venv "$scratch/python" >"$scratch/install" 2>&1 &&
  timeout 300 "$scratch/python/bin/pip" install -q --disable-pip-version-check --retries 1 openai >"$scratch/install" 2>&1
then
  python="$scratch/python/bin/python"
  openai=(--openai)
else
  echo "runs: without the package openai: $(tail -n 1 "$scratch/install")"
fi
"$python" Tests/EndToEnd/runs.py "${openai[@]}" "$@"
