"""A client made with Python's urllib3 and its stream at our server.

usage: urllib3-stream.py PROGRAM
"""

import sys

import urllib3
from lines import LineClient
from schedule import OurServer, Schedule


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


ERRORS = (urllib3.exceptions.HTTPError,)


def main():
    program = sys.argv[1]
    server = OurServer(program)
    schedule = Schedule(program, server.publish_url, server.port)
    client = LineClient(lines_of(schedule.relay.url + server.path), ERRORS)
    try:
        schedule.exercise(client)
    finally:
        client.end()
        server.end()


main()
