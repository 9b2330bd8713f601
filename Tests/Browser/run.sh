#!/usr/bin/env bash
# Tests Examples/Quickstart, LanguageModelGateway and SeveralProcesses in headless Chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(bash Tests/build.sh Examples/Quickstart)
python3 Tests/Browser/quickstart.py "$folder/Quickstart"
folder=$(bash Tests/build.sh Examples/LanguageModelGateway)
python3 Tests/Browser/gateway.py "$folder/LanguageModelGateway"
folder=$(bash Tests/build.sh Examples/SeveralProcesses)
python3 Tests/Browser/several.py "$folder/SeveralProcesses"
