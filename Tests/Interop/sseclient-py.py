"""A client made with sseclient-py over requests at our server. It has no reconnecting of its own.

Where a response ends in the middle of a block and looks complete, it yields what it has of the event. Our streams are
chunked, so that requests tells a cut from an end, and the error comes before that.

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
