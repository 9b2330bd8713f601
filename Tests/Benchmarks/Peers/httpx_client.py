"""Counts the events of a stream after the one with the ID 1, with Python's httpx-sse, like bench-client.

usage: httpx_client.py URL EVENTS
"""

import json
import sys
import time

import httpx
from httpx_sse import connect_sse

url, events = sys.argv[1], int(sys.argv[2])
count = start = 0
with httpx.Client(timeout=60, trust_env=False) as client, connect_sse(
        client, "GET", url, headers={"Last-Event-ID": "1"}) as source:
    for event in source.iter_sse():
        if not event.data:
            continue
        start = start or time.monotonic()
        count += 1
        if count == events:
            break
print(json.dumps({"events": count, "seconds": time.monotonic() - start}), flush=True)
