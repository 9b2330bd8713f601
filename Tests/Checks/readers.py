"""Thousands of idle readers of one process: they connect, get their heartbeats, and leave nothing behind.

usage: readers.py [--count N] [--program PATH] [--heartbeats]

Starts the Quickstart, unless PATH names its program, and opens N streams (2000) of a quiet channel, twice. --heartbeats
waits for one on every stream, which takes fifteen seconds. Prints the memory per reader.
"""

import argparse
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "Tests", "EndToEnd"))
from process_usage import resident, sockets  # noqa: E402


def build():
    build = ["bash", f"{ROOT}/Tests/build.sh", "Examples/Quickstart", "release"]
    return subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True).stdout.strip() + "/Quickstart"


def connect(port, count, path="/events/wall", first=0):
    """So many streams, the first of them counted as said; every one has its head when this returns."""
    streams = []
    poll = select.epoll()
    for number in range(first, first + count):
        stream = socket.socket()
        # Ports of one source address would run out.
        stream.bind((f"127.0.0.{2 + number // 10000}", 0))
        stream.connect(("127.0.0.1", port))
        stream.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        stream.setblocking(False)
        poll.register(stream, select.EPOLLIN)
        streams.append(stream)
    wait_for_bytes(streams, poll, b"\r\n\r\n")
    return streams, poll


def wait_for_bytes(streams, poll, wanted, seconds=120):
    """Until every stream has received the wanted bytes."""
    by_number = {stream.fileno(): stream for stream in streams}
    seen = {number: b"" for number in by_number}
    missing = set(by_number)
    deadline = time.monotonic() + seconds
    while missing:
        assert time.monotonic() < deadline, f"{len(missing)} of {len(streams)} streams never had {wanted}"
        for number, _ in poll.poll(1):
            seen[number] += by_number[number].recv(4096)
            if wanted in seen[number]:
                missing.discard(number)


def wait_until(what, condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        select.select([], [], [], 0.02)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--program")
    parser.add_argument("--heartbeats", action="store_true")
    options = parser.parse_args()
    server = subprocess.Popen([options.program or build(), "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        port = int(re.search(r"http://[0-9.]+:(\d+)", server.stdout.readline()).group(1))
        # The first connection makes what all share.
        first, poll = connect(port, 1)
        idle_sockets, idle_memory = sockets(server.pid) - 1, resident(server.pid)
        poll.close()
        first[0].close()
        after = []
        for wave in (1, 2):
            started = time.monotonic()
            streams, poll = connect(port, options.count)
            took = time.monotonic() - started
            memory = resident(server.pid)
            if wave == 1:
                print(f"readers: {options.count} connected in {took:.2f} s, "
                      f"{(memory - idle_memory) / options.count / 1024:.2f} KiB each")
                if options.heartbeats:
                    wait_for_bytes(streams, poll, b":\n\n")
                    print("readers: every one had a heartbeat")
            poll.close()
            for stream in streams:
                stream.close()
            wait_until("sockets to be back", lambda: sockets(server.pid) == idle_sockets)
            after.append(resident(server.pid))
        # The allocator keeps what it has for the next wave; what must not be is that a second wave needs more.
        first_wave, second_wave = (memory >> 10 for memory in after)
        print(f"readers: sockets are back; {first_wave} KiB after the first wave, {second_wave} KiB after the second")
        grown = (after[1] - after[0]) / options.count
        assert grown < 64, f"a reader that has come and gone leaves {grown:.0f} bytes"
        per_reader = (memory - idle_memory) / options.count
        assert per_reader < 2048, f"a reader takes {per_reader:.0f} bytes"
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
        server.stdout.close()


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        print(f"readers: {error}", file=sys.stderr)
        sys.exit(1)
