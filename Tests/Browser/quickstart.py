"""Tests the Quickstart's page in a browser: it loads, is animated, accepts messages, and survives network failures and
server restarts.

usage: quickstart.py PROGRAM
"""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
import urllib.request

sys.dont_write_bytecode = True  # Keeps the source folder clean.
from chromium import Chromium, end_with_parent
from relay import Relay


class Server:
    def __init__(self, program, port=0):
        self.process = subprocess.Popen(
            [program, "--port", str(port)], stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline() if ready else ""
        address = re.search(r"http://[0-9.]+:([0-9]+)", line)
        if address is None:
            self.kill()
            raise AssertionError(f"the program does not say where it listens; it says \"{line}\"")
        self.url = address.group()
        self.port = int(address.group(1))

    def post(self, text, channel="wall"):
        with urllib.request.urlopen(f"{self.url}/publish/{channel}", data=text.encode(), timeout=60) as response:
            assert response.status == 202, f"a post was answered with {response.status}"
            return response.read().decode().strip()

    def readers(self):
        with urllib.request.urlopen(f"{self.url}/stats", timeout=60) as response:
            return json.load(response)["readers"]

    def wait_for_readers(self, count):
        deadline = time.monotonic() + 60
        while self.readers() != count:
            assert time.monotonic() < deadline, f"there are {self.readers()} readers, not {count}"
            select.select([], [], [], 0.05)

    def kill(self):
        """Ends the server like a power failure. Can be called several times."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def times_shown(text):
    return f"[...document.querySelectorAll('#wall li')].filter(li => li.textContent === {json.dumps(text)}).length"


def is_state(state):
    return f"document.getElementById('state').dataset.state === '{state}'"


PICTURES = "[...document.querySelectorAll('canvas')].map(canvas => canvas.toDataURL())"
FRAMES = """new Promise(resolve => {
  const seen = [];
  const look = () => {
    seen.push(document.querySelector('canvas').toDataURL());
    seen.length < 6 ? requestAnimationFrame(look) : resolve(new Set(seen).size);
  };
  requestAnimationFrame(look);
})"""
NEWEST = "samples.at(-1).time"
GAP = "document.querySelectorAll('#wall li.note').length"


def figures_and_charts(server, page):
    page.open(server.url)
    page.wait_for("both streams to be live", is_state("live"))
    page.wait_for("the figures to be shown", "document.querySelector('[data-value=cpu]').textContent.endsWith('%')")
    page.wait_for("something to draw", "samples.length > 2")
    before = page.evaluate(PICTURES)
    page.wait_for("every chart to move", f"{PICTURES}.every((picture, i) => picture !== {json.dumps(before)}[i])")
    assert page.evaluate(FRAMES) >= 4, "the chart moves in leaps, not from frame to frame"

    # Everyone can publish to this channel, and the page must continue.
    for rubbish in ["no JSON", "null", "{}", '{"cpu": "x"}', '{"time": 1e300, "cpu": 1}']:
        server.post(rubbish, channel="machine")
    newest = page.evaluate(NEWEST)
    page.wait_for("figures after rubbish", f"{NEWEST} > {newest}")


def messages(server, page):
    page.evaluate("document.getElementById('text').value = 'Hello from the browser'")
    page.evaluate("document.querySelector('#post button').click()")
    page.wait_for("the message that was posted in the page", f"{times_shown('Hello from the browser')} === 1")
    page.wait_for("the field to be empty", "document.getElementById('text').value === ''")

    attack = "<img src=x onerror=\"document.title='broken into'\"><script>document.title='broken into'</script>"
    server.post(attack)
    page.wait_for("markup to be shown as text", f"{times_shown(attack)} === 1")
    made = page.evaluate("document.querySelectorAll('#wall img, #wall script').length")
    assert made == 0, "a message was taken for markup"
    assert page.evaluate("document.title") == "EventSourceKit Quickstart", "a message ran as a script"

    lines = "line one\nline two – Grüße, 你好, 🎉"
    server.post(lines)
    page.wait_for("a message of two lines in several scripts", f"{times_shown(lines)} === 1")


def lost_connection(server, page):
    """The connection is cut. The browser reconnects by itself and sends its last event ID."""
    relay = Relay(server.port)
    try:
        page.open(relay.url)
        page.wait_for("the streams to be live through the wire", is_state("live"))
        page.wait_for("the recent messages on the first load", f"{times_shown('Hello from the browser')} === 1")
        page.wait_for("figures through the wire", "samples.length > 0")
        last = server.post("before the cut")
        page.wait_for("a message through the wire", f"{times_shown('before the cut')} === 1")

        relay.cut()
        page.wait_for("the loss to be shown", is_state("lost"))
        away = [f"while away {number}" for number in range(5)]
        for text in away:
            server.post(text)
        page.evaluate("document.getElementById('text').value = 'not yet'")
        page.evaluate("document.querySelector('#post button').click()")
        page.wait_for("the failed post to be told", "!document.getElementById('problem').hidden")
        relay.mend()
        page.wait_for("the streams to be live again", is_state("live"))
        server.post("after the cut")
        page.wait_for("a message after the cut", f"{times_shown('after the cut')} === 1")
        for text in [*away, "before the cut", "after the cut", "Hello from the browser"]:
            count = page.evaluate(times_shown(text))
            assert count == 1, f"\"{text}\" is shown {count} times"
        assert page.evaluate(GAP) == 0, "a gap is told where there is none"
        assert relay.last_event_ids("/events/wall") == [last], f"not from {last} on was asked for: {relay.heads}"
        assert len(relay.last_event_ids("/events/machine")) == 1, f"it was not asked for once: {relay.heads}"
        kept = page.evaluate("document.getElementById('text').value")
        assert kept == "not yet", f"what was not posted has become \"{kept}\""
    finally:
        relay.close()


def background(server, page, browser):
    """A page in the background closes its connections, and misses nothing when it is shown again."""
    page.open(server.url)
    page.wait_for("the streams to be live", is_state("live"))
    server.wait_for_readers(2)
    other = browser.new_page()
    other.front()
    server.wait_for_readers(0)
    server.post("while in the background")
    page.front()
    page.wait_for("the message from meanwhile", f"{times_shown('while in the background')} === 1")
    server.wait_for_readers(2)
    assert page.evaluate(times_shown("after the cut")) == 1, "a message from before came again"
    page.wait_for("the streams to be live once more", is_state("live"))


def restarted_server(server, page):
    """The server dies and is replaced by one that knows nothing of the past."""
    server.kill()
    page.wait_for("the loss of the server to be shown", is_state("lost"))
    replacement = Server(server.process.args[0], server.port)
    try:
        newest = page.evaluate(NEWEST)
        page.wait_for("the streams to be live on the new server", is_state("live"))
        page.wait_for("figures from the new server", f"{NEWEST} > {newest}")
        replacement.post("after the restart")
        page.wait_for("a message from the new server", f"{times_shown('after the restart')} === 1")
        page.wait_for("the restart to be told", f"{GAP} === 1")
        return replacement
    except BaseException:
        replacement.kill()
        raise


def take_pictures(page, folder):
    def take(name, width, height, scheme):
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        page.evaluate(FRAMES)
        page.screenshot(os.path.join(folder, f"quickstart-{name}.png"))
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"the page is {overflow} pixels too wide for a window of {width}"

    take("light", 1240, 900, "light")
    take("dark", 1240, 900, "dark")
    take("narrow", 360, 1900, "light")


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    # Started processes end even if the test is terminated.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    pictures = os.path.join(os.path.dirname(__file__), "..", "..", ".build", "browser")
    os.makedirs(pictures, exist_ok=True)
    server = browser = None
    try:
        server = Server(os.path.abspath(sys.argv[1]))
        browser = Chromium()
        page = browser.first_page()
        figures_and_charts(server, page)
        messages(server, page)
        lost_connection(server, page)
        background(server, page, browser)
        server = restarted_server(server, page)
        take_pictures(page, pictures)
        assert not page.complaints(), page.complaints()
        browser.close()
        server.wait_for_readers(0)
        print("browser: the Quickstart's page works")
    finally:
        if browser:
            browser.close()
        if server:
            server.kill()


if __name__ == "__main__":
    main()
