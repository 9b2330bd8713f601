#!/usr/bin/env python3
"""Many clients in one process, cycling against a failing server: they must leave no resources in use.

usage: cycles.py [--clients N] [--seconds N] [--rounds N] [--transport curl|urlsession]

The server breaks each connection in its own way: before, in and after the head, with and without a reset, in the middle
of a chunk, with an error status, with bytes that are not HTTP, or never responds. After each round the
process must not hold more descriptors, threads and memory than after the first one.
"""

import argparse
import asyncio
import json
import os
import pathlib
import random
import socket
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def faults(breaks_heads):
    """The server's behaviour on a connection, after the request."""
    event = b"id: 1\ndata: " + b"x" * 200 + b"\n\n"
    chunk = b"%x\r\n%s\r\n" % (len(event), event)
    both = [
        [],
        [HEAD + b"\r\n" + event],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 3, chunk[:50]],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk, b"zz\r\n"],
        [HEAD + b"Content-Length: 1000\r\n\r\n" + event],
        [b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"],
        [b"HTTP/1.1 307 Round\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"],
        [b"\x16\x03\x01 what is this?\r\n\r\n"],
        [HEAD + b"\r\n" + event * 50],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk, None],
        [None],
    ]
    return both + ([[HEAD], [b"HTTP/1.1 200"]] if breaks_heads else [])


async def serve(program, breaks_heads):
    ways = faults(breaks_heads)
    count = 0

    async def answer(reader, writer):
        nonlocal count
        count += 1
        try:
            await reader.readuntil(b"\r\n\r\n")
            for piece in random.choice(ways):
                # None: the server sends nothing until the client disconnects.
                if piece is None:
                    await reader.read()
                else:
                    writer.write(piece)
                    await writer.drain()
            if random.random() < 0.3:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        program[0], f"http://127.0.0.1:{port}/", *program[1:], stdout=subprocess.PIPE,
        # One heap, so that the resident size does not depend on which thread frees memory.
        env={**os.environ, "MALLOC_ARENA_MAX": "1"})
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    server.close()
    return process.returncode, [json.loads(line) for line in output.splitlines()], count


def run(binary, transport, clients, seconds, count):
    program = [binary, "--transport", transport, "--clients", str(clients), "--seconds", str(seconds), "--rounds", str(count)]
    status, rounds, connections = asyncio.run(serve(program, transport != "urlsession"))
    if status != 0 or len(rounds) != count:
        sys.exit(f"cycles: the clients ended with status {status} after {len(rounds)} rounds")
    first, last = rounds[0], rounds[-1]
    totals = {key: sum(entry[key] for entry in rounds) for key in ("events", "sources")}
    kinds = sorted({kind for entry in rounds for kind in entry["failures"]})
    print(
        f"cycles: {transport}, {clients} clients: {connections} connections, {totals['sources']} sources, "
        f"{totals['events']} events, failures {' '.join(kinds)}; after each round "
        f"{[entry['descriptors'] for entry in rounds]} descriptors, {[entry['threads'] for entry in rounds]} threads, "
        f"{[entry['residentKiB'] for entry in rounds]} KiB")
    expected = {"connectTimeout", "readTimeout", "status", "streamEnded", "transport"}
    if totals["events"] == 0 or not expected <= set(kinds):
        sys.exit(f"cycles: not every kind of failure was met: {kinds}")
    if last["descriptors"] > first["descriptors"]:
        sys.exit("cycles: descriptors are left")
    if last["threads"] > first["threads"] + 4:
        sys.exit("cycles: threads are left")
    # Allows for memory that the allocator keeps after its peak.
    if last["residentKiB"] > first["residentKiB"] * 1.1 + 4096:
        sys.exit("cycles: memory is left")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--transport", choices=["curl", "urlsession"], action="append")
    options = parser.parse_args()
    build = ["bash", ROOT / "Tests/build.sh", "Tests/EndToEnd", "release"]
    binary = subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True).stdout.strip() + "/ClientCycles"
    for transport in options.transport or ["curl"]:
        run(binary, transport, options.clients, options.seconds, options.rounds)


if __name__ == "__main__":
    main()
