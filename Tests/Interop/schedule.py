"""The schedule for every peer: events are published while its connection works, is cut, and is cut in the middle of
events.

A peer is a server that our client reads from, or a client that reads from our server. At the end, the reader must have
every event once, in the order of publication, with its ID.
"""

import json
import os
import re
import select
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True  # Keeps the source folder clean.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Browser"))
from chromium import end_with_parent  # noqa: E402
from relay import Relay  # noqa: E402

CUTS = 20  # Half of them by FIN and half by RST.
TEXTS = [
    "plain", " a space in front", "two\nlines", "blank\n\nlines\n\nwithin", "Grüße, 世界, 🙂", "data: a field?", ":a comment?",
    '{"json": "\\"quoted\\"", "n": [1, 2]}', "tab\tand \\ backslash", "long " + "x" * 100_000, "id", "trailing line\n",
]
SECONDS = 60


class Program:
    """A process whose standard output is read line by line. It ends with the test."""

    def __init__(self, arguments, **options):
        self.process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent, **options)
        self.lines = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def end(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


class JSONListener(Program):
    """A program that prints one object per event."""

    def heard(self):
        objects = [json.loads(line) for line in list(self.lines)]
        return [(object["data"], object["lastEventID"]) for object in objects]


class OurServer(Program):
    """`eventsource serve`, which sends all retained events to readers without an ID, or its counterpart on another stack,
    by its command, whose words are separated by spaces."""

    def __init__(self, program, evhttp_server=None):
        builtin = [program, "serve", "--port", "0", "--replay", "--reconnection-time", "0.1"]
        super().__init__(evhttp_server.split() if evhttp_server else builtin, stdin=subprocess.PIPE)
        wait_for("the server's address", lambda: self.lines)
        self.port = int(re.search(r":(\d+)$", self.lines[0]).group(1))
        self.publish_url = f"http://127.0.0.1:{self.port}/publish/news"
        self.path = "/events/news"


def our_listener(program, url):
    """`eventsource listen`."""
    return JSONListener([program, "listen", "--json", "--quiet", "--no-backoff", "--reconnection-time", "0.1", url])


def exercise_client(make_client, as_heard=None):
    """Runs the schedule for a client, with the arguments PROGRAM [EVHTTP-SERVER].

    make_client: called with the URL of the stream. The result has `heard` and `end`.
    as_heard: returns the event data that the client is known to deliver because of a bug, which its module describes.
    """
    server = OurServer(*sys.argv[1:])
    schedule = Schedule(sys.argv[1], server.publish_url, server.port, as_heard)
    client = make_client(schedule.relay.url + server.path)
    try:
        schedule.exercise(client)
    finally:
        client.end()
        server.end()


def wait_for(what, condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {SECONDS} s for {what}"
        select.select([], [], [], 0.02)


class Schedule:
    """Publishes to one side with `eventsource publish`, and cuts the connection to the other side."""

    def __init__(self, program, publish_url, port, as_heard=None):
        self.as_heard = as_heard or (lambda text: text)
        self.program = program
        self.publish_url = publish_url
        self.relay = Relay(port)
        self.cuts = 0
        self.published = []  # Data, and the ID if the server returns one.

    def cut(self):
        self.relay.cut(resets=self.cuts % 2 == 1)
        self.cuts += 1

    def publish(self, text):
        self.record([text], self.run(["--file", "-"], text))

    def publish_lines(self, lines):
        self.record(lines, self.run([], "\n".join(lines)))

    def run(self, arguments, text):
        result = subprocess.run(
            [self.program, "publish", self.publish_url, *arguments], input=text, capture_output=True, text=True,
            timeout=SECONDS)
        assert result.returncode == 0, f"publishing failed: {result}"
        return result.stdout.splitlines()

    def record(self, texts, answers):
        known = len(answers) == len(texts) and all(re.fullmatch(r"[\w-]+", answer) for answer in answers)
        self.published += zip(texts, answers if known else [None] * len(texts))

    def exercise(self, listener):
        def all_heard(what):
            wait_for(
                f"{what} ({len(listener.heard())} of {len(self.published)} heard)",
                lambda: len(listener.heard()) >= len(self.published))

        for text in TEXTS:
            self.publish(text)
        all_heard("the first events")

        for number in range(5):
            self.cut()
            self.publish_lines([f"while cut {number}.{index}" for index in range(10)])
            self.relay.mend()
            all_heard("what was published while the connection was cut")

        burst = [f"burst {index} " + "y" * (index % 700) for index in range(2000)]
        begin = len(listener.heard())
        publishing = threading.Thread(target=self.publish_lines, args=[burst])
        publishing.start()
        # Cuts begin with the first event, whatever the reader receives at that time: a block, a replay, or new events.
        for count in [1, *range(50, 50 * (CUTS - 6), 50)]:
            wait_for(f"{count} events of a burst", lambda: len(listener.heard()) >= begin + count)
            self.cut()
            self.relay.mend()
        publishing.join()
        all_heard("a burst through a connection that is cut again and again")

        self.cut()
        self.relay.mend()
        self.publish("the last one")
        wait_for("the last event", lambda: any(data == "the last one" for data, _ in listener.heard()))
        self.compare(listener.heard())
        self.relay.close()
        assert self.cuts == CUTS, f"the schedule has {self.cuts} cuts"
        print(f"{len(self.published)} events, each once and in order, over {CUTS} cuts, every second one by a RST")

    def compare(self, heard):
        self.published = [(self.as_heard(text), id) for text, id in self.published]
        heard_data = {data for data, _ in heard}
        lost = [text for text, _ in self.published if text not in heard_data]
        assert not lost, f"{len(lost)} events were lost: {lost[:5]}"
        assert len(heard) == len(self.published), f"{len(heard)} events were heard of {len(self.published)}"
        for (text, id), (data, last_event_id) in zip(self.published, heard):
            assert data == text, f"{data[:200]!r} was heard for {text[:200]!r}"
            assert id is None or id == last_event_id, f"{text[:200]!r} has the ID {last_event_id}, not {id}"
        ids = {last_event_id for _, last_event_id in heard}
        assert len(ids) == len(heard), f"{len(heard)} events have {len(ids)} IDs"
