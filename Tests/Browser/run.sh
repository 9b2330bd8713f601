#!/usr/bin/env bash
# Tests Examples/Quickstart and Examples/LanguageModelGateway in headless Chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(bash Tests/build.sh Examples/Quickstart)
python3 Tests/Browser/quickstart.py "$folder/Quickstart"
folder=$(bash Tests/build.sh Examples/LanguageModelGateway)
python3 Tests/Browser/gateway.py "$folder/LanguageModelGateway"
