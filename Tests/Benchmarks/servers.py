"""The measured servers: how to start each, and which requests it gets."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
YARDSTICKS = f"{HERE}/.build/yardsticks"
STACKS_RELEASE = os.path.normpath(f"{HERE}/../../.build-traits-release/release")
# The stacks whose packages are downloaded, and how bench-server names them.
STACKS = {"NIO": "nio", "NIO, HTTP/2": "nio-http2", "Hummingbird": "hummingbird"}
RELEASE = os.path.normpath(f"{HERE}/../../.build/packages/release")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Server:
    """A running server. `pid` is the process that does the work."""

    def __init__(self, name, command, port, counts_allocations=False):
        self.name, self.port = name, port
        environment = os.environ | ({"LD_PRELOAD": f"{YARDSTICKS}/counted_malloc.so"} if counts_allocations else {})
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        self.pid = self.process.pid
        try:
            self._await_port()
        # Also if the comparison is interrupted.
        except BaseException:
            self.stop()
            raise

    def _await_port(self):
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not start")
            time.sleep(0.02)

    def publish(self, count, size, rate=0, channels=1, burst=1, keep=False):
        """Where a POST publishes."""
        return f"/publish?n={count}&size={size}&rate={rate}&channels={channels}&burst={burst}&keep={int(keep)}"

    def last_event_id(self, number):
        return str(number)

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def closing_server(server):
    try:
        yield server
    finally:
        server.stop()


class Probe:
    """Requests a page from a server every few milliseconds and reads heartbeats, while others read events."""

    INTERVAL = 5

    def __init__(self, port):
        self.process = subprocess.Popen(
            [f"{YARDSTICKS}/probe", str(port), str(self.INTERVAL)], stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def begin(self):
        """Discards the measurements so far."""
        self.process.send_signal(signal.SIGUSR1)

    def finish(self):
        """Returns the measurements since then as one object. Fails if the server has closed a connection."""
        self.process.send_signal(signal.SIGTERM)
        output = self.process.communicate()[0]
        if self.process.returncode:
            raise RuntimeError("the probe has lost its connections")
        return json.loads(output.splitlines()[-1])


class Nchan(Server):
    """nginx with nchan. A thread of this program publishes to it, because each event of nchan needs its own request."""

    def __init__(self, port, configuration="nchan.conf", **values):
        self.folder = tempfile.TemporaryDirectory()
        with open(f"{HERE}/Peers/{configuration}", encoding="utf-8") as file:
            text = file.read().replace("FOLDER", self.folder.name).replace("PORT", str(port))
        for name, value in values.items():
            text = text.replace(name, str(value))
        with open(f"{self.folder.name}/conf", "w", encoding="utf-8") as file:
            file.write(("user root;\n" if os.geteuid() == 0 else "") + text)
        command = ["/usr/sbin/nginx", "-p", self.folder.name, "-c", f"{self.folder.name}/conf", "-e", "/dev/null"]
        super().__init__("nchan", command, port)
        # The port opens before there is a worker.
        workers = []
        while not workers:
            with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as file:
                workers = file.read().split()
        self.pid = int(workers[0])

    def publish(self, count, size, rate=0, channels=1, burst=1, keep=False):
        return None

    def start_publishing(self, count, size, rate):
        threading.Thread(target=self._publish, args=[count, size, rate], daemon=True).start()

    def _publish(self, count, size, rate):
        with socket.create_connection(("127.0.0.1", self.port)) as stream:
            start = time.monotonic()
            unanswered = 0
            answers = stream.makefile("rb")
            for index in range(count):
                if rate:
                    time.sleep(max(0, start + index / rate - time.monotonic()))
                data = f"ts={time.time_ns()} ".ljust(size, "x")
                stream.sendall(f"POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n\r\n{data}".encode())
                unanswered += 1
                # Several requests are in flight, so that this program is not the bottleneck.
                while unanswered > (0 if rate else 16):
                    line = answers.readline()
                    # The server was stopped.
                    if not line:
                        return
                    # nchan's responses do not end with a line feed, so the next one begins in the same line.
                    unanswered -= b"HTTP/1.1 20" in line

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


class Go(Server):
    def last_event_id(self, number):
        return f"{number:012d}"


def start(name, threads=1, history=64 << 20, buffer=4096, release=RELEASE, counts_allocations=False):
    port = free_port()
    match name:
        case "floor":
            return Server(name, [f"{YARDSTICKS}/floor_server", str(port)], port)
        case "built-in" | "evhttp" | "NIO" | "NIO, HTTP/2" | "Hummingbird":
            stack = STACKS.get(name, "builtin" if name == "built-in" else "evhttp")
            folder = STACKS_RELEASE if name in STACKS else release
            options = ["--threads", str(threads), "--history", str(history)]
            return Server(
                name, [f"{folder}/bench-server", "--stack", stack, "--port", str(port), *options], port, counts_allocations)
        case "Go eventsource":
            return Go(name, [f"{YARDSTICKS}/go-eventsource", str(port), str(buffer)], port)
        case "nchan":
            return Nchan(port)
        case "sse-starlette":
            return Server(name, [f"{YARDSTICKS}/python/bin/python", f"{HERE}/Peers/starlette_server.py", str(port)], port)


def peers():
    """Splits the servers into those that could be installed and those that could not."""
    needed = {"Go eventsource": "go-eventsource", "nchan": "nchan", "sse-starlette": "python/ready"}
    there = [name for name, file in needed.items() if os.path.exists(f"{YARDSTICKS}/{file}")]
    return there, [name for name in needed if name not in there]
