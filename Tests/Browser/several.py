"""Examples/SeveralProcesses in a browser: each of its processes, nginx and Redis are killed, and no reader misses or
repeats anything.

usage: several.py PROGRAM
"""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # The sources' folder stays as it is.
from chromium import Chromium, end_with_parent

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Examples/SeveralProcesses/run.sh")
PROCESSES = ["one", "two", "three"]
ALL_OPEN = "readers.every(reader => reader.source.readyState === EventSource.OPEN)"
COUNTS = "readers.map(reader => reader.counts)"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Cluster:
    """The script of the example, and what it has started."""

    def __init__(self, program):
        self.url = f"http://127.0.0.1:{free_port()}/"
        # A group of its own, which ends with it.
        self.script = subprocess.Popen(
            ["bash", SCRIPT, "--port", self.url[:-1].rsplit(":", 1)[1], "--program", program], stdout=subprocess.PIPE,
            start_new_session=True, preexec_fn=end_with_parent)
        self.output, self.pids = "", {}

    def wait_for_start(self, name, old=None):
        """Reads the script's output until it has started a process of this name."""
        deadline = time.monotonic() + 120
        while self.pids.get(name) == old:
            is_started = self.read_starts(max(0, deadline - time.monotonic()))
            assert is_started, f"{name} is not started; the script has said:\n{self.output}"

    def read_starts(self, seconds):
        """Reads which processes the script has started, waiting this long for its output. Returns whether there was
        any."""
        ready, _, _ = select.select([self.script.stdout], [], [], seconds)
        data = os.read(self.script.stdout.fileno(), 4096).decode() if ready else ""
        self.output += data
        self.pids |= {match[1]: int(match[2]) for match in re.finditer(r"(\w+) runs; .* (\d+)\n", self.output)}
        return bool(data)

    def kill(self, name):
        # It may have been started again since the last output that was read.
        while self.read_starts(0):
            pass
        old = self.pids[name]
        os.kill(old, signal.SIGKILL)
        self.wait_for_start(name, old)

    def close(self):
        self.script.terminate()
        try:
            self.script.wait(30)
        finally:
            try:
                os.killpg(self.script.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.script.stdout.close()


def wait_for_page(page, url):
    """Opens the page, again until a process serves it."""
    deadline = time.monotonic() + 60
    while True:
        page.open(url)
        try:
            # Before the script has run, `readers` is the element with this ID.
            return page.wait_for("the readers", "Array.isArray(window.readers)", 2)
        except AssertionError:
            if time.monotonic() > deadline:
                raise


def wait_for_ticks(page, process):
    """Every reader is connected, and gets what a process publishes from now on."""
    page.evaluate(f"window.seen = readers.map(reader => reader.newest['{process}'])")
    page.wait_for(
        f"every reader to get more of process {process}",
        f"{ALL_OPEN} && readers.every((reader, i) => reader.newest['{process}'] !== seen[i])")


def main(program):
    cluster = Cluster(program)
    browser = Chromium()
    try:
        for name in ["redis", *PROCESSES, "nginx"]:
            cluster.wait_for_start(name)
        page = browser.first_page()
        wait_for_page(page, cluster.url)
        for name in PROCESSES:
            wait_for_ticks(page, name)
        page.wait_for("the process of each reader", "readers.every(reader => reader.process)")
        for name in [*PROCESSES, "redis", "nginx"]:
            served = page.evaluate(f"readers.filter(reader => reader.process === '{name}').length")
            cluster.kill(name)
            for process in PROCESSES:
                wait_for_ticks(page, process)
            counts = page.evaluate(COUNTS)
            assert not any(count[kind] for count in counts for kind in ["missed", "twice", "gaps"]), counts
            readers = f", which serves {served} of 4 readers," if name in PROCESSES else ""
            print(f"browser: {name}{readers} is killed, and nothing is missed")
        # nginx has cut every stream at least once.
        page.wait_for("the reconnections", "readers.every(reader => reader.counts.moves > 0)")
        counts = page.evaluate(COUNTS)
        moves, events = (sum(count[kind] for count in counts) for kind in ["moves", "events"])
        print(f"browser: {moves} reconnections of 4 readers, {events} events, none missed or given twice")
        complaints = page.complaints()
        assert not complaints, f"the browser complains: {complaints}"
    finally:
        browser.close()
        cluster.close()


if __name__ == "__main__":
    main(sys.argv[1])
