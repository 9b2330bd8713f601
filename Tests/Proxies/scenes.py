"""The measurements behind each proxy. A scene raises AssertionError if a promise is broken, and returns its cells."""

import statistics
import threading
import time

from browser import Tab
from processes import Publisher, wait_for
from streams import Reader, Stream

HEARTBEAT = 15  # In seconds, the package's default.
AWAY = 8
EVENTS = 40
# Seconds, for the median. Far more than any proxy needs, and less than the delay of a proxy that waits for more data.
ALLOWED_DELAY = 0.1
# One at a time, because concurrent measurements would be meaningless.
measuring = threading.Lock()


def milliseconds(seconds):
    return f"{seconds * 1000:.1f}" if seconds < 0.01 else f"{seconds * 1000:.0f}"


def head(site):
    """The head and the first comment arrive before there is any event."""
    with measuring:
        stream = Stream(site.port, "/events/head")
        stream.wait("the head and the opening comment of a silent stream", lambda s: s.comments, 40)
    stream.close()
    assert stream.status == 200 and not stream.events, f"status {stream.status}, events {stream.events}"
    return {"head": f"{milliseconds(stream.comment_after)} ms"}


def delay(site, promised, fields=None):
    """Each event is forwarded before the next one is published, and arrives hardly later than without the proxy."""
    with measuring:
        direct = Stream(site.server.port, "/events/delay")
        proxied = Stream(site.port, "/events/delay", fields)
        for stream in [direct, proxied]:
            stream.wait("the head", lambda s: s.status or s.ended, 20)
        for number in range(EVENTS):
            site.server.publish("delay", str(number))
            for stream in [direct, proxied]:
                stream.wait(f"event {number}, with none behind it", lambda s: len(s.events) > number or s.ended, 10)
                assert not stream.ended, f"the stream has ended: {stream.ended}"
        for stream in [direct, proxied]:
            stream.close()
    later = [theirs[0] - ours[0] for theirs, ours in zip(proxied.events, direct.events)]
    median = statistics.median(later)
    assert not promised or median < ALLOWED_DELAY, f"an event comes {milliseconds(median)} ms late"
    coding = proxied.fields.get("content-encoding", "none")
    return {"delay": f"{milliseconds(median)} / {milliseconds(max(later))} ms", "coding": coding}


def left(site):
    """The server notices that a reader has disconnected, at the latest after writing to it twice."""
    cells = {}
    idle = Stream(site.port, "/events/left?idle")
    idle.wait("the head", lambda s: s.comments, 40)
    idle.close()
    idle_since = time.monotonic()

    busy = Stream(site.port, "/events/busy?busy")
    busy.wait("the head", lambda s: s.comments, 40)
    publisher = Publisher(site.server, "busy", 0.1)
    busy.wait("events", lambda s: len(s.events) > 3)
    busy.close()
    after = wait_for(
        "the server to notice that a busy reader has left", lambda: site.server.record("/events/busy?busy"), 20)
    publisher.stop()
    cells["left, busy"] = "at once" if after < 0.15 else f"{after:.1f} s"

    # Two heartbeats, and one more for a busy machine.
    wait_for(
        "the server to notice that an idle reader has left", lambda: site.server.record("/events/left?idle"),
        3 * HEARTBEAT)
    took = site.server.record("/events/left?idle")["seconds"] - (idle_since - idle.opened)
    cells["left, idle"] = "at once" if took < 0.3 else f"{took:.0f} s"
    return cells


def idle(site, seconds):
    """Heartbeats keep an idle stream open for longer than the proxy takes to cut a silent one."""
    silent = Stream(site.port, "/events/silent/idle")
    beating = Stream(site.port, "/events/idle")
    with silent.changed:
        silent.changed.wait_for(lambda: silent.ended, seconds)
    cut_after = silent.ended_after
    assert not beating.ended, f"a stream with heartbeats was cut after {beating.ended_after:.0f} s"
    assert beating.comments > 1, f"there were only {beating.comments} comments"
    site.server.publish("idle", "alive")
    beating.wait("an event after the idle time", lambda s: s.events)
    beating.close()
    if not silent.ended:
        silent.close()
    return {"silent": f"{cut_after:.0f} s" if cut_after else f"not in {seconds} s"}


def address(site, promised):
    """The server knows the reader's address, whatever the reader claims."""
    claims = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    target = f"/events/address?{id(site)}"
    stream = Stream(site.port, target, claims, source="127.0.0.2")
    stream.wait("the head", lambda s: s.comments, 40)
    stream.close()
    publisher = Publisher(site.server, "address", 0.1)
    wait_for("the access record", lambda: site.server.record(target))
    publisher.stop()
    peer = site.server.record(target)["peer"]
    if promised:
        assert peer == "127.0.0.2", f"the server takes {peer} for the reader's address, which is 127.0.0.2"
    names = {"127.0.0.2": "the reader's", "127.0.0.1": "the proxy's", "203.0.113.9": "the one claimed"}
    return {"address": names[peer]}


def browser_streams(site, browser):
    """Counts how many of a page's ten streams are open at once. HTTP/1.1 allows six."""
    cells = {}
    for protocol, origin in site.origins().items():
        tab = Tab(browser, origin)
        try:
            assert tab.protocol() == protocol, f"the page came by {tab.protocol()}, not {protocol}"
            tab.open("/events/page", 10)
            wait_for("six streams of a page", lambda: tab.ask("sources.filter(s => s.opened).length") >= 6)
            # When the open streams have received a few events, no further stream will open.
            for _ in range(5):
                # A stream that opens after an event was published does not receive it.
                tab.ask("window.due = sources.filter(s => s.opened).map(s => [s, s.heard.length]); 0")
                site.server.publish("page", protocol)
                wait_for(
                    lambda: f"an event on every open stream: {tab.state()}",
                    lambda: tab.ask("due.every(([source, seen]) => source.heard.length > seen)"), 60)
            count = tab.ask("sources.filter(s => s.opened).length")
            assert protocol == "h2" or count == 6, f"{count} streams are open over {protocol}"
            with measuring:
                took = []
                for number in range(10):
                    text = str(time.time())
                    site.server.publish("page", text)
                    tab.page.wait_for("an event", f"sources[0].heard.at(-1) === '{text}'")
                    took.append(float(tab.ask("sources[0].heardAt")) / 1000 - float(text))
            cells[protocol] = f"{count} of 10, {milliseconds(statistics.median(took))} ms"
        finally:
            tab.close()
    return cells


def many(site, count, promised):
    """Opens `count` streams at once, and checks that each open one receives an event."""
    streams = []
    try:
        for number in range(count):
            try:
                streams.append(Stream(site.port, "/events/many", source=f"127.0.0.{3 + number % 8}"))
            except OSError:
                break
        opened = lambda: sum(stream.comments > 0 for stream in streams)
        reached, since = 0, time.monotonic()
        # Until no further stream opens.
        while reached < count and time.monotonic() < since + 10:
            if (now := opened()) > reached:
                reached, since = now, time.monotonic()
            threading.Event().wait(0.1)
        site.server.publish("many", "1")
        wait_for("an event on every stream", lambda: sum(bool(stream.events) for stream in streams) >= reached, 60)
    finally:
        for stream in streams:
            stream.close()
    assert not promised or reached == count, f"{reached} of {count} streams are open"
    return {"many": reached}


def storm(site, browser):
    """A plain EventSource and readers that follow the standard survive a server that is killed and absent for a time,
    and one that drains. They receive every event once and in order."""
    cells = {}
    origins = site.origins()
    origin = origins.get("h2") or origins["http/1.1"]
    for channel, end in [("kill", site.server.kill), ("drain", site.server.drain)]:
        tab = Tab(browser, origin)
        readers = [Reader(site.port, f"/events/{channel}?{number}") for number in range(4)]
        publisher = None
        try:
            tab.open(f"/events/{channel}")
            tab.page.wait_for("the stream to open", "sources[0].opened")
            wait_for("the readers", lambda: all(reader.stream and reader.stream.comments for reader in readers))
            publisher = Publisher(site.server, channel)
            wait_for("the first events", lambda: len(tab.heard()) > 5 and all(len(r.heard) > 5 for r in readers))
            end()
            if channel == "kill":
                threading.Event().wait(AWAY)
            site.server.start()
            failed = lambda: tab.is_closed() or any(reader.failure for reader in readers)
            state = lambda: f"{tab.state()}, readers {[reader.state() for reader in readers]}"
            wait_for(
                lambda: f"the readers to come back: {state()}",
                lambda: failed() or len(tab.heard()) > 30 and all(len(r.heard) > 30 for r in readers), 60)
            publisher.stop()
            last = publisher.published[-1]
            everyone = lambda: last in tab.heard() and all(last in reader.heard for reader in readers)
            wait_for(lambda: f"event {last}: {state()}", lambda: failed() or everyone(), 60)
            assert not tab.is_closed(), "the browser has given its EventSource up"
            assert not failed(), [reader.failure for reader in readers]
            publisher.compare("Chromium", tab.heard())
            for number, reader in enumerate(readers):
                publisher.compare(f"reader {number}", reader.heard)
            if channel == "drain":
                away = [reader.sent_away for reader in readers]
                assert min(away) >= 1, f"of the readers, {away.count(0)} were not told a time and an end"
            cells[channel] = f"{len(publisher.published)} events, none lost"
        finally:
            if publisher:
                publisher.stop()
            for reader in readers:
                reader.end()
            tab.close()
    return cells


def absence(site):
    """Returns the response that readers get while the server is not running."""
    site.server.kill()
    stream = Stream(site.port, "/events/kill")
    stream.wait("an answer while the server is away", lambda s: s.ended or s.status, 20)
    seconds = stream.head_after
    stream.close()
    return {"absence": f"{stream.status}" + (f" after {seconds:.0f} s" if seconds and seconds > 1 else "")}
