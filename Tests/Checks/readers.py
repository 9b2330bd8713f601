"""Thousands of idle readers of one process connect, get their heartbeats, and leave no resources in use.

usage: readers.py [--count N] [--program PATH | --stack nio|hummingbird] [--waves N] [--heartbeats]

Starts the Quickstart, unless PATH names its program, and opens N streams (2000) of a quiet channel, twice, or as often as
--waves says. With --stack, the server is on that stack, and at the end it is stopped while N streams are open: each is
ended properly. --heartbeats waits for a heartbeat on every stream, which takes fifteen seconds. Prints the memory per
reader.
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


# What a reader may leave behind in each later wave, and what it may take, in bytes. On NIO and Hummingbird most of what
# it takes is the connection's own.
# With Hummingbird, what the allocator keeps after a wave of tasks goes up and down by a few hundred bytes a reader.
LEFT = {"builtin": 64, "nio": 128, "hummingbird": 1024}
MOST = {"builtin": 2 << 10, "nio": 24 << 10, "hummingbird": 40 << 10}


def build(package, *mode):
    build = ["bash", f"{ROOT}/Tests/build.sh", package, *mode]
    return subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def start(options):
    if options.stack != "builtin":
        command = [build("Tests/EndToEnd", "stacks", "NewsServer") + "/NewsServer", options.stack]
    else:
        command = [options.program or build("Examples/Quickstart", "release") + "/Quickstart", "--port", "0"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def shut_down(server, port, count):
    """Stops the server while streams are open. Each gets its retry and its end, and the server has ended."""
    streams, poll = connect(port, count)
    received = {stream.fileno(): b"" for stream in streams}
    by_number = {stream.fileno(): stream for stream in streams}
    started = time.monotonic()
    server.stdin.close()
    while by_number:
        assert time.monotonic() < started + 120, f"{len(by_number)} streams are open after two minutes"
        for number, _ in poll.poll(1):
            piece = by_number[number].recv(4096)
            received[number] += piece
            if not piece or received[number].endswith(b"\r\n0\r\n\r\n"):
                poll.unregister(number)
                by_number.pop(number)
    for text in received.values():
        assert b"retry: " in text and text.endswith(b"0\r\n\r\n"), f"a stream has ended with {text[-80:]}"
    assert server.wait(120) == 0, f"the server has ended with status {server.returncode}"
    print(f"readers: a server with {count} readers has stopped in {time.monotonic() - started:.2f} s, "
          "and each stream was completed")


def connect(port, count, path="/events/wall", first=0):
    """Opens `count` streams, numbered from `first`. Returns when every one has its head."""
    streams = []
    poll = select.epoll()
    for number in range(first, first + count):
        stream = socket.socket()
        # One source address does not have enough ports.
        stream.bind((f"127.0.0.{2 + number // 10000}", 0))
        stream.connect(("127.0.0.1", port))
        stream.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        stream.setblocking(False)
        poll.register(stream, select.EPOLLIN)
        streams.append(stream)
    wait_for_bytes(streams, poll, b"\r\n\r\n")
    return streams, poll


def wait_for_bytes(streams, poll, wanted, seconds=120):
    """Waits until every stream has received the wanted bytes."""
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
    parser.add_argument("--stack", choices=list(MOST), default="builtin")
    parser.add_argument("--waves", type=int, default=2)
    parser.add_argument("--heartbeats", action="store_true")
    options = parser.parse_args()
    server = start(options)
    try:
        port = int(re.search(r"http://[0-9.]+:(\d+)", server.stdout.readline()).group(1))
        # The first connection creates the shared state.
        first, poll = connect(port, 1)
        idle_sockets, idle_memory = sockets(server.pid) - 1, resident(server.pid)
        poll.close()
        first[0].close()
        after = []
        for wave in range(1, options.waves + 1):
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
        # The allocator keeps memory for the next wave, but later waves must not need more. It takes whole pages at times;
        # the more waves, the less they count.
        print(f"readers: sockets are back; {', '.join(str(memory >> 10) for memory in after)} KiB after each wave")
        grown = (after[-1] - after[0]) / options.count / (options.waves - 1)
        assert grown < LEFT[options.stack], f"a reader that has disconnected leaves {grown:.0f} bytes"
        per_reader = (memory - idle_memory) / options.count
        assert per_reader < MOST[options.stack], f"a reader takes {per_reader:.0f} bytes"
        if options.stack != "builtin":
            shut_down(server, port, options.count)
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
        server.stdin.close()
        server.stdout.close()


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        print(f"readers: {error}", file=sys.stderr)
        sys.exit(1)
