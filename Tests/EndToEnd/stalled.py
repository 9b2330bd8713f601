#!/usr/bin/env python3
"""Readers that never read, on many channels, while much is published: the hub keeps its memory limit, and the process's
memory stays below that limit plus the cost of the connections.

usage: stalled.py [--readers N] [--channels N] [--budget MEBIBYTES] [--rounds N]
                  [--stack builtin|nio|hummingbird]
"""
import argparse, os, socket, subprocess, sys

sys.dont_write_bytecode = True
from process_usage import resident  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
# The allowed cost of a connection in addition to the limit, in bytes: its buffers, its stream, its channel entry. NIO
# keeps a copy of what waits for a reader, and readers at the same position share it.
PER_READER = {"builtin": 8 << 10, "nio": 64 << 10, "hummingbird": 96 << 10}


def connect(port, number, channel):
    stream = socket.socket()
    # The kernel's minimum, so that the server must keep the data.
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    stream.bind((f"127.0.0.{2 + number // 10000}", 0))
    stream.connect(("127.0.0.1", port))
    stream.sendall(f"GET /events/c{channel} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return stream


def play(options, rule, program):
    server = subprocess.Popen(
        [program, str(options.channels), str(options.budget), rule, options.stack], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True)
    try:
        port = int(server.stdout.readline().split()[1])
        empty = resident(server.pid)
        readers = [connect(port, number, number % options.channels) for number in range(options.readers)]
        for reader in readers:
            reader.recv(12)
        idle, most, report = resident(server.pid), 0, ""
        for _ in range(4):
            server.stdin.write(f"publish {options.rounds // 4}\n")
            server.stdin.flush()
            report = server.stdout.readline().strip()
            most = max(most, resident(server.pid))
        # Includes logs, and the spare memory of the allocator.
        allowed = empty + int((options.budget << 20) * 1.5) + options.readers * PER_READER[options.stack]
        published = options.rounds * options.channels >> 10
        print(f"stalled: {options.stack}: {rule}: {options.readers} readers of {options.channels} channels, {published} MiB published, budget"
              f" {options.budget} MiB; resident {empty >> 20} MiB empty, {idle >> 20} idle, {most >> 20} at most; {report}")
        if most > allowed:
            sys.exit(f"stalled: {most >> 20} MiB are more than {allowed >> 20}")
        held = int(report.split()[1])
        if held > (options.budget << 20) * 1.05:
            sys.exit(f"stalled: the hub holds {held} bytes")
        for reader in readers:
            reader.close()
    finally:
        server.stdin.close()
        if server.wait(60) != 0:
            sys.exit(f"stalled: the server ended with status {server.returncode}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--readers", type=int, default=1_000)
    parser.add_argument("--channels", type=int, default=100)
    parser.add_argument("--budget", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=1_000)
    parser.add_argument("--stack", choices=list(PER_READER), default="builtin")
    options = parser.parse_args()
    mode = ["release"] if options.stack == "builtin" else ["stacks", "ManyChannels"]
    build = ["bash", os.path.join(HERE, "..", "build.sh"), "Tests/EndToEnd", *mode]
    folder = subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    for rule in ["disconnect", "skip"]:
        play(options, rule, os.path.join(folder, "ManyChannels"))


main()
