"""Tests a client based on Python's requests and its iter_lines with our server.

usage: requests-lines.py PROGRAM [EVHTTP-SERVER]
"""

import requests
from reconnecting import LineClient
from schedule import exercise_client


def lines_of(url):
    def open_lines(headers):
        with requests.get(url, headers=headers, stream=True, timeout=30) as response:
            yield from response.iter_lines()
    return open_lines


exercise_client(lambda url: LineClient(lines_of(url), requests.RequestException))
