"""Common code of the other files: waiting for conditions, ports, and programs that end with the test."""

import ctypes
import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.dirname(os.path.dirname(HERE))
CHANNELS = ["head", "delay", "idle", "left", "busy", "address", "page", "many", "kill", "drain"]


def wait_for(what, condition, seconds=30):
    """Waits until the condition is true, and returns the number of seconds. `what` is a text or a function that returns
    one."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() > started + seconds:
            raise AssertionError(f"waited {seconds} s for {what() if callable(what) else what}")
        select.select([], [], [], 0.02)
    return time.monotonic() - started


def unused_port():
    """Returns a port that is currently free. It may be taken when the caller's program starts, so starting is
    retried."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_with_thread():
    """Runs in a child before exec, so that the child gets SIGTERM when the thread that started it ends for any
    reason."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def start(arguments, **options):
    """Starts a program in its own process group."""
    return subprocess.Popen(arguments, preexec_fn=end_with_thread, start_new_session=True, **options)


def end(process):
    """Sends SIGTERM to a program, and SIGKILL to the rest of its group."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def build():
    """Builds the server program, and returns its path."""
    command = ["swift", "build", "-c", "release", "--package-path", os.path.join(PACKAGE, "Tests", "EndToEnd")]
    subprocess.run([*command, "--quiet", "--product", "ProxiedServer"], check=True)
    folder = subprocess.run([*command, "--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
    return os.path.join(folder, "ProxiedServer")


class Server:
    """The package's server with a history in a file. It can be killed and started again on the same port."""

    def __init__(self, program, folder, field="X-Forwarded-For", keeps_socket=False):
        self.command = [program, None, os.path.join(folder, "history.db"), field, *CHANNELS]
        self.port = 0
        self.records = []  # The target, the peer and the duration of each ended stream.
        # Replaces systemd: the socket stays open while the program is not running.
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=4096) if keeps_socket else None
        self.start()

    def start(self):
        command = [str(self.port) if part is None else part for part in self.command]
        if self.socket:
            command = ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&0 </dev/null', "sh", *command]
        self.process = start(command, stdin=self.socket or subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        # Streams that waited at the open socket may end before the program prints its address.
        while not (line := self.process.stdout.readline()).startswith("Listening"):
            assert line, "the server has ended at once"
            self.records.append(json.loads(line))
        self.port = int(re.search(r":(\d+)$", line.strip()).group(1))
        threading.Thread(target=self.read, args=(self.process.stdout,), daemon=True).start()

    def read(self, output):
        with output:
            for line in output:
                self.records.append(json.loads(line))

    def record(self, target):
        """Returns the access record of the stream with this target, once it has ended."""
        return next((record for record in self.records if record.get("target") == target), None)

    def publish(self, channel, text):
        """Publishes and returns the event's ID."""
        url = f"http://127.0.0.1:{self.port}/publish/{channel}"
        with urllib.request.urlopen(url, data=text.encode(), timeout=10) as response:
            return response.read().decode()

    def kill(self):
        """Ends the server like a power failure."""
        self.process.kill()
        self.process.wait()

    def drain(self):
        """Terminates the server, as systemd does, and waits for its end."""
        self.process.terminate()
        assert self.process.wait(30) == 0, f"the server ended with status {self.process.returncode}"

    def end(self):
        end(self.process)
        if self.socket:
            self.socket.close()


class Publisher:
    """Publishes 1, 2, 3 ... to a channel until it is stopped, whether or not the server is running."""

    def __init__(self, server, channel, interval=0.05):
        self.server, self.channel, self.interval = server, channel, interval
        self.attempted, self.published = 0, []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopping.wait(self.interval):
            self.attempted += 1
            try:
                self.server.publish(self.channel, str(self.attempted))
                self.published.append(self.attempted)
            except (OSError, http.client.HTTPException):
                pass  # The server is not running. It is unknown whether it has recorded the event.

    def stop(self):
        self.stopping.set()
        self.thread.join()

    def compare(self, who, heard):
        """Checks that a reader has every acknowledged event, once and in order."""
        assert heard == sorted(set(heard)), f"{who} heard events twice or out of order: {heard}"
        lost = set(self.published) - set(heard)
        assert not lost, f"{who} lost {sorted(lost)} of {len(self.published)} events"
        assert set(heard) <= set(range(1, self.attempted + 1)), f"{who} heard what was not published"
