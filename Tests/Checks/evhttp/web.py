"""Checks the examples' pages in Chromium."""

import json

from programs import EXAMPLE, Program, compile_c, curl

from chromium import Chromium
from relay import Relay

SHOWN = "[...document.querySelectorAll('li')].map(li => li.textContent)"


def ticks(page, program):
    """The page counts by itself, and continues after a lost connection."""
    with Program(program, "0") as server:
        relay = Relay(server.port)
        try:
            page.open(relay.url)
            page.wait_for("a second to be shown", "Number(document.querySelector('output').value) > 0")
            first = page.evaluate("Number(document.querySelector('output').value)")
            page.wait_for("the next second", f"Number(document.querySelector('output').value) > {first}")
            relay.cut()
            relay.mend()
            page.evaluate("window.before = Number(document.querySelector('output').value)")
            page.wait_for("seconds after the cut", "Number(document.querySelector('output').value) > before")
            assert len(relay.last_event_ids(r"/events\?channel=ticks")) >= 1, relay.heads
        finally:
            relay.close()
        server.stop()


def notice_board(page, program):
    """Each note is shown once, despite broken connections. A new page shows all notes from the beginning."""
    with Program(program, "0") as server:
        relay = Relay(server.port)
        try:
            page.open(relay.url)
            page.wait_for("the form", "document.querySelector('form') !== null")
            page.evaluate("document.querySelector('input').value = 'from the <b>browser</b>'")
            page.evaluate("document.querySelector('button').click()")
            expected = ["from the <b>browser</b>"]
            page.wait_for("the note to be shown", f"JSON.stringify({SHOWN}) === {json.dumps(written(expected))}")
            relay.cut()
            for number in range(40):
                expected.append(f"while away {number} – Grüße")
                assert curl("-d", expected[-1], f"{server.url}/notes/public")[0] == 202
            relay.mend()
            page.wait_for("all notes to be shown", f"{SHOWN}.length >= {len(expected)}")
            assert page.evaluate(SHOWN) == expected, page.evaluate(SHOWN)
            assert relay.last_event_ids("/events/public") == ["1"], relay.heads
            page.open(f"{server.url}/")
            page.wait_for("a new page to show all", f"JSON.stringify({SHOWN}) === {json.dumps(written(expected))}")
        finally:
            relay.close()
        server.stop()


def written(texts):
    """Returns the text in the format of the page's JSON.stringify."""
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def check(ticking=None):
    """Checks the C examples, or a program that does what the first of them does."""
    browser = Chromium()
    try:
        page = browser.first_page()
        if ticking:
            ticks(page, ticking)
        else:
            ticks(page, compile_c(f"{EXAMPLE}/after.c", "eventsource-libevent", "libevent"))
            notice_board(page, compile_c(f"{EXAMPLE}/complete.c", "eventsource-libevent", "libevent"))
        assert not page.complaints(), page.complaints()
    finally:
        browser.close()
