"""Node's package eventsource at our server.

usage: node-eventsource.py PROGRAM
"""

import os
import sys

from schedule import JSONListener, OurServer, Schedule

SCRIPT = """
const EventSource = require("eventsource");
const source = new EventSource(process.argv[1]);
source.onmessage = ({ data, lastEventId }) => console.log(JSON.stringify({ data, lastEventID: lastEventId }));
"""


def main():
    program = sys.argv[1]
    server = OurServer(program)
    schedule = Schedule(program, server.publish_url, server.port)
    environment = {**os.environ, "NODE_PATH": "/usr/share/nodejs"}
    client = JSONListener(["node", "-e", SCRIPT, schedule.relay.url + server.path], env=environment)
    try:
        schedule.exercise(client)
    finally:
        client.end()
        server.end()


main()
