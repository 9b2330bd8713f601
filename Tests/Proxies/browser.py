"""Plain `EventSource` objects in Chromium. Our only code in the page records their events."""

import json
import os
import sys
import threading

import processes

sys.path.insert(0, os.path.join(processes.PACKAGE, "Tests", "Browser"))
from chromium import Chromium  # noqa: E402


class SharedChromium(Chromium):
    """A browser whose tabs are used by several threads."""

    def __init__(self):
        self.lock = threading.RLock()
        super().__init__()

    def call(self, *arguments, **parameters):
        with self.lock:
            return super().call(*arguments, **parameters)


class Tab:
    """A page of the proxy's origin. Any page will do; this one is the server's 404."""

    def __init__(self, browser, origin):
        with browser.lock:
            self.page = browser.new_page()
        self.page.call("Security.enable")
        self.page.call("Security.setIgnoreCertificateErrors", ignore=True)
        self.page.open(f"{origin}/events/no-such-channel")
        self.page.wait_for(
            "a page of the proxy", f"location.origin === {json.dumps(origin)} && document.readyState === 'complete'")

    def protocol(self):
        """Returns the protocol with which the page itself was loaded: h2 or http/1.1."""
        return self.page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol")

    def open(self, target, count=1):
        """Opens `count` streams at once."""
        self.page.evaluate(f"""
          window.sources = Array.from({{length: {count}}}, (_, number) => {{
            const source = new EventSource(`{target}?stream=${{number}}`);
            source.heard = [];
            source.opened = source.failed = 0;
            source.onopen = () => source.opened++;
            source.onerror = () => source.failed++;
            source.onmessage = event => {{
              source.heard.push(event.data);
              source.heardAt = performance.timeOrigin + performance.now();
            }};
            return source;
          }}); 0""")

    def ask(self, expression):
        return self.page.evaluate(expression)

    def heard(self):
        return [int(data) for data in self.ask("sources[0].heard")]

    def is_closed(self):
        """Returns whether the browser has given up the stream, as it does after any response that is not a stream."""
        return self.ask("sources[0].readyState") == 2

    def state(self):
        return self.ask(
            "sources.map(s => `Chromium: state ${s.readyState}, opened ${s.opened}, failed ${s.failed}, "
            "${s.heard.length} heard`).join()")

    def close(self):
        self.page.browser.call("Target.closeTarget", targetId=self.page.target)
