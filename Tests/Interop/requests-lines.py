"""A client made with Python's requests and its iter_lines at our server.

usage: requests-lines.py PROGRAM
"""

import sys

import requests
from lines import LineClient
from schedule import OurServer, Schedule


def lines_of(url):
    def open_lines(headers):
        with requests.get(url, headers=headers, stream=True, timeout=30) as response:
            yield from response.iter_lines()
    return open_lines


ERRORS = (requests.RequestException,)


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
