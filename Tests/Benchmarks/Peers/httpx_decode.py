"""Decodes a file with Python's httpx-sse, as a response that has already arrived.

usage: httpx_decode.py FILE
"""

import sys
import time

import httpx
from httpx_sse import connect_sse

with open(sys.argv[1], "rb") as file:
    content = file.read()
response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=content)
with httpx.Client(transport=httpx.MockTransport(lambda request: response)) as client:
    start = time.monotonic()
    events = size = 0
    with connect_sse(client, "GET", "http://file/") as source:
        for event in source.iter_sse():
            events += 1
            size += len(event.data.encode())
    seconds = time.monotonic() - start
print(f"httpx-sse: {events} events {size} data bytes: {events / seconds:.0f} events/s")
