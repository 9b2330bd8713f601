"""Checks many readers, long streams, bad peers, and TLS."""

import json
import os
import re
import select
import socket
import ssl
import time

from programs import HERE, SCRATCH, Program, compile_c, curl, run, wait_until

import readers
from process_usage import resident, sockets


def statistics(server):
    return json.loads(curl("-k", f"{server.url}/statistics")[1])


def publish(server, count, size):
    assert curl("-k", "-X", "POST", f"{server.url}/publish/{count}/{size}") == (200, "published\n")


class Peer:
    """A reader with its own socket, over TLS if there is a context."""

    def __init__(self, server, tls=None, small=False):
        self.socket = socket.socket()
        if small:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(120)
        self.socket.connect(("127.0.0.1", server.port))
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.socket.sendall(b"GET /events/news HTTP/1.0\r\nHost: localhost\r\n\r\n")
        self.received = bytearray()
        self.read_until(b"\r\n\r\n")

    def read_until(self, wanted, seconds=300):
        deadline = time.monotonic() + seconds
        searched = 0
        while self.received.find(wanted, searched) < 0:
            assert time.monotonic() < deadline, f"{wanted} did not arrive after {self.received[-200:]}"
            searched = max(0, len(self.received) - len(wanted))
            data = self.socket.recv(1 << 18)
            assert data, f"the stream ended before {wanted}, after {self.received[-200:]}"
            self.received += data

    def close(self):
        self.socket.close()


def idle(program, tls, *certificate, rounds=8):
    """evhttp's timeouts, here one second, do not end an idle stream, with or without heartbeats."""
    with Program(program, *certificate, "--timeout", "1", "--heartbeat", "250") as server:
        peer = Peer(server, tls)
        for _ in range(rounds):
            peer.received.clear()
            peer.read_until(b":\n\n")
        publish(server, 1, 100)
        peer.read_until(b"data: 0 aaa")
        peer.close()
        wait_until("the reader to be gone", lambda: statistics(server)["readers"] == 0)
        server.stop()
    with Program(program, *certificate, "--timeout", "1", "--heartbeat", "0") as server:
        peer = Peer(server, tls)
        peer.read_until(b":\n")  # The stream's opening comment.
        peer.received.clear()
        ready, _, _ = select.select([peer.socket], [], [], 2.5)
        assert not ready, f"an idle stream got {peer.socket.recv(1000)}"
        publish(server, 1, 100)
        peer.read_until(b"data: 0 aaa")
        peer.close()
        server.stop()


def idle_with_defaults(program, seconds=185):
    """A stream stays open for three minutes with only heartbeats and evhttp's default settings."""
    with Program(program) as server:
        peer = Peer(server)
        peer.received.clear()
        ended = time.monotonic() + seconds
        beats = 0
        while time.monotonic() < ended:
            peer.read_until(b":\n\n", 20)
            beats += peer.received.count(b":\n\n")
            peer.received.clear()
        publish(server, 1, 100)
        peer.read_until(b"data: 0 aaa")
        print(f"evhttp: a stream was idle for {seconds} s, with {beats} heartbeats")
        peer.close()
        server.stop()


def delivery(program, tls, *certificate):
    """More data than any buffer holds arrives completely and in order, even next to a stalled reader."""
    with Program(program, *certificate, "--log-bytes", str(64 << 20), "--stall", "60000") as server:
        stuck, reader = Peer(server, tls, small=True), Peer(server, tls)
        count, size = 20000, 1500
        publish(server, count, size)
        reader.read_until(b"data: %d " % (count - 1))
        reader.read_until(b"\n\n")
        publish(server, 1, 100)
        reader.read_until(b"data: %d " % count)
        data = re.findall(rb"data: (.*)\n", reader.received)
        expected = [
            (b"%d " % number).ljust(size, b"%c" % (ord("a") + number % 26)) for number in range(count)]
        assert data[:count] == expected, "the received events differ from the published ones"
        stuck.read_until(b"data: %d " % count)
        assert re.findall(rb"data: (.*)\n", stuck.received)[:count] == expected, "a late reader gets different events"
        reader.close()
        stuck.close()
        wait_until("both to be gone", lambda: statistics(server)["readers"] == 0)
        server.stop()


def a_peer_that_never_reads(program, tls, *certificate, most):
    """A reader that never reads costs no more than its pending data, and is finally disconnected."""
    peers = 100
    with Program(program, *certificate, "--log-bytes", str(16 << 20), "--stall", "4000") as server:
        publish(server, 15000, 1000)  # The log is full and no longer grows.
        stuck = [Peer(server, tls, small=True) for _ in range(peers)]
        before = resident(server.pid)
        publish(server, 8000, 1000)
        wait_until("all to be cut off", lambda: statistics(server)["dropped"] == peers)
        cost = (resident(server.pid) - before) / 1024 / peers
        print(f"evhttp: a peer that never reads{' TLS' if tls else ''} costs {cost:.0f} KiB")
        assert cost < most, f"a peer that never reads costs {cost:.0f} KiB; {most} are allowed"
        assert statistics(server)["readers"] == 0
        for peer in stuck:
            peer.close()
        server.stop()


def waves(program, count):
    """After readers have come and gone three times, no resources are left in use."""
    with Program(program) as server:
        first, poll = readers.connect(server.port, 1, "/events/news")
        # The socket of the curl process that asks is also counted.
        idle_sockets = sockets(server.pid) - 1
        poll.close()
        first[0].close()
        idle_memory = resident(server.pid)
        after = []
        for wave in range(3):
            # No more at once than the accept queue holds. Otherwise, the kernel makes some retry after a second.
            batches = [
                readers.connect(server.port, 100, "/events/news", first)
                for first in range(wave * count, (wave + 1) * count, 100)]
            publish(server, 1, 100)
            for streams, poll in batches:
                readers.wait_for_bytes(streams, poll, b"data: ", 60)
            memory = resident(server.pid)
            for streams, poll in batches:
                poll.close()
                for stream in streams:
                    stream.close()
            wait_until("sockets to be back", lambda: sockets(server.pid) == idle_sockets)
            assert statistics(server)["readers"] == 0
            curl(f"{server.url}/trim")
            after.append(resident(server.pid))
        kibibytes = ", ".join(str(memory >> 10) for memory in after)
        each = (memory - idle_memory) / 1024 / count
        print(f"evhttp: {count} readers connected and disconnected three times; {each:.1f} KiB each; {idle_memory >> 10} KiB before, "
              f"then {kibibytes}")
        # The allocator keeps memory for the next wave, but a wave must not need more.
        grown = (after[2] - after[0]) / (2 * count)
        assert grown < 64, f"a reader that has disconnected leaves {grown:.0f} bytes"
        server.stop()


def certificate():
    key, chain = os.path.join(SCRATCH, "key.pem"), os.path.join(SCRATCH, "certificate.pem")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-keyout", key, "-out", chain)
    return ["--tls", chain, key], ssl.create_default_context(cafile=chain)


class OverTLS(Program):
    def __init__(self, *command):
        super().__init__(*command)
        self.url = f"https://127.0.0.1:{self.port}"


def check(count=2000, is_long=False):
    server = compile_c(
        f"{HERE}/Tests/C/load_server.c", "eventsource-libevent", "libevent", "libevent_openssl", "openssl")
    idle(server, None)
    delivery(server, None)
    a_peer_that_never_reads(server, None, most=96)
    waves(server, count)
    if is_long:
        idle_with_defaults(server)

    global Program
    Program = OverTLS
    options, context = certificate()
    idle(server, context, *options)
    delivery(server, context, *options)
    a_peer_that_never_reads(server, context, *options, most=256)
