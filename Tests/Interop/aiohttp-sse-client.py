"""Tests a client based on aiohttp-sse-client with our server.

The library reconnects only after a response that ends properly. After a cut connection, aiohttp throws an error, and
this client starts again with the last event ID.

The schedule allows for the library's own bugs (0.2.1): it removes all spaces at the beginning of a data line, where the
standard removes one, and all line ends at the end of the data.

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
