"""Tests our client with a server based on sse-starlette and uvicorn.

usage: sse-starlette.py PROGRAM
"""

import asyncio
import socket
import sys
import threading

import uvicorn
from schedule import Schedule, our_listener
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

events = []
changed = asyncio.Condition()


async def publish(request):
    async with changed:
        events.append((await request.body()).decode())
        changed.notify_all()
        return PlainTextResponse(f"{len(events)}\n", 202)


async def stream(request):
    async def after(number):
        while True:
            async with changed:
                await changed.wait_for(lambda: len(events) > number)
            while number < len(events):
                number += 1
                yield {"id": str(number), "data": events[number - 1], "retry": 100}

    return EventSourceResponse(after(int(request.headers.get("Last-Event-ID", 0))))


def main():
    program = sys.argv[1]
    # The protocol is given explicitly, because asyncio disables Nagle's algorithm only for sockets that are marked as
    # TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    application = Starlette(routes=[Route("/publish", publish, methods=["POST"]), Route("/events", stream)])
    server = uvicorn.Server(uvicorn.Config(application, log_level="critical"))
    threading.Thread(target=server.run, args=[[listener]], daemon=True).start()
    schedule = Schedule(program, f"http://127.0.0.1:{port}/publish", port)
    client = our_listener(program, f"{schedule.relay.url}/events")
    try:
        schedule.exercise(client)
    finally:
        client.end()
        server.should_exit = True


main()
