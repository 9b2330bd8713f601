"""Measures everything in one run, in alternation, and reports ratios. Called by compare.sh."""

import argparse
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time

import corpus
import report
from servers import HERE, RELEASE, STACKS, YARDSTICKS, Probe, closing_server, peers, start

OURS = ["built-in", "evhttp"]
# Those that must lose nothing.
EXACT = ["floor", *OURS, *STACKS]


class Scale:
    """The amount of work: everything, a run of ten minutes, or a minimum."""

    def __init__(self, mode):
        pick = lambda full, quick, smoke: {"full": full, "quick": quick, "smoke": smoke}[mode]  # noqa: E731
        self.rounds = pick(3, 3, 1)
        self.fewer_rounds = pick(2, 2, 1)
        self.peers_rounds = pick(2, 1, 1)
        self.readers = pick(1000, 1000, 50)
        self.burst = pick(10_000, 5_000, 500)
        self.paced_seconds = pick(4, 3, 1)
        self.idle = pick(15_000, 15_000, 200)
        self.resuming = pick(5_000, 2_000, 100)
        self.missed = pick(1_000, 1_000, 100)
        self.streams = pick(12_500, 12_500, 50)
        self.steps = pick([10, 100, 1_000, 10_000, 19_000], [10, 1_000, 15_000], [10, 50])
        self.sizes = pick([100, 1_000, 10_000, 100_000, 1_000_000], [100, 10_000, 1_000_000], [100, 10_000])
        self.channel_steps = pick([1, 10, 100, 1_000, 12_500, 100_000], [1, 100, 12_500, 100_000], [1, 50, 400])
        self.decoded_sizes = pick(
            [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000], [100, 10_000, 1_000_000, 10_000_000], [100, 100_000])
        self.corpus_megabytes = pick(64, 32, 2)
        self.client_events = pick(1_000_000, 300_000, 10_000)
        self.capacities = pick([0.1, 0.5, 0.9], [0.1, 0.5, 0.9], [0.5])
        self.waves = pick(200, 200, 5)
        self.compared_rounds = pick(5, 5, 1)
        self.streams_of = pick([1, 2, 8, 16], [1, 2, 8, 16], [1, 2, 16])


def load(server, count=None, size=100, rate=0, channels=1, burst=1, reading="own", has_probe=False, **options):
    """Runs the load generator once and returns its results.

    With several channels, each reader reads its own subset of them, or all of them if `reading` is "all". With a probe,
    also measures how late the server's other work is during the run."""
    arguments = {"port": server.port, "pid": server.pid, **options}
    # Peers may lose events, which is not checked here.
    if server.name not in EXACT:
        arguments["idle"] = 3
    publish = server.publish(count, size, rate, channels, burst) if count else None
    if publish:
        arguments["publish"] = publish
    if channels > 1 and reading == "all":
        arguments |= {"path": "/stream/0?" + "&".join(f"channel={number}" for number in range(1, channels))}
    elif channels > 1:
        arguments |= {"path": "/stream/%d", "channels": channels}
    command = [f"{YARDSTICKS}/load"]
    for name, value in arguments.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    if server.name.endswith("HTTP/2"):
        command.append("--http2")
    probing = Probe(server.port) if has_probe else contextlib.nullcontext()
    with probing as probe, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        if probe:
            probe.begin()
        if count and publish is None:
            server.start_publishing(count, size, rate)
        lines = process.stdout.read().splitlines()
        found = probe.finish() if probe else {}
    if not lines:
        raise RuntimeError(f"{server.name}: the load generator ended with status {process.returncode}")
    result = json.loads(lines[-1]) | found
    if server.name in EXACT and (result["failed"] or result["lost"] or result["gaps"] or result["repeats"]):
        raise RuntimeError(f"{server.name}: {result}")
    result["lost_percent"] = 100 * max(result["lost"], 0) / max(result["events"] + result["lost"], 1)
    result["cpu_us"] = result["server_cpu"] * 1e6 / max(result["events"], 1)
    result["rate"] = result["events"] / max(result["seconds"], 1e-9)
    result["bytes_per_event"] = result["bytes"] / max(result["events"], 1)
    return result


def alternate(names, rounds, measure, **options):
    """Measures each server in turn, several times. Returns the median of each figure by name. "ratio" is the median of
    the ratios to the floor's figure of the same round, with the lowest and the highest."""
    runs = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            with closing_server(start(name, **options)) as server:
                runs[name].append(measure(server))
    results = {}
    for name, measured in runs.items():
        results[name] = {key: statistics.median(run[key] for run in measured) for key in measured[0]}
        if name != "floor" and "floor" in runs:
            pairs = [(run, floor) for run, floor in zip(measured, runs["floor"])]
            results[name]["ratio"] = {
                key: spread([run[key] / floor[key] for run, floor in pairs if floor[key]]) for key in measured[0]}
    return results


def spread(values):
    return [statistics.median(values), min(values), max(values)] if values else None


def full_speed(scale, others):
    """Slow servers get smaller bursts, and close results get more rounds."""
    burst = {"Go eventsource": scale.burst // 20, "nchan": scale.burst // 20, "sse-starlette": scale.burst // 200}

    def measure(server):
        count = burst.get(server.name, scale.burst)
        return load(server, count, readers=scale.readers, expect=count)
    close = alternate(["floor", *OURS], 3 * scale.rounds, measure)
    return close | alternate(others, scale.rounds, measure)


def paced(scale, others):
    """Publishes a hundred events per second, or ten for the Python server, which cannot keep up with more."""
    def measure(server):
        rate = 10 if server.name == "sse-starlette" else 100
        count = int(rate * scale.paced_seconds)
        return load(server, count, rate=rate, readers=scale.readers, expect=count, limit=scale.paced_seconds * 6)
    close = alternate(["floor", *OURS], scale.rounds + 3, measure)
    return close | alternate(others, scale.rounds, measure)


def idle(scale, others):
    """Measures a connection storm, and then the memory of idle readers."""
    def measure(server):
        result = load(server, readers=scale.idle, hold=1)
        result["kib"] = (result["resident_open"] - result["resident_before"]) / max(result["opened"], 1)
        return result
    close = alternate(["floor", *OURS], scale.fewer_rounds, measure)
    return close | alternate(others, scale.peers_rounds, measure, buffer=128)


def resume_storm(scale, others):
    def measure(server):
        publish(server, scale.missed + 1, keep=True)
        return load(
            server, readers=scale.resuming, expect=scale.missed, last_event_id=server.last_event_id(1), limit=60)
    there = [name for name in others if name == "Go eventsource"]
    return alternate([*OURS, *there], scale.fewer_rounds, measure)


def many_channels(scale, others):
    """Measures the same number of streams, each with three events per second, over numbers of channels. With more
    channels than streams, each stream has several channels, which peers do not support. Every channel then has one
    reader."""
    events = 3 * scale.paced_seconds

    def over(channels):
        at_once = min(channels, scale.streams)

        def measure(server):
            return load(
                server, events * at_once, rate=3 * at_once, burst=at_once, channels=channels,
                readers=scale.streams // at_once * at_once, expect=events, limit=60)
        names = ["floor", *OURS] if channels == 1 else OURS
        there = [name for name in others if name == "Go eventsource" and channels <= scale.streams]
        close = alternate(names, scale.fewer_rounds, measure, history=64 << 10)
        return close | alternate(there, scale.peers_rounds, measure, buffer=128)
    return {channels: over(channels) for channels in scale.channel_steps}


def several_channels(scale):
    """Measures streams that all have the same channels and get the same number of events, for several numbers of
    channels. "ratio" is the ratio to the cost of a stream of one channel in the same round."""
    count = int(100 * scale.paced_seconds)
    ways = {"paced": (count, 100), "full speed": (scale.burst, 0)}
    runs = {(way, number, name): [] for way in ways for number in scale.streams_of for name in OURS}
    for _ in range(scale.compared_rounds):
        for (way, number, name), measured in runs.items():
            events, rate = ways[way]
            with closing_server(start(name)) as server:
                measured.append(load(
                    server, events, rate=rate, readers=scale.readers, expect=events, limit=60, channels=number, reading="all"))
    results = {way: {number: {} for number in scale.streams_of} for way in ways}
    for (way, number, name), measured in runs.items():
        alone = runs[way, scale.streams_of[0], name]
        results[way][number][name] = {key: statistics.median(run[key] for run in measured) for key in measured[0]} | {
            "ratio": {key: spread([run[key] / one[key] for run, one in zip(measured, alone)]) for key in ["cpu_us", "rate"]}}
    return results


def other_work(scale):
    """Measures how late the host's own work is on the loop that delivers events."""
    def measure(server, rate):
        count = int(rate * scale.paced_seconds) or scale.burst
        result = load(server, count, rate=rate, readers=scale.readers, expect=count, limit=60, has_probe=True)
        timer = get(server, "/stats")["timer_ns"]
        return result | {"timers": timer["count"], "timer_p99_ms": timer["p99"] / 1e6, "timer_max_ms": timer["max"] / 1e6}
    return {name: alternate(OURS, scale.compared_rounds, lambda server, rate=rate: measure(server, rate))
            for name, rate in [("1,000 events a second", 1000), ("full speed", 0)]}


def slowest_publish(scale):
    """Measures microseconds on the publisher's thread, as the median of the rounds."""
    rounds = []
    for _ in range(scale.compared_rounds):
        output = subprocess.run(
            [f"{RELEASE}/bench-publish", str(scale.waves)], check=True, stdout=subprocess.PIPE, text=True).stdout
        rounds.append(json.loads(output))
    return {name: {key: statistics.median(run[name][key] for run in rounds) for key in first}
            for name, first in rounds[0].items()}


def big_events(scale, others):
    count, readers = (20, 100) if scale.readers > 50 else (2, 5)
    there = [name for name in others if name == "Go eventsource"]
    return alternate(
        ["floor", *OURS, *there], scale.fewer_rounds,
        lambda server: load(server, count, size=1_000_000, readers=readers, expect=count), history=64 << 20)


def publish_latency(scale):
    """Measures nanoseconds on the thread of an occasional publisher."""
    def measure(server, readers):
        count = 2_000 if scale.readers > 50 else 200
        load(server, count, rate=1_000, readers=readers, expect=count, limit=60)
        return get(server, "/stats")["publish_ns"]
    return {readers: alternate(["built-in"], scale.fewer_rounds, lambda server: measure(server, readers))["built-in"]
            for readers in [1, 10 * scale.readers]}


def delivery_latency(scale, cost_us, others):
    """Measures delivery at shares of what one thread of the floor can deliver with one send per event and reader."""
    capacity = 1e6 / cost_us / scale.readers
    there = [name for name in others if name in ["Go eventsource", "nchan"]]

    def at(share):
        rate = capacity * share
        count = int(rate * scale.paced_seconds)

        def measure(server):
            return load(server, count, rate=rate, readers=scale.readers, expect=count, limit=60)
        close = alternate(["floor", *OURS], scale.fewer_rounds, measure)
        return close | alternate(there, scale.peers_rounds, measure)
    return {share: at(share) for share in scale.capacities}


def scaling(scale):
    """Measures server CPU per delivered event over readers, sizes and channels, and events per second over threads."""
    short = scale.fewer_rounds

    def over_readers(readers):
        rate = max(2, 100_000 / readers)
        count = int(rate * scale.paced_seconds)
        return lambda server: load(server, count, rate=rate, readers=readers, expect=count, limit=60)

    def over_sizes(size):
        rate = min(500, 2e8 / size / 100)
        count = max(4, int(rate * scale.paced_seconds))
        return lambda server: load(server, count, size=size, rate=rate, readers=100, expect=count, limit=60)

    servers = ["floor", *OURS]
    return {
        "readers": {step: alternate(servers, short, over_readers(step)) for step in scale.steps},
        "bytes of data": {step: alternate(servers, short, over_sizes(step)) for step in scale.sizes},
        "threads": {number: alternate(OURS, short, over_readers(scale.readers), threads=number) for number in [1, 2]},
        "threads at full speed": {number: alternate(
            OURS, short, lambda server: load(server, scale.burst, readers=scale.readers, expect=scale.burst),
            threads=number) for number in [1, 2]},
    }


def decode(path, rounds):
    """Measures events per second of the floor and of ours: the best of many short, alternating runs."""
    best = {}
    for _ in range(rounds):
        counts = set()
        for program in [f"{YARDSTICKS}/floor_parse", f"{RELEASE}/bench-parse"]:
            output = subprocess.run([program, path, "2"], check=True, stdout=subprocess.PIPE, text=True).stdout
            for line in output.splitlines():
                kind, events, data, rate = re.match(
                    r"(.*): (\d+) events (\d+) data bytes: (\d+) events/s", line).groups()
                best[kind] = max(best.get(kind, 0), int(rate))
                counts.add((events, data))
        if len(counts) != 1:
            sys.exit(f"compare: the decoders do not agree about {path}: {counts}")
    return best


def decoding(scale, has_httpx):
    """Measures each file of the corpus. httpx-sse gets a shorter one."""
    folder, short = (f"{HERE}/.build/corpus-{megabytes}" for megabytes in [scale.corpus_megabytes, 1])
    corpus.write(folder, scale.corpus_megabytes)
    corpus.write(short, 1)
    results = {}
    for name in ["typical", "llm", "large"]:
        results[name] = decode(f"{folder}/{name}.sse", 3 * scale.rounds)
        if has_httpx:
            output = subprocess.run(
                [f"{YARDSTICKS}/python/bin/python", f"{HERE}/Peers/httpx_decode.py", f"{short}/{name}.sse"],
                check=True, stdout=subprocess.PIPE, text=True).stdout
            results[name]["httpx-sse"] = int(re.search(r"(\d+) events/s", output).group(1))
    return results


def decoding_over_sizes(scale):
    path = f"{HERE}/.build/of-one-size.sse"

    def of(size):
        corpus.write_events(path, size, max(scale.corpus_megabytes * 1_000_000 // size, 1))
        return decode(path, scale.rounds)
    return {size: of(size) for size in scale.decoded_sizes}


def client(scale, has_httpx):
    """Measures the events per second that reach a counting loop, from the log of the built-in server."""
    ways = {"socket and parser": ["--raw"], "EventSource": []}
    results = {name: [] for name in [*ways, *(["httpx-sse"] if has_httpx else [])]}
    for _ in range(scale.rounds):
        for name, runs in results.items():
            events = scale.client_events if name in ways else scale.client_events // 10
            with closing_server(start("built-in", history=512 << 20)) as server:
                publish(server, events + 1)
                url = f"http://127.0.0.1:{server.port}/stream"
                program = [f"{YARDSTICKS}/python/bin/python", f"{HERE}/Peers/httpx_client.py", url, str(events)]
                if name in ways:
                    program = [f"{RELEASE}/bench-client", url, str(events), *ways[name]]
                output = subprocess.run(program, check=True, stdout=subprocess.PIPE, text=True).stdout
                result = json.loads(output.splitlines()[-1])
                runs.append(result["events"] / result["seconds"])
    return {name: statistics.median(runs) for name, runs in results.items()}


def open_sources(scale):
    """Measures the memory of an open source, in KiB, and the time to open all, in seconds. Does the same for a stream
    of Go's client."""
    programs = {"EventSource": [f"{RELEASE}/bench-client", "--open"], "Go eventsource": [f"{YARDSTICKS}/go-client"]}
    results = {}
    for name, (program, *options) in programs.items():
        if not os.path.exists(program):
            continue
        with closing_server(start("built-in")) as server:
            url = f"http://127.0.0.1:{server.port}/stream"
            output = subprocess.run(
                [program, url, *options, str(min(scale.idle, 10_000))], check=True, stdout=subprocess.PIPE, text=True).stdout
            results[name] = json.loads(output.splitlines()[-1])
    return results


def stacks(scale):
    """The stacks beside the others: full speed, paced events, idle readers, and allocations for a delivered event."""
    def fast(server):
        return load(server, scale.burst, readers=scale.readers, expect=scale.burst, limit=60)

    def slow(server):
        count = int(100 * scale.paced_seconds)
        return load(server, count, rate=100, readers=scale.readers, expect=count, limit=60)

    def waiting(path):
        def measure(server):
            result = load(server, readers=scale.idle, hold=1, path=path)
            return {"kib": (result["resident_open"] - result["resident_before"]) / max(result["opened"], 1)}
        return measure

    def allocating(server):
        count = int(100 * scale.paced_seconds)
        load(server, 10, rate=100, readers=scale.readers, expect=10, limit=60)
        before = get(server, "/stats")
        load(server, count, rate=100, readers=scale.readers, expect=count, limit=60)
        after = get(server, "/stats")
        # What the connecting of the readers allocates is not of their events.
        load(server, readers=scale.readers, hold=1)
        connected = get(server, "/stats")
        connecting = connected["allocations"] - after["allocations"]
        events = after["delivered"] - before["delivered"]
        return {"allocations": (after["allocations"] - before["allocations"] - connecting) / max(events, 1)}

    names = ["floor", *OURS, *STACKS]
    return {
        "full speed": alternate(names, scale.rounds + 2, fast),
        "paced": alternate(names, scale.rounds + 2, slow),
        "idle": alternate(names, 1, waiting("/stream")),
        "idle without streams": alternate(list(STACKS), 1, waiting("/idle")),
        "allocations": alternate([*OURS, *STACKS], 1, allocating, counts_allocations=True),
    }


def publish(server, count, **options):
    """Publishes events of 100 bytes, and returns when they are published."""
    path = server.publish(count, 100, **options)
    subprocess.run(
        ["curl", "-sf", "-X", "POST", f"http://127.0.0.1:{server.port}{path}"], check=True, stdout=subprocess.DEVNULL)
    while get(server, "/stats")["published"] < count:
        time.sleep(0.05)


def get(server, path):
    reply = subprocess.run(
        ["curl", "-sf", f"http://127.0.0.1:{server.port}{path}"], check=True, stdout=subprocess.PIPE)
    return json.loads(reply.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--render", action="store_true", help="write the last run's results once more")
    parser.add_argument("--stacks", action="store_true")
    options = parser.parse_args()
    if options.stacks:
        mode = "smoke" if options.smoke else "quick" if options.quick else "full"
        results = stacks(Scale(mode))
        print(report.stacks(results))
        if options.write:
            report.write_stacks(results)
        return
    if options.render:
        with open(f"{HERE}/.build/results.json", encoding="utf-8") as file:
            return report.write(json.load(file))
    mode = "smoke" if options.smoke else "quick" if options.quick else "full"
    scale = Scale(mode)
    others, missing = ([], []) if options.smoke else peers()
    began = time.monotonic()
    results = {"mode": mode, "missing": missing}

    def run(name, measure, *arguments):
        print(f"compare: {name} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
        results[name] = measure(scale, *arguments)

    has_httpx = "sse-starlette" in others
    run("decoding", decoding, has_httpx)
    run("decoding over sizes", decoding_over_sizes)
    run("full speed", full_speed, others)
    run("paced", paced, others)
    run("idle", idle, others)
    run("resume storm", resume_storm, others)
    run("many channels", many_channels, others)
    run("several channels", several_channels)
    run("other work", other_work)
    run("slowest publish", slowest_publish)
    run("big events", big_events, others)
    run("publish latency", publish_latency)
    run("delivery latency", delivery_latency, results["paced"]["floor"]["cpu_us"], others)
    run("client", client, has_httpx)
    run("open sources", open_sources)
    run("scaling", scaling)
    micro = subprocess.run([f"{RELEASE}/bench-micro"], check=True, stdout=subprocess.PIPE, text=True).stdout
    results["micro"] = dict(line.rsplit(": ", 1) for line in micro.splitlines())
    with open(f"{HERE}/.build/results.json", "w", encoding="utf-8") as file:
        json.dump(results, file)
    print(report.tables(results))
    if options.write:
        report.write(json.loads(json.dumps(results)))
    print(f"compare: {time.monotonic() - began:.0f} s", file=sys.stderr)


@contextlib.contextmanager
def stopping():
    """Ends the started servers before the program ends for any reason."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        sys.exit("compare: stopped")


if __name__ == "__main__":
    with stopping():
        main()
