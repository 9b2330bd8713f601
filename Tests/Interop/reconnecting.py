"""The code that users write around a library that returns lines or events and does not reconnect."""

import threading


class ReconnectingClient:
    """Connects repeatedly, with the last event ID, on its own thread.

    take: called with the fields of a request. Reads events until the response ends, and records them with `note`. An
    error in `errors` means that the connection was cut.
    """

    def __init__(self, errors):
        self.errors = errors
        self.events = []
        self.last_event_id = ""
        self.wait = 0.1
        self.is_over = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def heard(self):
        return list(self.events)

    def run(self):
        while not self.is_over.wait(self.wait):
            try:
                self.take({"Last-Event-ID": self.last_event_id} if self.last_event_id else {})
            except self.errors:
                pass

    def note(self, data, event_id):
        self.events.append((data, event_id))
        self.last_event_id = event_id

    def end(self):
        self.is_over.set()


class LineClient(ReconnectingClient):
    """Parses events from lines.

    open_lines: called with the fields of a request. Yields the response's lines as bytes without their ends.
    """

    def __init__(self, open_lines, errors):
        self.open_lines = open_lines
        super().__init__(errors)

    def take(self, headers):
        data, event_id = [], self.last_event_id
        for line in self.open_lines(headers):
            name, _, value = line.decode().partition(":")
            value = value.removeprefix(" ")
            if line == b"":
                if data:
                    self.note("\n".join(data), event_id)
                data = []
            elif name == "data":
                data.append(value)
            elif name == "id":
                event_id = value
            elif name == "retry" and value.isdigit():
                self.wait = int(value) / 1000
