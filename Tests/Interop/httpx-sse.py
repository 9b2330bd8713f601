"""A client made with httpx-sse at our server. It has no reconnecting of its own; this is how it is done with it.

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
                # It also yields an event, of no data, for a block that only says how long to wait.
                if event.data:
                    self.note(event.data, event.id)


exercise_client(Client)
