"""Tests a client based on sseclient-py over requests with our server. The library does not reconnect by itself.

If a response ends in the middle of a block but appears complete, the library returns the incomplete event. Our streams
are chunked, so requests distinguishes a cut from an end and reports the error first.

usage: sseclient-py.py PROGRAM [EVHTTP-SERVER]
"""

import requests
import sseclient
from reconnecting import ReconnectingClient
from schedule import exercise_client


class Client(ReconnectingClient):
    def __init__(self, url):
        self.url = url
        super().__init__(requests.RequestException)

    def take(self, headers):
        with requests.get(self.url, headers=headers, stream=True, timeout=30) as response:
            for event in sseclient.SSEClient(response).events():
                self.note(event.data, event.id)


exercise_client(Client)
