"""A client that is given lines: what people write by hand over a library that has no EventSource."""

import threading


class LineClient:
    """Reconnects, and takes events out of lines.

    open_lines: called with the fields of a request; yields the response's lines, as bytes without their ends. What it
    raises of `errors` is a connection that was cut.
    """

    def __init__(self, open_lines, errors):
        self.open_lines = open_lines
        self.errors = errors
        self.events = []
        self.is_over = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def heard(self):
        return list(self.events)

    def run(self):
        self.last_event_id = ""
        self.wait = 0.1
        while not self.is_over.wait(self.wait):
            headers = {"Last-Event-ID": self.last_event_id} if self.last_event_id else {}
            try:
                self.take(self.open_lines(headers))
            except self.errors:
                pass

    def take(self, lines):
        data, event_id = [], self.last_event_id
        for line in lines:
            name, _, value = line.decode().partition(":")
            value = value.removeprefix(" ")
            if line == b"":
                if data:
                    self.events.append(("\n".join(data), event_id))
                    self.last_event_id = event_id
                data = []
            elif name == "data":
                data.append(value)
            elif name == "id":
                event_id = value
            elif name == "retry" and value.isdigit():
                self.wait = int(value) / 1000

    def end(self):
        self.is_over.set()
