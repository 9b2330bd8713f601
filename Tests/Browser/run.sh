#!/usr/bin/env bash
# Examples/Quickstart in headless Chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."
swift build --package-path Examples/Quickstart --quiet
python3 Tests/Browser/quickstart.py "$(swift build --package-path Examples/Quickstart --show-bin-path)/Quickstart"
