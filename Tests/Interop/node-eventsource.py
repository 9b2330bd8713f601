"""Tests Node's package eventsource with our server.

usage: node-eventsource.py PROGRAM [EVHTTP-SERVER]
"""

import os

from schedule import JSONListener, exercise_client

SCRIPT = """
const EventSource = require("eventsource");
const source = new EventSource(process.argv[1]);
source.onmessage = ({ data, lastEventId }) => console.log(JSON.stringify({ data, lastEventID: lastEventId }));
"""

environment = {**os.environ, "NODE_PATH": "/usr/share/nodejs"}
exercise_client(lambda url: JSONListener(["node", "-e", SCRIPT, url], env=environment))
