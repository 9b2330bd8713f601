"""The Quickstart's page in a browser: it loads, moves, takes messages, and survives what networks and servers do.

usage: quickstart.py PROGRAM
"""

import json
import os
import re
import select
import signal
import subprocess
import sys
import urllib.request

from chromium import Chromium


class Server:
    def __init__(self, program, port=0):
        self.process = subprocess.Popen([program, "--port", str(port)], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.url = re.search(r"http://[0-9.:]+", line).group()
        self.port = int(self.url.rsplit(":", 1)[1])

    def post(self, text):
        with urllib.request.urlopen(f"{self.url}/publish/wall", data=text.encode()) as response:
            assert response.status == 202

    def stats(self):
        with urllib.request.urlopen(f"{self.url}/stats") as response:
            return json.load(response)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


def shown(text):
    return f"[...document.querySelectorAll('#wall li')].filter(li => li.textContent === {json.dumps(text)}).length"


LIVE = "document.getElementById('state').dataset.state === 'live'"
LOST = "document.getElementById('state').dataset.state === 'lost'"
PICTURE = "document.querySelector('canvas').toDataURL()"


def check(server, browser, pictures):
    browser.open(server.url)
    browser.wait_for("both streams to be live", LIVE)
    browser.wait_for("the figures to be shown", "document.getElementById('cpu').textContent.includes('%')")
    browser.wait_for("two samples to draw", "samples.length > 2")

    first = browser.evaluate(PICTURE)
    browser.screenshot(os.path.join(pictures, "quickstart-1.png"))
    browser.wait_for("the chart to move", f"{PICTURE} !== {json.dumps(first)}")

    browser.evaluate("document.getElementById('text').value = 'Hello from the browser'")
    browser.evaluate("document.querySelector('#post button').click()")
    browser.wait_for("the message that was posted in the page", f"{shown('Hello from the browser')} === 1")
    attack = "<img src=x onerror=\"document.title='broken into'\"><script>document.title='broken into'</script>"
    server.post(attack)
    browser.wait_for("markup to be shown as text", f"{shown(attack)} === 1")
    assert browser.evaluate("document.querySelectorAll('#wall img, #wall script').length") == 0
    assert browser.evaluate("document.title") == "EventSourceKit Quickstart"
    server.post("line one\nline two")
    browser.wait_for("a message of two lines", f"{shown('line one' + chr(10) + 'line two')} === 1")

    # The network goes away for the page; what is posted meanwhile comes afterwards, once.
    browser.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    browser.evaluate("for (const source of Object.values(sources)) { source.close(); source.onerror(); }")
    browser.wait_for("the loss to be shown", LOST)
    for number in range(5):
        server.post(f"while away {number}")
    browser.call("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    browser.wait_for("the streams to be live again", LIVE)
    for number in range(5):
        browser.wait_for(f"message {number} from while it was away", f"{shown(f'while away {number}')} === 1")
    assert browser.evaluate(shown("Hello from the browser")) == 1, "a message from before came again"

    # The server dies and another takes its place.
    server.kill()
    browser.wait_for("the loss of the server to be shown", LOST)
    replacement = Server(server.process.args[0], server.port)
    try:
        browser.wait_for("the streams to be live on the new server", LIVE, seconds=30)
        count = browser.evaluate("samples.length + samples.at(-1).time")
        browser.wait_for("figures from the new server", f"samples.length + samples.at(-1).time !== {count}")
        replacement.post("after the restart")
        browser.wait_for("a message from the new server", f"{shown('after the restart')} === 1")
        browser.wait_for("the gap to be told", f"{shown('Some messages from before were not kept.')} === 1")
        browser.screenshot(os.path.join(pictures, "quickstart-2.png"))
        browser.close()
        for _ in range(200):
            if replacement.stats()["readers"] == 0:
                break
            select.select([], [], [], 0.05)
        assert replacement.stats()["readers"] == 0, "the page has gone and its streams have not"
    finally:
        replacement.kill()


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    pictures = os.path.join(os.getcwd(), ".build", "browser")
    os.makedirs(pictures, exist_ok=True)
    browser = Chromium()
    server = Server(sys.argv[1])
    try:
        check(server, browser, pictures)
        print("browser: the Quickstart's page works")
    finally:
        browser.close()
        if server.process.poll() is None:
            server.kill()


if __name__ == "__main__":
    main()
