"""Measures a history on Redis that several processes share, against one process alone, bare Redis, and nchan with its
Redis store. Called by compare.sh --shared."""

import argparse
import contextlib
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time

import report
from compare import get, load, publish, stopping
from servers import HERE, Nchan, closing_server, peers
from shared_report import tables
from shared_servers import Node, Reading, Redis, SharedNchan, cluster, newest_ids, post, record


class Scale:
    def __init__(self, mode):
        pick = lambda full, quick, smoke: {"full": full, "quick": quick, "smoke": smoke}[mode]  # noqa: E731
        self.rounds = pick(9, 7, 1)
        self.recorded = pick(400_000, 200_000, 2_000)
        self.seconds = pick(5, 3, 1)
        self.readers = pick([10, 100], [10, 100], [2])
        self.many = pick(1_000, 1_000, 20)
        self.burst = pick(10_000, 5_000, 200)
        self.channels = pick(10_000, 10_000, 50)
        self.resuming = pick(5_000, 5_000, 20)
        self.missed = pick(1_000, 200, 50)
        self.held = pick([100, 1_000, 100_000], [100, 1_000, 100_000], [100, 200, 1_000])
        self.resumes = pick(300, 100, 10)


def alternating(rounds, ways):
    """For each way the median of each figure, and all rounds, of measurements in turn."""
    runs = {name: [] for name in ways}
    for index in range(rounds):
        names = list(ways) if index % 2 == 0 else list(ways)[::-1]
        for name in names:
            runs[name].append(ways[name]())
    return {name: {key: statistics.median(run[key] for run in measured) for key in measured[0]} | {"rounds": measured}
            for name, measured in runs.items()}


def recording(scale):
    """Events of 100 bytes by one task and by a thousand, and bare XADD of as many bytes as one takes on Redis."""
    def ours(publishers, channels=1, appendfsync="everysec"):
        def measure():
            with cluster(1, appendfsync=appendfsync) as (redis, [server]):
                before = redis.cpu()
                count = scale.recorded if publishers > 1 else scale.recorded // 20
                rate = record(server, count, publishers, channels)
                return {"rate": rate, "redis_us": (redis.cpu() - before) * 1e6 / count}
        return measure

    def bare(pipeline, clients):
        def measure():
            with closing_server(Redis()) as redis:
                before = redis.cpu()
                count = scale.recorded if clients > 1 else scale.recorded // 20
                output = subprocess.run(
                    ["redis-benchmark", "-s", redis.socket, "-n", str(count), "-P", str(pipeline), "-c", str(clients), "--csv",
                     "XADD", "stream", "*", "e", "x" * stored_size()], check=True, stdout=subprocess.PIPE, text=True).stdout
                rate = float(re.findall(r'"([0-9.]+)"', output.splitlines()[-1])[0])
                return {"rate": rate, "redis_us": (redis.cpu() - before) * 1e6 / count}
        return measure

    def nchan():
        with cluster(1, SharedNchan) as (redis, [server]):
            before, began, count = redis.cpu(), time.monotonic(), scale.recorded // 40
            server._publish(count, 100, 0)
            return {"rate": count / (time.monotonic() - began), "redis_us": (redis.cpu() - before) * 1e6 / count}
    ways = {"bare, one at a time": bare(1, 1), "1 publisher": ours(1), "bare, 1,000 at a time": bare(500, 2),
            "1,000 publishers": ours(1_000), "1,000 publishers, 100 channels": ours(1_000, 100),
            "1,000 publishers, appendfsync always": ours(1_000, 1, "always")}
    if scale.has_nchan:
        ways["nchan, 16 requests at a time"] = nchan
    return alternating(min(scale.rounds, 3), ways)


def stored_size():
    """The bytes of an event with 100 bytes of data in its stream."""
    if not hasattr(stored_size, "known"):
        with cluster(1) as (redis, [server]):
            record(server, 1, 1)
            entry = redis.command("--json", "XRANGE", "eventsource:s:0", "-", "+", "COUNT", "1")
            stored_size.known = len(json.loads(entry)[0][1][1])
    return stored_size.known


def alone(measure):
    """A measurement of one process that shares nothing."""
    def run():
        with closing_server(Node()) as server:
            publish(server, 10)
            return measure(server)
    return run


def shared(measure, reading=0, kind=Node):
    """A measurement of one of two processes: of the one that publishes (0), or of the other (1)."""
    def run():
        with cluster(2, kind) as (redis, servers):
            # So that the scripts are on the server.
            if kind is Node:
                record(servers[0], 10, 1)
            before = redis.cpu()
            result = measure(servers[reading])
            return result | {"redis_cpu": redis.cpu() - before}
    return run


def latency(scale):
    """From a call of publish to a reader, at 1,000 events/s."""
    def of(readers):
        def measure(server):
            count = 1_000 * scale.seconds
            return load(server, count, rate=1_000, readers=readers, expect=count, limit=60)
        ways = {"one process, nothing shared": alone(measure), "the publishing process": shared(measure),
                "another process": shared(measure, 1)}
        if scale.has_nchan:
            ways["nchan, another process"] = shared(measure, 1, SharedNchan)
        return alternating(scale.rounds, ways)
    return {readers: of(readers) for readers in scale.readers}


def delivery(scale):
    """To many readers: at full speed, and 100 events a second."""
    def full(server):
        count = scale.burst // 10 if isinstance(server, Nchan) else scale.burst
        return load(server, count, readers=scale.many, expect=count, limit=60)

    def paced(server):
        count = 100 * scale.seconds
        return load(server, count, rate=100, readers=scale.many, expect=count, limit=60)

    def ways(measure):
        ways = {"nothing shared": alone(measure), "the publishing process": shared(measure),
                "another process": shared(measure, 1)}
        if scale.has_nchan:
            ways["nchan, another process"] = shared(measure, 1, SharedNchan)
        return alternating(scale.rounds, ways)
    return {"full speed": ways(full), "paced": ways(paced)}


def receiving(scale):
    """To one reader at full speed: what an event costs a process, apart from its readers."""
    def measure(server):
        count = scale.recorded // 2
        return load(server, count, readers=1, expect=count, limit=100)
    return alternating(scale.rounds, {"nothing shared": alone(measure), "another process": shared(measure, 1)})


def channels(scale):
    """As many idle readers as channels, with and without a shared history."""
    hold = 2 * scale.seconds

    def measure(server):
        result = load(server, readers=scale.channels, channels=scale.channels, hold=hold)
        result["kib"] = (result["resident_open"] - result["resident_before"]) / max(result["opened"], 1)
        result["idle_percent"] = 100 * result["server_cpu"] / hold
        return result
    return alternating(min(scale.rounds, 3), {"nothing shared": alone(measure), "shared": shared(measure)})


def storm(scale):
    """All readers come to a process that has read the channel never before, and have missed as many events."""
    def measure(server):
        source = server.publisher or server
        if server.redis:
            last = newest_ids(server.redis, 1)[0]
            record(source, scale.missed, 1_000)
        else:
            publish(server, scale.missed, keep=True)
            last = server.last_event_id(10)
        return load(server, readers=scale.resuming, expect=scale.missed, last_event_id=last, limit=120)
    return alternating(min(scale.rounds, 3), {"nothing shared, from the log": alone(measure),
                                              "another process, from Redis": shared(measure, 1)})


def resumes(scale):
    """Milliseconds from a request to its first event, by what the last event ID is and how many events are held."""
    times = {}
    with contextlib.ExitStack() as stack:
        asked = [(held, *holding(stack, held)) for held in scale.held]
        for _ in range(scale.resumes):
            for held, server, kinds in asked:
                for kind, last in kinds.items():
                    times.setdefault(held, {}).setdefault(kind, []).append(first_event(server, last))
    return {held: {kind: statistics.median(values) for kind, values in kinds.items()} for held, kinds in times.items()}


def holding(stack, held):
    """A process whose log holds so many events, and last event IDs to ask it for."""
    redis, [server] = stack.enter_context(cluster(1))
    stack.enter_context(Reading(server))
    record(server, held, 1_000)
    while get(server, "/stats")["delivered"] < held:
        time.sleep(0.05)
    ids = newest_ids(redis, 100)
    epoch = ids[0].split("-")[0]
    return server, {"known": ids[10], "known, the 100th newest": ids[99], "unknown": "1-1",
                    "unknown, of this epoch": f"{epoch}-{1 << 62}", "hostile, 200 digits": "9" * 200,
                    "hostile, 200 letters": "x" * 200}


def first_event(server, last_event_id):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port)) as stream:
        stream.sendall(f"GET /stream HTTP/1.1\r\nHost: x\r\nLast-Event-ID: {last_event_id}\r\n\r\n".encode())
        received = b""
        while b"data:" not in received:
            data = stream.recv(4096)
            if not data:
                raise RuntimeError(f"{last_event_id[:40]}: {received}")
            received += data
        return (time.monotonic() - began) * 1e3


ROWS = {"recording": recording, "latency": latency, "delivery": delivery, "receiving": receiving, "channels": channels,
        "storm": storm, "resumes": resumes}


def main():
    parser = argparse.ArgumentParser()
    for option in ["--quick", "--smoke", "--write", "--render"]:
        parser.add_argument(option, action="store_true")
    parser.add_argument("--only", choices=ROWS, help="one of the measurements, beside what the last run had of the others")
    options = parser.parse_args()
    path = f"{HERE}/.build/shared{'-smoke' if options.smoke else ''}.json"
    if not options.render:
        scale = Scale("smoke" if options.smoke else "quick" if options.quick else "full")
        scale.has_nchan = not options.smoke and "nchan" in peers()[0]
        results = {}
        if options.only and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                results = json.load(file)
        results["scale"] = vars(scale)
        began = time.monotonic()
        for name, measure in ROWS.items():
            if options.only in [None, name]:
                print(f"shared: {name} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
                results[name] = measure(scale)
                with open(path, "w", encoding="utf-8") as file:
                    json.dump(results, file)
    with open(path, encoding="utf-8") as file:
        text = tables(json.load(file))
    print(text)
    if options.write or options.render:
        report.replace_measured("MoreThanOneProcess.md", text)


if __name__ == "__main__":
    with stopping():
        sys.exit(main())
