#!/usr/bin/env bash
# The end-to-end checks over NIO and Hummingbird, with the build of the check `nio`.
#   bash Tests/Checks/stacks.sh [--long]
# --long is what the built-in server's checks do: as many clients, readers and peers.
set -euo pipefail
cd "$(dirname "$0")/../.."
long=false
[ "${1-}" != --long ] || long=true

folder=$(bash Tests/build.sh Tests/EndToEnd stacks NewsServer)
for stack in nio hummingbird; do
  if $long; then
    python3 Tests/EndToEnd/resume.py --stack $stack
    python3 Tests/EndToEnd/stalled.py --stack $stack
    python3 Tests/Checks/readers.py --stack $stack --count 10000 --waves 3
  else
    python3 Tests/EndToEnd/resume.py --stack $stack --clients 10 --events 1000 --kills 1
    python3 Tests/EndToEnd/stalled.py --stack $stack --readers 200 --channels 40 --budget 8 --rounds 800
    python3 Tests/Checks/readers.py --stack $stack --waves 6
  fi
done
python3 Tests/Browser/many_streams.py "$folder/NewsServer"
if $long; then peers=(); else peers=(curl our-client node-eventsource); fi
bash Tests/Interop/run.sh --stack hummingbird "${peers[@]}"
python3 Tests/Checks/trait_pages.py
# Last, because they turn on other traits, so that our modules are compiled again.
bash Tests/Checks/examples.sh NIOServer HummingbirdServer
