"""What compression costs and saves: bytes on the wire, time and memory of the server. See --help."""

import argparse
import contextlib
import json
import os
import re
import subprocess
import tempfile

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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--sizes", type=int, nargs="+", default=[150, 2048])
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--bursts", type=int, nargs="+", default=[1, 20])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--modes", nargs="+", default=list(MODES))
    arguments = parser.parse_args()
    print("| readers | event | burst | server | bytes an event | time an event, µs | memory a reader, KiB |")
    print("|---|---|---|---|---|---|---|")
    for readers in arguments.readers:
        for size in arguments.sizes:
            for burst in arguments.bursts:
                for mode in arguments.modes:
                    with contextlib.suppress(FileNotFoundError):
                        found = measure(mode, readers, size, arguments.rate, burst, arguments.seconds)
                        lost = f" ({found['closed']} closed)" if found["closed"] else ""
                        print(
                            f"| {readers} | {size} B | {burst} | {mode}{lost} | {found['bytes']:.1f} "
                            f"| {found['microseconds']:.2f} | {found['kib']:.1f} |", flush=True)


main()
