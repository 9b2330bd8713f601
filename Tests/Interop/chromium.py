"""Tests Chromium's EventSource with our server.

usage: chromium.py PROGRAM [EVHTTP-SERVER]
"""

import json
import sys

from schedule import OurServer, Schedule

from chromium import Chromium


class Client:
    def __init__(self, page, url):
        self.page = page
        self.events = []
        page.evaluate(f"""
          window.heard = [];
          window.source = new EventSource({json.dumps(url)});
          source.onmessage = (event) => heard.push([event.data, event.lastEventId]);
          0""")

    def heard(self):
        # Only new events, because this is called often.
        self.events += map(tuple, self.page.evaluate(f"heard.slice({len(self.events)})"))
        return self.events


def main():
    program = sys.argv[1]
    server = OurServer(*sys.argv[1:])
    schedule = Schedule(program, server.publish_url, server.port)
    browser = Chromium()
    try:
        page = browser.first_page()
        # Any page of the same origin works.
        page.open(f"{schedule.relay.url}/stats")
        page.wait_for("a page of the server", f"location.href === '{schedule.relay.url}/stats'")
        schedule.exercise(Client(page, server.path))
    finally:
        browser.close()
        server.end()


main()
