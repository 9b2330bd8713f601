#!/usr/bin/env bash
# Examples/Quickstart in headless Chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(bash Tests/build.sh Examples/Quickstart)
python3 Tests/Browser/quickstart.py "$folder/Quickstart"
