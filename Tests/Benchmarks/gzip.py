"""Measures what compression costs and saves: bytes on the wire, time and memory of the server. Called by compare.sh --gzip."""

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import textwrap

import report
from compare import stopping
from servers import HERE, RELEASE, YARDSTICKS, Server, closing_server, free_port

NGINX = """
worker_processes 1; daemon off; pid FOLDER/pid; error_log /dev/null;
worker_rlimit_nofile 50000;
events { worker_connections 50000; }
http {
  access_log off;
  gzip on; gzip_types text/event-stream; gzip_proxied any; gzip_comp_level LEVEL; gzip_min_length 0;
  server {
    listen 127.0.0.1:PORT;
    location / {
      proxy_pass http://127.0.0.1:UPSTREAM; proxy_buffering off; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Accept-Encoding identity;
    }
  }
}
"""


class Nginx(Server):
    """nginx with gzip in front of the built-in server; what is measured is its worker and the server."""

    def __init__(self, upstream):
        port = free_port()
        self.upstream, self.folder = upstream, tempfile.TemporaryDirectory()
        text = NGINX.replace("FOLDER", self.folder.name).replace("UPSTREAM", str(upstream.port))
        text = text.replace("PORT", str(port)).replace("LEVEL", "6")
        with open(f"{self.folder.name}/conf", "w", encoding="utf-8") as file:
            file.write(("user root;\n" if os.geteuid() == 0 else "") + text)
        super().__init__(
            "nginx", ["/usr/sbin/nginx", "-p", self.folder.name, "-c", f"{self.folder.name}/conf", "-e", "/dev/null"],
            port)
        workers = []
        while not workers:
            with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as file:
                workers = file.read().split()
        self.pids = [int(workers[0]), upstream.pid]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.upstream.stop()
        self.folder.cleanup()


def ours(gzip, level=6):
    port = free_port()
    command = [f"{RELEASE}/bench-server", "--stack", "builtin", "--port", str(port), "--history", str(16 << 20)]
    return Server(gzip, [*command, "--gzip", gzip, "--level", str(level)], port)


def go(gzip):
    port = free_port()
    return Server("Go", [f"{YARDSTICKS}/go-eventsource", str(port), "4096", gzip], port)


MODES = {
    "uncompressed": lambda: ours("off"),
    "shared": lambda: ours("shared"),
    "shared, read without gzip": lambda: ours("shared"),
    "one each": lambda: ours("each"),
    "nginx with gzip": lambda: Nginx(ours("off")),
    "Go eventsource": lambda: go("off"),
    "Go eventsource with Gzip": lambda: go("gzip"),
}


def usage_of(pids):
    """Seconds of processor time, and KiB of memory."""
    seconds = memory = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            memory += int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])
    return seconds, memory


def measure(mode, readers, size, rate, burst, seconds):
    with closing_server(MODES[mode]()) as server:
        pids = getattr(server, "pids", [server.pid])
        _, before = usage_of(pids)
        coding = "identity" if "without" in mode or mode == "uncompressed" else "gzip"
        # Bursts have the same number of events as a steady stream.
        count = int(rate * seconds)
        publish = f"/publish?n={count}&size={size}&rate={rate}&burst={burst}&json=1"
        command = [f"{YARDSTICKS}/drain", str(server.port), str(readers), str(seconds), coding, "/stream", publish]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as drain:
            drain.stdout.readline()
            begun, _ = usage_of(pids)
            result = json.loads(drain.stdout.readline())
            ended, memory = usage_of(pids)
            drain.stdin.close()
        delivered = count * readers
        return {
            "bytes": result["bytes"] / delivered, "microseconds": 1e6 * (ended - begun) / delivered,
            "kib": (memory - before) / readers, "closed": result["closed"],
        }


class Scale:
    def __init__(self, mode):
        pick = lambda full, quick, smoke: {"full": full, "quick": quick, "smoke": smoke}[mode]  # noqa: E731
        self.rounds = pick(5, 1, 1)
        # A compressor for each of 20 readers keeps up with the events. With more it is behind, and compresses several at a
        # time: fewer bytes, later.
        self.readers = pick([20, 1_000, 10_000], [20, 1_000, 10_000], [20])
        self.sizes = pick([150, 2048], [150, 2048], [150])
        self.bursts = pick([1, 20], [1, 20], [1])
        self.rate = 100
        # By readers. A compressor for each of 10,000 readers is behind by minutes otherwise.
        self.seconds = pick({20: 10, 1_000: 10, 10_000: 5}, {20: 5, 1_000: 5, 10_000: 2}, {20: 1})


def can_run(mode, readers):
    if mode.startswith("nginx"):
        # A reader takes two descriptors of its process.
        return os.path.exists("/usr/sbin/nginx") and 2 * readers + 64 < resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return not mode.startswith("Go") or os.path.exists(f"{YARDSTICKS}/go-eventsource")


def measure_all(scale, path):
    """For each case and server, the medians of the rounds, in which the servers are measured in turn. What is measured is
    written to `path` after each case, so that --render shows it even if the rest is not measured."""
    cases = [(readers, size, burst) for readers in scale.readers for size in scale.sizes for burst in scale.bursts
             if burst == 1 or readers >= 1_000]
    results = []
    for readers, size, burst in cases:
        modes = [mode for mode in MODES if can_run(mode, readers)]
        rounds = {mode: [] for mode in modes}
        for index in range(scale.rounds):
            for mode in modes if index % 2 == 0 else modes[::-1]:
                print(f"gzip: {readers} readers, {size} B, {burst} at once, {mode}", file=sys.stderr, flush=True)
                rounds[mode].append(measure(mode, readers, size, scale.rate, burst, scale.seconds[readers]))
        medians = {mode: {key: statistics.median(each[key] for each in measured) for key in measured[0]}
                   for mode, measured in rounds.items()}
        results.append({"readers": readers, "size": size, "burst": burst, "servers": medians})
        with open(path, "w", encoding="utf-8") as file:
            json.dump(results, file)


def tables(results):
    parts = []
    for case in results:
        servers = case["servers"]
        plain = servers["uncompressed"]
        rows = []
        for mode, values in servers.items():
            # A reader that was cut off makes the figures of its server meaningless.
            closed = f", {values['closed']:.0f} cut off" if values["closed"] else ""
            rows.append([mode + closed, *(
                report.number(values[key]) + (f" ({report.number(values[key] / plain[key], 2)})" if plain[key] else "")
                for key in ["bytes", "microseconds", "kib"])])
        pace = "100 events/s" if case["burst"] == 1 else f"100 events/s, {case['burst']} at once"
        parts += [
            f"#### {case['readers']:,} readers, JSON of {case['size']:,} B, {pace}",
            report.table(["", "bytes per event", "CPU per event and reader, us", "memory per reader, KiB"], rows)]
        parts.append(goals(servers, case["readers"]))
    return "\n\n".join(parts)


def goals(servers, readers):
    """One line with what the goals are about. What a few readers need is mostly what the server needs without any."""
    shared, plain, each = servers["shared"], servers["uncompressed"], servers["one each"]
    text = f"One compressor for all keeps {each['bytes'] / shared['bytes']:.2f} of the ratio of one for each (goal: 0.9)"
    if readers >= 1_000:
        cpu = shared["microseconds"] / plain["microseconds"]
        text += (f", at {cpu:.2f} x the CPU without compression (goal: at most 1.2) and "
                 f"{shared['kib'] - plain['kib']:+.2f} KiB per reader (goal: at most 0.3)")
    if readers >= 1_000 and (go_gzip := servers.get("Go eventsource with Gzip")):
        memory = f"{go_gzip['kib'] / shared['kib']:.0f} x" if shared["kib"] > 0 else "no measurable part of"
        cpu = go_gzip["microseconds"] / shared["microseconds"]
        text += f". Go's server takes {cpu:.0f} x its CPU (goal: 20) and {memory} its memory (goal: 100)"
    return "\n".join(textwrap.wrap(text + ".", 120))


def main():
    parser = argparse.ArgumentParser()
    for option in ["--quick", "--smoke", "--write", "--render"]:
        parser.add_argument(option, action="store_true")
    options = parser.parse_args()
    path = f"{HERE}/.build/gzip{'-smoke' if options.smoke else ''}.json"
    if not options.render:
        measure_all(Scale("smoke" if options.smoke else "quick" if options.quick else "full"), path)
    with open(path, encoding="utf-8") as file:
        text = tables(json.load(file))
    print(text)
    if options.write or options.render:
        report.replace_measured("Compression.md", text)


if __name__ == "__main__":
    with stopping():
        main()
