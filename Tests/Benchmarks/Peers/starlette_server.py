"""A server on Python's sse-starlette and uvicorn, with the interface of bench-server.

usage: starlette_server.py PORT
"""

import asyncio
import sys
import time

import uvicorn
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

queues = set()
last = 0
jobs = set()


async def stream(request):
    async def events():
        queue = asyncio.Queue()
        queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            queues.discard(queue)

    return EventSourceResponse(events())


async def run(count, size, rate):
    global last
    start = time.monotonic()
    for index in range(count):
        if rate > 0:
            await asyncio.sleep(max(0, start + index / rate - time.monotonic()))
        last += 1
        stamp = f"ts={time.time_ns()} "
        event = {"id": str(last), "data": stamp.ljust(size, "x")}
        for queue in queues:
            queue.put_nowait(event)
        await asyncio.sleep(0)


async def publish(request):
    query = {name: float(value) for name, value in request.query_params.items()}
    job = asyncio.create_task(run(int(query.get("n", 1000)), int(query.get("size", 100)), query.get("rate", 0)))
    jobs.add(job)
    job.add_done_callback(jobs.discard)
    return Response(status_code=202)


application = Starlette(routes=[Route("/stream", stream), Route("/publish", publish, methods=["POST"])])
uvicorn.run(application, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical", access_log=False, backlog=4096)
