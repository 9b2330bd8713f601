"""Clients that inflate a compressed stream of `eventsource serve --gzip`: each event is visible to all of them before the
next one is published. Beside each is the same client without compression, to compare how long an event takes.

usage: gzip.py PROGRAM [MINUTES]

Without MINUTES, some dozens of events with a pause longer than the heartbeat.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Browser"))
from chromium import NAMES, Chromium, end_with_parent  # noqa: E402

PYTHON = """
import http.client, sys, urllib.parse, zlib
url = urllib.parse.urlparse(sys.argv[1])
connection = http.client.HTTPConnection(url.netloc)
connection.request("GET", url.path, headers={"Accept-Encoding": sys.argv[2]})
response = connection.getresponse()
coding = response.getheader("Content-Encoding", "identity")
assert coding == sys.argv[2], response.getheaders()
decoder = zlib.decompressobj(31)
while piece := response.read1():
    sys.stdout.write((decoder.decompress(piece) if coding == "gzip" else piece).decode())
    sys.stdout.flush()
assert coding == "identity" or decoder.eof, "the stream ended before the end of the gzip member"
"""
NODE = """
(async () => {
  const coding = process.argv[2];
  const response = await fetch(process.argv[1], { headers: coding === "gzip" ? {} : { "accept-encoding": coding } });
  if ((response.headers.get("content-encoding") ?? "identity") !== coding) throw new Error("another coding");
  const decoder = new TextDecoder();
  for await (const piece of response.body) process.stdout.write(decoder.decode(piece, { stream: true }));
})();
"""
GO = """package main

import (
\t"io"
\t"net/http"
\t"os"
)

func main() {
\tresponse, err := http.Get(os.Args[1])
\tif err != nil || !response.Uncompressed {
\t\tpanic("it is not compressed")
\t}
\tbuffer := make([]byte, 65536)
\tfor {
\t\tcount, err := response.Body.Read(buffer)
\t\tos.Stdout.Write(buffer[:count])
\t\tif err == io.EOF {
\t\t\treturn
\t\t} else if err != nil {
\t\t\tpanic(err)
\t\t}
\t}
}
"""


class Program:
    """A client that prints the stream, or the data of its events."""

    def __init__(self, name, command, is_compressed):
        self.name, self.is_compressed = name, is_compressed
        self.last, self.heard_at = -1, 0
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            text = line.removeprefix("data: ")
            if text.startswith("event "):
                number = int(text.split()[1])
                # A new reader begins anywhere; from then on nothing is missing.
                if self.last >= 0 and number != self.last + 1:
                    self.last = -(10**9)
                    return
                self.heard_at = time.monotonic()
                self.last = number

    def heard(self):
        return self.last

    def ended(self):
        """Whether it ended by itself, without an error."""
        status = self.process.wait(30)
        self.reader.join(10)
        return status

    def close(self):
        self.process.kill()
        self.process.wait()


class Browser:
    """Chromium, which always asks for compression. It is asked what it has, so nothing is known about when it came."""

    is_compressed, heard_at = True, None

    def __init__(self, url, origin):
        self.name = "chromium"
        self.browser = Chromium()
        self.page = self.browser.first_page()
        self.page.open(f"{origin}/stats")
        self.page.wait_for("a page of the server", f"location.href === '{origin}/stats'")
        self.page.evaluate(f"""
          window.last = -1;
          window.source = new EventSource("{url}");
          source.onmessage = (event) => {{
            const number = Number(event.data.split(" ")[1]);
            last = last >= 0 && number !== last + 1 ? -1e9 : number;
          }};
          0""")

    def heard(self):
        return int(self.page.evaluate("last"))

    def close(self):
        self.browser.close()


class Server:
    def __init__(self, program):
        self.process = subprocess.Popen(
            [program, "serve", "--gzip", "--port", "0"], stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)
        self.origin = self.process.stdout.readline().split()[-1].rstrip("/")
        self.url = f"{self.origin}/events/news"

    def publish(self, data):
        request = urllib.request.Request(f"{self.origin}/publish/news", data.encode(), method="POST")
        urllib.request.urlopen(request, timeout=30).read()

    def wait_for_readers(self, count):
        deadline = time.monotonic() + 60
        while f'"readers":{count},' not in urllib.request.urlopen(f"{self.origin}/stats", timeout=30).read().decode():
            assert time.monotonic() < deadline, "not all clients are connected"
            time.sleep(0.05)


def programs(program, url, folder):
    """For each client that is installed: its name, and its commands with and without compression."""
    plain = "Accept-Encoding: identity"
    yield "curl", ["curl", "-sN", "--compressed", url], ["curl", "-sN", url]
    python = [sys.executable, "-c", PYTHON, url]
    yield "Python", [*python, "gzip"], [*python, "identity"]
    yield "our client", [program, "listen", url], [program, "listen", "--header", plain, url]
    if shutil.which("node"):
        yield "node", ["node", "-e", NODE, url, "gzip"], ["node", "-e", NODE, url, "identity"]
    if shutil.which("go"):
        with open(f"{folder}/main.go", "w", encoding="utf-8") as file:
            file.write(GO)
        environment = os.environ | {"GOCACHE": f"{folder}/cache", "GO111MODULE": "off"}
        subprocess.run(["go", "build", "-o", f"{folder}/client", f"{folder}/main.go"], check=True, env=environment)
        yield "Go", [f"{folder}/client", url, "gzip"], [f"{folder}/client", url, "identity"]


def exchange(server, clients, number, latencies):
    """Publishes an event, and waits until every client has it."""
    data = f"event {number} " + '{"name":"%s","value":%d}' % ("reader" * random.randrange(1, 30), number)
    began = time.monotonic()
    server.publish(data)
    while not all(client.heard() == number for client in clients):
        late = [f"{client.name} at {client.heard()}" for client in clients if client.heard() != number]
        assert time.monotonic() < began + 20, f"event {number} is not visible: {late}"
        time.sleep(0.005)
    for client in clients:
        if client.heard_at:
            latencies[client.is_compressed].append(client.heard_at - began)


def p99(values):
    return 1000 * sorted(values)[len(values) * 99 // 100]


def main():
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 0
    folder = tempfile.mkdtemp()
    server = Server(sys.argv[1])
    clients = []
    try:
        for name, compressed, plain in programs(sys.argv[1], server.url, folder):
            clients += [Program(name, compressed, True), Program(f"{name}, uncompressed", plain, False)]
        if any(shutil.which(name) for name in NAMES):
            clients.append(Browser(server.url, server.origin))
        server.wait_for_readers(len(clients))
        latencies = {True: [], False: []}
        end = time.monotonic() + 60 * minutes
        number = 0
        while number < 40 or time.monotonic() < end:
            exchange(server, clients, number, latencies)
            number += 1
            if number == 20:
                # Longer than the heartbeat, and then more readers who wait for a key frame.
                time.sleep(16)
            elif number % 50 == 0:
                time.sleep(random.choice([0, 1, 3]))
        server.process.terminate()
        for client in clients:
            if isinstance(client, Program) and not client.name.startswith("our client"):
                assert client.ended() == 0, f"{client.name} ended with status {client.process.returncode}"
        names = ", ".join(client.name for client in clients if client.is_compressed)
        compressed, plain = p99(latencies[True]), p99(latencies[False])
        print(f"{number} events, each visible at once to {names}; p99 {compressed:.1f} ms compressed, {plain:.1f} ms not, "
              f"{compressed / plain:.2f} x")
    finally:
        for client in clients:
            client.close()
        server.process.kill()
        server.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
