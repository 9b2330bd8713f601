"""Drives headless Chromium through the pipes of its DevTools protocol: NUL-separated JSON, without any library."""

import base64
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

NAMES = ["chromium", "chromium-browser", "google-chrome"]
OPTIONS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--window-size=1240,900",
]


def end_with_parent():
    """Runs in a child before exec, so that the child ends when the test ends for any reason."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Page:
    """A browser tab."""

    def __init__(self, browser, target):
        self.browser = browser
        self.target = target
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log"]:
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        return self.browser.call(method, session=self.session, **parameters)

    def open(self, url):
        self.call("Page.navigate", url=url)

    def front(self):
        self.browser.call("Target.activateTarget", targetId=self.target)

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_for(self, what, expression, seconds=120):
        """Waits until the expression is true in the page."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if self.evaluate(expression):
                    return
                problem = "it is false"
            except AssertionError as error:  # The page may not have loaded yet.
                problem = error
            if time.monotonic() > deadline:
                shown = self.evaluate("document.body.innerText")
                raise AssertionError(f"waited {seconds} s for {what}: {problem}; the page shows:\n{shown}")
            select.select([], [], [], 0.05)

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def complaints(self):
        """Returns uncaught exceptions and everything that the browser has refused, except failed connections."""
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            if event["method"] == "Runtime.exceptionThrown":
                found.append(event["params"]["exceptionDetails"])
            elif event["method"] == "Log.entryAdded":
                entry = event["params"]["entry"]
                if entry["level"] == "error" and entry["source"] != "network":
                    found.append(entry)
        return found


class Chromium:
    def __init__(self, *options):
        program = next(filter(None, map(shutil.which, NAMES)), None)
        if program is None:
            raise SystemExit("browser: there is no Chromium; the Debian package is chromium")
        self.profile = tempfile.mkdtemp(prefix="eventsource-browser-")
        to_browser, self.commands = os.pipe()
        self.answers, from_browser = os.pipe()

        def prepare():
            end_with_parent()
            # The protocol uses descriptors 3 and 4. They are moved away first, because they may be in use.
            os.dup2(os.dup(to_browser), 100)
            os.dup2(os.dup(from_browser), 101)
            os.dup2(100, 3)
            os.dup2(101, 4)
            os.closerange(5, 256)

        self.process = subprocess.Popen(
            [program, *OPTIONS, *options, f"--user-data-dir={self.profile}", "about:blank"], preexec_fn=prepare, close_fds=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        self.number = 0
        self.received = b""
        self.events = []

    def first_page(self):
        targets = self.call("Target.getTargets")["targetInfos"]
        return Page(self, next(target["targetId"] for target in targets if target["type"] == "page"))

    def new_page(self):
        return Page(self, self.call("Target.createTarget", url="about:blank")["targetId"])

    def call(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + 120
        while True:
            while b"\0" in self.received:
                text, self.received = self.received.split(b"\0", 1)
                answer = json.loads(text)
                if "id" not in answer:
                    self.events.append(answer)
                elif answer["id"] == self.number:
                    if "error" in answer:
                        raise AssertionError(f"{method}: {answer['error']}")
                    return answer["result"]
            ready, _, _ = select.select([self.answers], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"{method}: Chromium did not answer in two minutes")
            data = os.read(self.answers, 1 << 20)
            if not data:
                raise AssertionError("Chromium has ended")
            self.received += data

    def close(self):
        """Ends the browser and all its processes, by force if necessary. Can be called several times."""
        if self.profile is None:
            return
        try:
            self.call("Browser.close")
            self.process.wait(60)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.commands)
        os.close(self.answers)
        shutil.rmtree(self.profile, ignore_errors=True)
        self.profile = None
