"""Many streams of one page, from a server on Hummingbird: over one HTTP/2 connection each gets its events, whatever
another one does, and over HTTP/1.1 only six are open.

usage: streams.py NEWS-SERVER
"""

import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # The sources' folder stays as it is.
from chromium import Chromium, end_with_parent

# As many streams as NIO and Hummingbird allow on a connection unless they are configured otherwise.
STREAMS = 100


class Server:
    def __init__(self, program, *certificate):
        self.process = subprocess.Popen(
            [program, "hummingbird", *certificate], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=end_with_parent)
        self.url = re.search(r"https?://[0-9.:]+", self.process.stdout.readline()).group()

    def publish(self, channel, text):
        subprocess.run(
            ["curl", "-skf", "--data-binary", "@-", f"{self.url}/publish/{channel}"], input=text.encode(), check=True,
            stdout=subprocess.DEVNULL)

    def stop(self):
        """Ends it gracefully. Returns the reasons for which its streams have ended."""
        self.process.stdin.close()
        line = self.process.stdout.readline().strip()
        assert self.process.wait(60) == 0, f"the server has ended with status {self.process.returncode}"
        return line

    def kill(self):
        self.process.kill()
        self.process.wait()


OPEN = """
  window.heard = {};
  window.sources = [];
  for (let number = FIRST; number < COUNT; number++) {
    const source = new EventSource(`/events/c${number}`);
    source.onmessage = (event) => (heard[number] ??= []).push(event.data);
    sources.push(source);
  }
  0"""
OPENED = "sources.filter((source) => source.readyState === EventSource.OPEN).length"


def over_http2(program, folder):
    files = [f"{folder}/certificate.pem", f"{folder}/key.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-out", files[0], "-keyout", files[1]], check=True, stderr=subprocess.DEVNULL)
    server = Server(program, *files)
    browser = Chromium("--ignore-certificate-errors")
    try:
        page = browser.first_page()
        page.open(f"{server.url}/stats")
        page.wait_for("a page of the server", f"location.href === '{server.url}/stats'")
        # A stream whose bytes nobody reads.
        page.evaluate("fetch('/events/c0').then((response) => { window.stalled = response; }); 0")
        page.wait_for("the stream that stalls", "window.stalled !== undefined")
        page.evaluate(OPEN.replace("FIRST", "1").replace("COUNT", str(STREAMS)))
        page.wait_for("all streams to be open", f"{OPENED} === {STREAMS - 1}")
        connections = page.evaluate(
            "new Set(performance.getEntriesByType('resource').map((entry) => entry.nextHopProtocol)).size")
        assert connections <= 1, "the streams use several protocols"
        # Chromium may open a spare connection, which carries no stream.
        assert established(server) <= 2, f"the browser has {established(server)} connections"
        for _ in range(10):
            server.publish("c0", "x" * 1_000_000)
        for number in range(1, STREAMS):
            server.publish(f"c{number}", f"for {number}")
        page.wait_for("every stream's own event", f"Object.keys(heard).length === {STREAMS - 1}")
        heard = page.evaluate("heard")
        assert all(heard[str(number)] == [f"for {number}"] for number in range(1, STREAMS)), heard
        server.publish("c1", "again")
        page.wait_for("an event beside the stalled stream", "heard[1].length === 2")
        print(f"streams: {STREAMS} streams over one HTTP/2 connection; each has its event, beside one that is stalled")
    finally:
        browser.close()
        server.kill()


def over_http1(program):
    server = Server(program)
    browser = Chromium()
    try:
        page = browser.first_page()
        page.open(f"{server.url}/stats")
        page.wait_for("a page of the server", f"location.href === '{server.url}/stats'")
        page.evaluate(OPEN.replace("FIRST", "0").replace("COUNT", "8"))
        page.wait_for("six streams to be open", f"{OPENED} === 6")
        for number in range(8):
            server.publish(f"c{number}", "hello")
        page.wait_for("six events", "Object.keys(heard).length === 6")
        assert page.evaluate(OPENED) == 6 and established(server) == 6, "there are more than six connections"
        page.evaluate("sources[0].close(); 0")
        page.wait_for("the seventh in its place", "Object.keys(heard).length === 7")
        print("streams: over HTTP/1.1 six of eight streams are open, and the seventh waits for one to close")
    finally:
        browser.close()
    print(f"streams: the server {server.stop()}")


def established(server):
    """Returns the number of connections of the server."""
    port = int(server.url.rsplit(":", 1)[1])
    count = 0
    with open("/proc/net/tcp", encoding="ascii") as file:
        for line in list(file)[1:]:
            fields = line.split()
            count += fields[3] == "01" and int(fields[1].split(":")[1], 16) == port
    return count


def main():
    with tempfile.TemporaryDirectory() as folder:
        over_http2(sys.argv[1], folder)
    over_http1(sys.argv[1])


main()
