"""Readers of event streams over HTTP/1.1 that record the time of each event."""

import socket
import threading
import time
import zlib


class Stream:
    """One response, read on its own thread as it arrives."""

    def __init__(self, port, target, fields=None, source="127.0.0.1"):
        self.opened = time.monotonic()
        self.status, self.fields = None, {}
        self.head_after = self.comment_after = None  # In seconds since it was opened.
        self.events = []  # The time, data and ID of each event.
        self.comments = 0
        self.retry = None  # The last one, in seconds.
        self.retry_was_last = False  # Whether only comments have followed it.
        self.last_id = ""
        self.ended = None  # "complete" at the end of the message, or "cut" if the connection ended earlier.
        self.ended_after = None
        self.changed = threading.Condition()
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))
        self.socket.settimeout(None)
        lines = [f"GET {target} HTTP/1.1", "Host: localhost", "Accept: text/event-stream"]
        lines += [f"{name}: {value}" for name, value in (fields or {}).items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def wait(self, what, condition, seconds=30):
        """Waits for a condition of this stream, which is checked whenever data arrives."""
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self), seconds), \
                f"waited {seconds} s for {what}; status {self.status}, {len(self.events)} events, ended: {self.ended}"

    def close(self):
        """Disconnects like a browser whose tab is closed."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join()
        self.socket.close()

    def read(self):
        try:
            with self.socket.makefile("rb") as file:
                self.read_head(file)
                complete = self.read_body(file)
        except (OSError, ValueError, IndexError, zlib.error):
            complete = False
        with self.changed:
            self.ended = "complete" if complete else "cut"
            self.ended_after = time.monotonic() - self.opened
            self.changed.notify_all()

    def read_head(self, file):
        status = int(file.readline().split()[1])
        while line := file.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            self.fields[name.lower()] = value.strip()
        with self.changed:
            self.status = status
            self.head_after = time.monotonic() - self.opened
            self.changed.notify_all()

    def read_body(self, file):
        coding = self.fields.get("content-encoding", "identity")
        inflater = zlib.decompressobj(31) if coding == "gzip" else None
        rest, lines = b"", []
        for piece in self.pieces(file):
            rest += inflater.decompress(piece) if inflater else piece
            *whole, rest = rest.split(b"\n")
            for line in whole:
                self.take(line.decode(), lines)
        return self.is_complete

    def pieces(self, file):
        """Yields the body as it arrives, without its framing, and records whether it was complete."""
        self.is_complete = False
        if self.fields.get("transfer-encoding") == "chunked":
            while size := int(file.readline(), 16):
                piece = file.read(size + 2)
                if len(piece) < size + 2:
                    return
                yield piece[:-2]
            self.is_complete = True
        elif "content-length" in self.fields:
            yield file.read(int(self.fields["content-length"]))
            self.is_complete = True
        else:
            while piece := file.read1(1 << 16):
                yield piece

    def take(self, line, lines):
        """Handles one line of the stream. `lines` has the previous lines of the block."""
        now = time.monotonic()
        with self.changed:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if line and not name:
                self.comments += 1
                self.comment_after = self.comment_after or now - self.opened
            elif name == "retry":
                self.retry, self.retry_was_last = int(value) / 1000, True
            elif line:
                lines.append((name, value))
            elif lines:
                for name, value in lines:
                    if name == "id":
                        self.last_id = value
                data = "\n".join(value for name, value in lines if name == "data")
                if any(name == "data" for name, _ in lines):
                    self.events.append((now, data, self.last_id))
                    self.retry_was_last = False
                lines.clear()
            self.changed.notify_all()


class Reader:
    """A reader that follows the standard: it reconnects after `retry`, and resumes after its last ID."""

    def __init__(self, port, target):
        self.port, self.target = port, target
        self.heard, self.failure = [], None
        self.last_id, self.retry = "", 1.0
        self.sent_away = 0  # The number of streams that ended after a `retry`.
        self.stopping = threading.Event()
        self.stream = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopping.is_set() and not self.failure:
            fields = {"Last-Event-ID": self.last_id} if self.last_id else {}
            try:
                stream = self.stream = Stream(self.port, self.target, fields)
            except OSError:
                self.stopping.wait(self.retry)
                continue
            taken = 0
            while True:
                with stream.changed:
                    stream.changed.wait_for(lambda: len(stream.events) > taken or stream.ended, 0.5)
                    news, ended = stream.events[taken:], stream.ended
                taken += len(news)
                self.heard += [int(data) for _, data, _ in news]
                self.last_id = stream.last_id or self.last_id
                if ended and taken == len(stream.events) or self.stopping.is_set():
                    break
            stream.close()
            if self.stopping.is_set():
                break
            if stream.status not in (200, None):
                self.failure = f"status {stream.status}, which ends an EventSource for good"
            self.retry = stream.retry if stream.retry is not None else self.retry
            # A substitute response is short and contains no comment.
            self.sent_away += stream.ended == "complete" and stream.retry_was_last and stream.comments > 0
            self.stopping.wait(self.retry)

    def state(self):
        stream = self.stream
        return f"status {stream.status}, ended: {stream.ended}, {len(self.heard)} heard" if stream else "no stream"

    def end(self):
        self.stopping.set()
        self.thread.join()
