"""Redis, and the processes that share a history on it."""

import contextlib
import os
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

from compare import get
from servers import RELEASE, Nchan, Server, closing_server, free_port


class Redis:
    """A server of its own on a port and a socket, which writes to its disk every second, or always."""

    def __init__(self, appendfsync="everysec"):
        self.folder = tempfile.TemporaryDirectory()
        self.socket, self.port = f"{self.folder.name}/redis", free_port()
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", self.socket, "--dir",
             self.folder.name, "--save", "", "--appendonly", "yes", "--appendfsync", appendfsync, "--logfile",
             f"{self.folder.name}/log"])
        self.url = f"redis+unix:{self.socket}"
        deadline = time.monotonic() + 20
        while self.command("PING") != "PONG":
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("redis-server does not start")
            time.sleep(0.02)

    def command(self, *words):
        return subprocess.run(
            ["redis-cli", "-s", self.socket, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True).stdout.strip()

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


class Node(Server):
    """A process of ours. With a history on Redis it is one of several; `publisher` is the process that publishes. Without
    one, its events have IDs as long as those of a history on Redis, so that they are as large."""

    EPOCH = 1_700_000_000_000_000

    def __init__(self, redis=None, publisher=None, stack="builtin"):
        port = free_port()
        shared = ["--redis", redis.url] if redis else []
        super().__init__("built-in" if stack == "builtin" else stack, [
            f"{RELEASE}/bench-server", "--stack", stack, "--port", str(port), "--history", str(256 << 20), *shared], port)
        self.redis, self.publisher = redis, publisher

    def publish(self, count, size, rate=0, channels=1, burst=1, keep=False):
        path = super().publish(count, size, rate, channels, burst)
        if self.publisher:
            return None
        return path + ("&publishers=1000" if self.redis else f"&epoch={self.EPOCH}")

    def last_event_id(self, number):
        return f"{self.EPOCH}-{number}"

    def start_publishing(self, count, size, rate):
        post(self.publisher, f"/publish?n={count}&size={size}&rate={rate}&publishers=1000")


def post(server, path):
    urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", data=b"", timeout=60).read()


class SharedNchan(Nchan):
    """One of several nginx with nchan, which share their channels on Redis."""

    def __init__(self, redis, publisher=None):
        super().__init__(free_port(), "nchan-redis.conf", REDIS=redis.port)
        self.publisher = publisher
        # It refuses everything until it is connected to Redis.
        while b" 20" not in self.answer():
            time.sleep(0.02)

    def answer(self):
        """The first line of the answer to a publication."""
        with socket.create_connection(("127.0.0.1", self.port)) as stream:
            stream.sendall(b"POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nready")
            return stream.recv(4096).split(b"\r\n")[0]

    def start_publishing(self, count, size, rate):
        super(SharedNchan, self.publisher or self).start_publishing(count, size, rate)


@contextlib.contextmanager
def cluster(count, kind=Node, appendfsync="everysec"):
    """A Redis server and so many processes, of which the first publishes."""
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(closing_server(Redis(appendfsync)))
        first = stack.enter_context(closing_server(kind(redis)))
        yield redis, [first, *(stack.enter_context(closing_server(kind(redis, first))) for _ in range(count - 1))]


def record(server, count, publishers, channels=1):
    """Events/s that a process has recorded, each of which a task has awaited."""
    post(server, f"/publish?n={count}&size=100&publishers={min(publishers, count)}&channels={channels}")
    while not (seconds := get(server, "/stats")["recording_seconds"]):
        time.sleep(0.05)
    return count / seconds


def newest_ids(redis, count):
    epoch, number = redis.command("HMGET", "eventsource:m:0", "epoch", "number").split()
    return [f"{epoch}-{int(number) - index}" for index in range(count)]


class Reading:
    """A reader, so that the process follows the channel and its log holds what is published."""

    def __init__(self, server):
        self.stream = socket.create_connection(("127.0.0.1", server.port))
        self.stream.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        self.stream.recv(4096)

    def __enter__(self):
        def read():
            with contextlib.suppress(OSError):
                while self.stream.recv(1 << 20):
                    pass
        threading.Thread(target=read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stream.close()
