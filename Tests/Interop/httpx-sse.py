"""Tests a client based on httpx-sse with our server. The library does not reconnect by itself, so this client does.

usage: httpx-sse.py PROGRAM [EVHTTP-SERVER]
"""

import httpx
from httpx_sse import connect_sse
from reconnecting import ReconnectingClient
from schedule import exercise_client


class Client(ReconnectingClient):
    def __init__(self, url):
        self.url = url
        self.client = httpx.Client(timeout=30, trust_env=False)
        super().__init__(httpx.TransportError)

    def take(self, headers):
        with connect_sse(self.client, "GET", self.url, headers=headers) as source:
            for event in source.iter_sse():
                if event.retry is not None:
                    self.wait = event.retry / 1000
                # The library also returns an event without data for a block with only a reconnection time.
                if event.data:
                    self.note(event.data, event.id)


exercise_client(Client)
