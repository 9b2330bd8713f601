"""What hostile peers send: whole requests that are odd, and mutations of them and of the fuzzers' corpora."""

import collections
import pathlib

FUZZ = pathlib.Path(__file__).resolve().parents[2] / "Fuzz" / "Corpus"
# The first byte of a file in these corpora chooses how the fuzzer cuts what follows.
HEADS = [path.read_bytes()[1:] for path in sorted((FUZZ / "RequestHead").iterdir())]
STREAMS = [path.read_bytes()[1:] for path in sorted((FUZZ / "Parser").iterdir())]

# IDs that readers were given.
SEEN_IDS = collections.deque([b"1"], maxlen=100)

PATHS = [b"/events?channel=a", b"/events?channel=a&channel=b", b"/events?channel=c", b"/events?channel=d", b"/private/c"]
TOKENS = [b"", b"?token=later", b"?token=brief", b"?token=mood", b"?token=error"]
TARGETS = PATHS + [
    b"/ping", b"/echo", b"/", b"*", b"", b"/events", b"/events?channel=none", b"/events?channel=", b"/events?channel=%00",
    b"/events?channel=%", b"/events?channel=%zz", b"/events?channel=a&channel=a", b"/events?&&==&channel=a;b", b"//events",
    b"/events/../ping", b"/private/%2e%2e", b"/private/", b"/private/a/b", b"/private/%ff", b"http://x/ping",
    b"http://x/events?channel=a", b"HTTP://[::1]:80/events?channel=a", b"http://", b"http:///ping", b"http://a@b:c/ping",
    b"https://x?channel=a", b"x:443", b"/ping#fragment", b"/\xff\xfe", b"/events?" + b"channel=a&" * 300,
    b"/events?channel=" + b"x" * 5000, b"/" + b"a/" * 2000]
METHODS = [b"GET"] * 8 + [
    b"HEAD", b"POST", b"OPTIONS", b"PUT", b"DELETE", b"TRACE", b"CONNECT", b"PATCH", b"get", b"", b"G T", b"PRI", b"X" * 300]
VERSIONS = [b"HTTP/1.1"] * 8 + [
    b"HTTP/1.0", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.", b"HTTP/1.99999999999999999999", b"http/1.1", b""]
IDS = [
    b"", b"0", b"-1", b"1", b"99999999999999999999999999", b"*", b"*,", b"*a:", b"*a:,b:", b"*a:1,b:2", b"*a:%00", b"*~:",
    b"*" + b"a:," * 500, b"*" + b",".join(b"c%d:1" % number for number in range(400)), b"%", b"\xff\xfe", b"\t x \t",
    b"a" * 1025, b"a" * 4097, b"a" * 12000, "é世🙂".encode(), b"1-2-3", b"000000000000-1", b"zzzzzzzzzzzz-18446744073709551615"]
FIELDS = [
    b"Accept: text/event-stream", b"Accept: */*;q=0, text/html", b"Accept: " + b"a/b," * 400, b"Connection: close",
    b"Connection: keep-alive", b"Connection: close, keep-alive, upgrade", b"Connection: host", b"Origin: null",
    b"Origin: https://elsewhere.example", b"Access-Control-Request-Method: GET", b"Expect: 100-continue", b"Expect: x",
    b"Upgrade: websocket", b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: 5, 5", b"Content-Length: -1",
    b"Content-Length: 18446744073709551616", b"Content-Length: 0x10", b"Content-Length:", b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding : chunked", b"Host: y",
    b"Host:", b"Host: a b", b"Range: bytes=0-", b"If-None-Match: *", b"Authorization: Basic Og==", b"Cookie: " + b"c=d; " * 200,
    b"X: \x00", b"X: a\rb", b"X : y", b": y", b" folded", b"X", b"\xff: \xff", b"Last-Event-ID: 1", b"Last-Event-ID: 2",
    b"X-Forwarded-For: 1.2.3.4, , unknown", b"Forwarded: for=\"[::1\"", b"Accept-Encoding: gzip;q=\xc3\xa9"]
CHUNKED = [
    b"5\r\nhello\r\n0\r\n\r\n", b"5;a=b\r\nhello\r\n0\r\nTrailer: x\r\n\r\n", b"5\nhello\n0\n\n", b"g\r\nhello\r\n", b"\r\n\r\n",
    b"-1\r\n", b"ffffffffffffffff\r\n", b"10000000000000000\r\n", b"7fffffffffffffff\r\nx", b"5\r\nhelloX\r\n0\r\n\r\n",
    b"00000000000000000000005\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n", b"5;" + b"x" * 9000, b"0\r\n" + b"T: x\r\n" * 3000,
    b"1\r\na\r\n" * 5000 + b"0\r\n\r\n", b"0x5\r\nhello\r\n", b"5\r\nhel"]


def stream_request(random, target=None, version=b"HTTP/1.1"):
    """One that opens a stream, with whatever ID."""
    target = target or random.choice(PATHS)
    if target.startswith(b"/private"):
        target += random.choice(TOKENS)
    fields = b""
    if random.random() < 0.5:
        fields = b"Last-Event-ID: %s\r\n" % last_event_id(random)
    elif b"?channel" in target and random.random() < 0.3:
        target += b"&last-event-id=" + bytes(
            byte for byte in last_event_id(random)[:3000] if byte > 32 and byte != 127)
    return b"GET %s %s\r\nHost: x\r\n%s\r\n" % (target, version, fields)


def last_event_id(random):
    """One of the odd ones, one that was given to somebody or nearly so, or the text of an event stream; without line
    breaks, because it is a field's value."""
    match random.randrange(5):
        case 0: value = mutated(random, random.choice(STREAMS))
        case 1: value = mutated(random, random.choice(SEEN_IDS))
        case 2: value = random.choice(SEEN_IDS)
        case _: value = random.choice(IDS)
    return value.replace(b"\r", b"").replace(b"\n", b"")


def odd_request(random):
    """Parts that are each possible, or nearly so, put together."""
    line = b"%s %s %s" % (random.choice(METHODS), random.choice(TARGETS), random.choice(VERSIONS))
    fields = random.sample(FIELDS, random.randrange(0, 6))
    if random.random() < 0.8:
        fields.insert(0, b"Host: x")
    if random.random() < 0.3:
        fields.append(b"Last-Event-ID: " + last_event_id(random))
    end = random.choice([b"\r\n"] * 9 + [b"\n"])
    body = random.choice([b"", b"", b"hello", random.choice(CHUNKED), random.choice(STREAMS)])
    return end.join([line, *fields, b"", b""]) + body


def mutated(random, data):
    """With a few bytes changed, left out, doubled, or taken from elsewhere."""
    data = bytearray(data)
    for _ in range(random.choice([0, 1, 1, 2, 4, 16])):
        place = random.randrange(len(data) + 1)
        length = random.randrange(1, 9)
        match random.randrange(6):
            case 0: data[place:place + 1] = bytes([random.randrange(256)])
            case 1: del data[place:place + length]
            case 2: data[place:place] = data[place:place + length]
            case 3: data[place:place] = random.choice([b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"\xff", b"\r\n\r\n"])
            case 4: data[place:place] = bytes(random.choice(b"0123456789abcdef") for _ in range(length))
            case 5: data[place:] = random.choice(HEADS)[random.randrange(40):]
    return bytes(data)


def fuzzed(random):
    """A mutation of a corpus, of an odd request, or of one that opens a stream."""
    return mutated(random, random.choice([
        random.choice(HEADS), random.choice(STREAMS), odd_request(random), stream_request(random)]))
