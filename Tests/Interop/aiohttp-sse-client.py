"""A client made with aiohttp-sse-client at our server.

It reconnects by itself only after a response that ends as it should, and not after a cut, which aiohttp raises; then
this begins anew with the last event ID.

Faults of its own (0.2.1), of which the schedule knows: it strips every space at the beginning of a line of data, where
the standard strips one, and every line end at the end of the data.

usage: aiohttp-sse-client.py PROGRAM [EVHTTP-SERVER]
"""

import asyncio
import datetime

import aiohttp
from aiohttp_sse_client.client import EventSource
from reconnecting import ReconnectingClient
from schedule import exercise_client


class Client(ReconnectingClient):
    def __init__(self, url):
        self.url = url
        super().__init__((aiohttp.ClientError, ConnectionError, asyncio.TimeoutError))

    def take(self, headers):
        asyncio.run(self.read(headers))

    async def read(self, headers):
        soon = datetime.timedelta(milliseconds=50)
        async with EventSource(self.url, reconnection_time=soon, headers=headers) as source:
            async for event in source:
                self.note(event.data, event.last_event_id)


def as_heard(text):
    return "\n".join(line.lstrip(" ") for line in text.split("\n")).rstrip("\n")


exercise_client(Client, as_heard)
