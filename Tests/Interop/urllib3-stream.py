"""Tests a client based on Python's urllib3 and its stream with our server.

usage: urllib3-stream.py PROGRAM [EVHTTP-SERVER]
"""

import urllib3
from reconnecting import LineClient
from schedule import exercise_client


def lines_of(url):
    pool = urllib3.PoolManager(timeout=30, retries=False)

    def open_lines(headers):
        response = pool.request("GET", url, headers=headers, preload_content=False)
        rest = b""
        try:
            for piece in response.stream(512):
                *lines, rest = (rest + piece).split(b"\n")
                yield from lines
        finally:
            response.close()
    return open_lines


exercise_client(lambda url: LineClient(lines_of(url), urllib3.exceptions.HTTPError))
