"""A client made with httpx-sse at our server. It has no reconnecting of its own; this is how it is done with it.

usage: httpx-sse.py PROGRAM
"""

import sys
import threading

import httpx
from httpx_sse import connect_sse
from schedule import OurServer, Schedule


class Client:
    def __init__(self, url):
        self.url = url
        self.events = []
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def heard(self):
        return list(self.events)

    def run(self):
        last_event_id = ""
        wait = 0.1
        with httpx.Client(timeout=30, trust_env=False) as client:
            while not self.is_over.wait(wait):
                headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
                try:
                    with connect_sse(client, "GET", self.url, headers=headers) as source:
                        for event in source.iter_sse():
                            if event.retry is not None:
                                wait = event.retry / 1000
                            # It also yields an event, of no data, for a block that only says how long to wait.
                            if event.data:
                                self.events.append((event.data, event.id))
                                last_event_id = event.id
                except httpx.TransportError:
                    pass

    def end(self):
        self.is_over.set()


def main():
    program = sys.argv[1]
    server = OurServer(program)
    schedule = Schedule(program, server.publish_url, server.port)
    client = Client(schedule.relay.url + server.path)
    try:
        schedule.exercise(client)
    finally:
        client.end()
        server.end()


main()
