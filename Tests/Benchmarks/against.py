"""Measures the programs of two commits in alternation, and prints how much better or worse the newer ones are. Called
by compare.sh --against."""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys

import corpus
from compare import Scale, closing_server, load, publish, spread, stopping
from report import number, ratio_text, table
from servers import HERE, RELEASE, start

# A ratio below this counts as worse.
GOAL = 0.97
STACKS = ["built-in", "evhttp"]


class Row:
    """One figure: how to measure it, and whether a higher value is better."""

    def __init__(self, name, measure, more_is_better, rounds):
        self.name, self.measure, self.more_is_better, self.rounds = name, measure, more_is_better, rounds


def on(stack, key, scale, **options):
    """Returns a figure of the load generator."""
    def measure(release):
        with closing_server(start(stack, release=release)) as server:
            result = load(server, limit=60, **options)
            result["kib"] = (result["resident_open"] - result["resident_before"]) / max(result["opened"], 1)
            return result[key]
    return measure


def resumed(stack, scale):
    def measure(release):
        with closing_server(start(stack, release=release)) as server:
            publish(server, scale.missed + 1, keep=True)
            return load(
                server, readers=scale.resuming, expect=scale.missed, last_event_id=server.last_event_id(1), limit=60)["cpu_us"]
    return measure


def client(scale):
    """Returns the events per second from the built-in server, which is the same for both."""
    def measure(release):
        with closing_server(start("built-in", history=512 << 20)) as server:
            publish(server, scale.client_events + 1)
            url = f"http://127.0.0.1:{server.port}/stream"
            result = run(f"{release}/bench-client", url, str(scale.client_events))
            result = json.loads(result.splitlines()[-1])
            return result["events"] / result["seconds"]
    return measure


def decoding(path):
    def measure(release):
        output = run(f"{release}/bench-parse", path, "2")
        return int(re.search(r"bench-parse whole: .*: (\d+) events/s", output).group(1))
    return measure


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def alternating(rows, releases):
    """Returns the values of each row, measured in pairs. The order within a pair alternates."""
    results = []
    for row in rows:
        print(f"compare: {row.name}", file=sys.stderr, flush=True)
        pairs = []
        for index in range(row.rounds):
            order = releases if index % 2 == 0 else releases[::-1]
            values = {release: row.measure(release) for release in order}
            pairs.append([values[release] for release in releases])
        results.append(pairs)
    return results


def quotients(row, pairs):
    """Returns how much better the newer one was in each pair: 1 means equal, and less means worse."""
    for new, old in pairs:
        if new == old:
            yield 1.0
        elif new and old:
            yield new / old if row.more_is_better else old / new
        else:
            yield 0.0 if bool(new) != row.more_is_better else 2.0


def compared(rows, results):
    lines, missed = [], []
    for row, pairs in zip(rows, results):
        found = spread(list(quotients(row, pairs)))
        new, old = (statistics.median(values) for values in zip(*pairs))
        if found[0] < GOAL:
            missed.append(row.name)
        lines.append([row.name, number(old), number(new), ratio_text(found), "" if found[0] >= GOAL else "worse"])
    return lines, missed


def micro(releases, rounds):
    """Returns allocations, bytes and nanoseconds of single operations. One run of the program measures all of them."""
    runs = {release: [] for release in releases}
    for index in range(rounds):
        for release in releases if index % 2 == 0 else releases[::-1]:
            lines = run(f"{release}/bench-micro").splitlines()
            runs[release].append(dict(line.rsplit(": ", 1) for line in lines))
    rows, results = [], []
    for name in runs[releases[0]][0]:
        cells = [[sample[name].split("\t") for sample in runs[release] if name in sample] for release in releases]
        if not all(cells):
            continue
        rows.append(Row(name if "bytes" in name else f"{name}, allocations", None, False, rounds))
        results.append(list(zip(*[[float(cell[0]) for cell in column] for column in cells])))
        if len(cells[0][0]) > 1:
            rows.append(Row(f"{name}, ns", None, False, rounds))
            results.append(list(zip(*[[float(cell[1].split()[0]) for cell in column] for column in cells])))
    return rows, results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--against", metavar="FOLDER", help="the other commit's programs; without it, its own")
    parser.add_argument("--name", default="the same")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    scale = Scale("smoke" if options.smoke else "quick" if options.quick else "full")
    many, few = (1, 1) if options.smoke else (9, 5) if options.quick else (15, 7)
    # The programs of this tree get their own name, even if they are compared with themselves.
    releases = [RELEASE, options.against or os.path.join(RELEASE, ".")]

    burst = {"readers": scale.readers, "count": scale.burst, "expect": scale.burst}
    count = int(100 * scale.paced_seconds)
    steady = {"readers": scale.readers, "count": count, "rate": 100, "expect": count}
    rows = []
    for stack in STACKS:
        rows += [
            Row(f"{stack}: delivered events/s at full speed", on(stack, "rate", scale, **burst), True, many),
            Row(f"{stack}: server CPU per delivered event at full speed, us", on(stack, "cpu_us", scale, **burst), False, many),
            Row(f"{stack}: server CPU per delivered event, paced, us", on(stack, "cpu_us", scale, **steady), False, many),
            Row(f"{stack}: memory of an idle reader, KiB", on(stack, "kib", scale, readers=scale.idle, hold=1), False, few),
            Row(f"{stack}: server CPU per event of a resume storm, us", resumed(stack, scale), False, few)]
    if options.smoke:
        rows = rows[:5]
    folder = f"{HERE}/.build/corpus-{scale.corpus_megabytes}"
    corpus.write(folder, scale.corpus_megabytes)
    rows += [Row(f"decoding, events/s, {name}", decoding(f"{folder}/{name}.sse"), True, few)
             for name in ["typical", "llm", "large"] if not options.smoke]
    rows += [Row("client, events/s", client(scale), True, few)]

    lines, missed = compared(rows, alternating(rows, releases))
    print("compare: single operations", file=sys.stderr, flush=True)
    more_lines, more_missed = compared(*micro(releases, few))
    heads = ["what", options.name, "this tree", "how much better, 1 is the same (from, to)", ""]
    print(table(heads, lines + more_lines))
    for name in missed + more_missed:
        print(f"compare: {name}: less than {GOAL} of what it was", file=sys.stderr)
    # A smoke run only checks that everything works.
    return 1 if (missed or more_missed) and not options.smoke else 0


if __name__ == "__main__":
    with stopping():
        sys.exit(main())
