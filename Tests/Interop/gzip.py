"""Clients that inflate a compressed stream of `eventsource serve --gzip`: each event is visible to all of them before the
next one is published.

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
connection.request("GET", url.path, headers={"Accept-Encoding": "gzip"})
response = connection.getresponse()
assert response.getheader("Content-Encoding") == "gzip", response.getheaders()
decoder = zlib.decompressobj(31)
while piece := response.read1():
    sys.stdout.write(decoder.decompress(piece).decode())
    sys.stdout.flush()
assert decoder.eof, "the stream ended before the end of the gzip member"
"""
NODE = """
(async () => {
  const response = await fetch(process.argv[1]);
  if (response.headers.get("content-encoding") !== "gzip") throw new Error("it is not compressed");
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

    def __init__(self, name, command):
        self.name, self.last, self.count = name, -1, 0
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
                self.last = number
                self.count += 1

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


def main():
    program = sys.argv[1]
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 0
    folder = tempfile.mkdtemp()
    server = subprocess.Popen(
        [program, "serve", "--gzip", "--port", "0"], stdout=subprocess.PIPE, text=True,
        preexec_fn=end_with_parent)
    origin = server.stdout.readline().split()[-1].rstrip("/")
    url = f"{origin}/events/news"
    clients = []
    latest = [0]

    def publish(number):
        text = f"event {number} " + '{"name":"%s","value":%d}' % ("reader" * random.randrange(1, 30), number)
        request = urllib.request.Request(f"{origin}/publish/news", text.encode(), method="POST")
        urllib.request.urlopen(request, timeout=30).read()
        begin = time.monotonic()
        while not all(client.heard() == number for client in clients):
            late = [f"{client.name} at {client.heard()}" for client in clients if client.heard() != number]
            assert time.monotonic() < begin + 20, f"event {number} is not visible: {late}"
            time.sleep(0.005)
        latest.append(time.monotonic() - begin)

    try:
        commands = {
            "curl": ["curl", "-sN", "--compressed", url],
            "Python": [sys.executable, "-c", PYTHON, url],
            "our client": [program, "listen", url],
        }
        if shutil.which("node"):
            commands["node"] = ["node", "-e", NODE, url]
        if shutil.which("go"):
            with open(f"{folder}/main.go", "w", encoding="utf-8") as file:
                file.write(GO)
            environment = os.environ | {"GOCACHE": f"{folder}/cache", "GO111MODULE": "off"}
            subprocess.run(["go", "build", "-o", f"{folder}/client", f"{folder}/main.go"], check=True, env=environment)
            commands["Go"] = [f"{folder}/client", url]
        for name, command in commands.items():
            clients.append(Program(name, command))
        if any(shutil.which(name) for name in NAMES):
            clients.append(Browser(url, origin))
        deadline = time.monotonic() + 60
        number = 0
        while f'"readers":{len(clients)},' not in urllib.request.urlopen(f"{origin}/stats", timeout=30).read().decode():
            assert time.monotonic() < deadline, "not all clients are connected"
            time.sleep(0.05)
        end = time.monotonic() + 60 * minutes
        while number < 40 or time.monotonic() < end:
            publish(number)
            number += 1
            if number == 20:
                # Longer than the heartbeat, and then more readers who wait for a key frame.
                time.sleep(16)
            elif number % 50 == 0:
                time.sleep(random.choice([0, 1, 3]))
        names = ", ".join(client.name for client in clients)
        server.terminate()
        for client in clients:
            if isinstance(client, Program) and client.name not in ["our client"]:
                assert client.ended() == 0, f"{client.name} ended with status {client.process.returncode}"
        latest.sort()
        print(f"{number} events, each visible at once to {names}; the slowest of all p99 "
              f"{1000 * latest[len(latest) * 99 // 100 - 1]:.0f} ms")
    finally:
        for client in clients:
            client.close()
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
