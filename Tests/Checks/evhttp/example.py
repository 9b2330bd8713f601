"""Checks the examples from the shell: event streams in an evhttp program, in C and in Swift."""

import json
import re
import signal
import socket

from programs import EXAMPLE, VALGRIND, Program, Stream, compile_c, curl, wait_until

SECRET = ["-H", "Authorization: Bearer secret"]


def ticks(program):
    """A stream works alongside the program's earlier routes."""
    with Program(program, "0") as server, Stream(f"{server.url}/events?channel=ticks") as stream:
        status, page = curl(f"{server.url}/")
        assert status == 200 and "EventSource('/events?channel=ticks')" in page, page
        assert curl(f"{server.url}/ticks")[0] == 200
        assert curl(f"{server.url}/nowhere")[0] == 404
        assert curl(f"{server.url}/events")[0] == 400
        assert curl(f"{server.url}/events?channel=none")[0] == 404
        stream.wait_for("\nid: ")
        first = re.search("data: (.*)\nid: (.*)\n", stream.text)
        count = int(first.group(1))
        stream.wait_for(f"data: {count + 1}\n")
        # A returning reader gets the events that it missed, and none twice.
        with Stream(f"{server.url}/events?channel=ticks", "-H", f"Last-Event-ID: {first.group(2)}") as again:
            again.wait_for(f"data: {count + 2}\n")
            assert again.data()[:2] == [str(count + 1), str(count + 2)], again.data()
        server.stop()


def notice_board(program, *prefix):
    """Checks the authorizer, the repository, the logger, publishing on another thread, and a clean end."""
    with Program(*prefix, program, "0") as server:
        def pin_up(text, channel="staff"):
            assert curl("-d", text, f"{server.url}/notes/{channel}") == (202, "pinned up\n")

        def statistics():
            return json.loads(curl(f"{server.url}/statistics")[1])

        staff = f"{server.url}/events/staff"
        reason = "the notes of the staff are for the staff\n"
        assert curl(staff) == (401, reason)
        assert curl("-H", "Authorization: Bearer guess", staff) == (403, reason)
        assert curl(*SECRET, f"{server.url}/events/other")[0] == 404
        keeps_its_connection(server.port)

        with Stream(staff, *SECRET) as live:
            wait_until("the reader to be there", lambda: statistics()["readers"] == 1)
            for number in range(1, 101):
                pin_up(f"note {number} – Grüße")
            live.wait_for("note 100 ")
            expected = [f"note {number} – Grüße" for number in range(1, 101)]
            assert live.data() == expected, live.data()
            # The hub retains only the newest events. Older ones come from the program's own history.
            with Stream(staff, *SECRET, "-H", "Last-Event-ID: 7") as resumed:
                resumed.wait_for("note 100 ")
                assert resumed.data() == expected[7:], resumed.data()
            assert statistics()["replayed"] >= 70, statistics()
            with Stream(staff, *SECRET) as from_the_beginning:
                from_the_beginning.wait_for("note 100 ")
                assert from_the_beginning.data() == expected
            with Stream(staff, *SECRET, "-H", "Last-Event-ID: 4711") as unknown:
                unknown.wait_for("note 100 ")
                assert "event: eventsource-gap" in unknown.text
            wait_until("those who left to be gone", lambda: statistics()["readers"] == 1)
            with Stream(f"{server.url}/events/public") as public:
                wait_until("the reader to be there", lambda: statistics()["readers"] == 2)
                pin_up("for everyone", "public")
                public.wait_for("data: for everyone\n")
                server.process.send_signal(signal.SIGTERM)
                assert re.search(r"data: for everyone\nid: .*\n\nretry: \d+\n\n$", public.end()), public.text
                assert re.search(r"\n\nretry: \d+\n\n$", live.end()), live.text[-200:]
            assert "the hub" not in server.said()
        assert server.process.wait(60) == 0, f"it ended with {server.process.returncode}: {server.said()[-6000:]}"


def keeps_its_connection(port):
    """A rejection by the authorizer leaves the connection usable, even for requests pipelined with it."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        refused = b"GET /events/staff HTTP/1.1\r\nHost: a\r\n\r\n"
        connection.sendall(refused + refused + b"GET /statistics HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b""
        while b"replayed" not in received:
            data = connection.recv(65536)
            assert data, f"the connection was closed after {received}"
            received += data
        connection.sendall(refused)
        while received.count(b"HTTP/1.1 401") < 3:
            data = connection.recv(65536)
            assert data, f"the connection was closed after {received}"
            received += data
        statuses = re.findall(rb"HTTP/1.1 (\d+)", received)
        assert statuses == [b"401", b"401", b"200", b"401"], statuses


def check():
    compile_c(f"{EXAMPLE}/before.c", "libevent")
    ticks(compile_c(f"{EXAMPLE}/after.c", "eventsource-libevent", "libevent"))
    board = compile_c(f"{EXAMPLE}/complete.c", "eventsource-libevent", "libevent")
    notice_board(board)
    notice_board(board, *VALGRIND)
