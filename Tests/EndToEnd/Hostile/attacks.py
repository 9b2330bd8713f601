"""The attacks of hostile peers, one function per kind. Each takes a target and a generator, and ends by itself."""

import asyncio
import time

import requests_sent
from peer import Peer


async def fuzzed_requests(target, random):
    async with Peer(target, random) as peer:
        await peer.send(requests_sent.fuzzed(random), random.choice([0, 0, 0.01]))
        await peer.end()


async def odd_requests(target, random):
    async with Peer(target, random) as peer:
        await peer.send(requests_sent.odd_request(random), random.choice([0, 0, 0.01]))
        await peer.end()


async def odd_streams(target, random):
    """Opens streams of every kind with any ID, and reads them for a while."""
    async with Peer(target, random) as peer:
        await peer.send(requests_sent.stream_request(random, version=random.choice([b"HTTP/1.1", b"HTTP/1.0"])))
        await peer.receive_until_end(random.random() * 2, random.randrange(1, 200_000))
        await peer.end()


async def pipelined_requests(target, random):
    """Pipelines many requests. Any of them can be a stream, after which no response is expected."""
    ping = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"
    batch = [random.choice([ping, ping, requests_sent.stream_request(random), requests_sent.odd_request(random)])
             for _ in range(random.randrange(2, 50))]
    async with Peer(target, random) as peer:
        await peer.send(b"".join(batch))
        await peer.end()


async def pipelined_pings(target, random):
    """Sends valid requests, all of which must be answered. The built-in server also answers them after the client has
    closed its sending side; evhttp treats that as the end of the connection."""
    count = random.randrange(1, 50)
    async with Peer(target, random) as peer:
        await peer.send(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n" * count)
        if target.stack == "builtin" and random.random() < 0.5:
            peer.half_close()
        received, last = b"", time.monotonic()
        while received.count(b"pong") < count:
            data, last, before = await peer.receive(seconds=60), time.monotonic(), last
            if not data:
                # Too many connections, or the machine was too slow for the server's time limits.
                if b" 503 " in received or data == b"" and (not received or last - before > 1):
                    return
                target.found(f"{received.count(b'pong')} of {count} pings were answered: {received[-300:]}, then {data}")
                return
            received += data
        target.count_answers(received)


async def echoed_bodies(target, random):
    """Sends a body in pieces with either framing, and expects it back. If this program is too slow for the server's
    time limits, a part suffices."""
    body = random.randbytes(random.choice([0, 1, 1000, 100_000, 500_000]))
    if random.random() < 0.5:
        framed, field = body, b"Content-Length: %d" % len(body)
    else:
        sizes = random.choice([100, 5000, 70_000])
        pieces = [body[place:place + sizes] for place in range(0, len(body), sizes)]
        framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        field = b"Transfer-Encoding: chunked"
    async with Peer(target, random) as peer:
        await peer.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n\r\n" % field)
        await peer.send(framed)
        received = await peer.receive_until_end(60)
    head, _, answer = received.partition(b"\r\n\r\n")
    if b" 200 " in head.split(b"\r\n")[0] + b" " and not body.startswith(answer):
        target.found(f"a body of {len(body)} bytes came back as {len(answer)} different ones: {head}")
    target.answers["body"] += answer == body


async def endless_heads(target, random):
    """Sends an endless request line or endless fields."""
    async with Peer(target, random) as peer:
        await peer.send(random.choice([b"GET /", b"GET /ping HTTP/1.1\r\n", b"", b"GET /ping HTTP/1.1\r\nX: "]))
        piece = random.choice([b"X: y\r\n", b"a", b"\r\n", b"\0", b" ", b"X:" + b"y" * 1000 + b"\r\n"]) * 200
        for _ in range(random.randrange(1, 300)):
            await peer.send(piece)
            if await peer.receive(seconds=0.001) == b"":
                break
        await peer.end()


async def endless_bodies(target, random):
    """Sends more than the server accepts, with and without announcing it."""
    path = random.choice([b"/echo", b"/events?channel=a", b"/private/a", b"/ping", b"/nowhere"])
    is_chunked = random.random() < 0.5
    field = b"Transfer-Encoding: chunked" if is_chunked else random.choice([
        b"Content-Length: 10737418240", b"Content-Length: 2000000", b"Content-Length: 1000000"])
    piece = random.choice([b"1\r\nx\r\n" * 5000, b"8000\r\n%s\r\n" % (b"x" * 32768)]) if is_chunked else b"x" * 32768
    async with Peer(target, random) as peer:
        await peer.send(b"POST %s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n" % (path, field))
        for _ in range(random.randrange(1, 100)):
            await peer.send(piece)
            if await peer.receive(seconds=0.001) == b"":
                break
        await peer.end()


async def bad_chunks(target, random):
    path = random.choice([b"/echo", b"/events?channel=a", b"/nowhere"])
    body = random.choice(requests_sent.CHUNKED)
    async with Peer(target, random) as peer:
        await peer.send(b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" % path)
        await peer.send(requests_sent.mutated(random, body), random.choice([0, 0.01]) if len(body) < 100 else 0)
        await peer.end()


async def slow_heads(target, random):
    """Sends single bytes slowly until the server closes the connection."""
    data = requests_sent.stream_request(random)
    async with Peer(target, random) as peer:
        for place in range(min(len(data), random.randrange(2, 60))):
            await peer.send(data[place:place + 1])
            if await peer.receive(seconds=random.random() * 0.4) == b"":
                return
        await peer.end()


async def silence(target, random):
    async with Peer(target, random) as peer:
        await peer.send(random.choice([b"", b"", b"\r\n", b"G", b"POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\n1"]))
        await peer.receive_until_end(random.random() * 6)


async def takers_of_nothing(target, random):
    """Requests streams and responses and never reads them, until the server or the peer disconnects."""
    async with Peer(target, random, small=True) as peer:
        request = requests_sent.stream_request(random, random.choice([b"/events?channel=c", b"/events?channel=d", None]))
        await peer.send(random.choice([request, request, b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n" * 3000]))
        await asyncio.sleep(random.random() * 6)
        await peer.end()


async def slow_readers(target, random):
    async with Peer(target, random, small=True) as peer:
        await peer.send(requests_sent.stream_request(random))
        for _ in range(random.randrange(1, 80)):
            if await peer.receive(random.randrange(1, 3000), seconds=1) == b"":
                return
            await asyncio.sleep(0.05)
        await peer.end()


async def cuts(target, random):
    """Disconnects at any moment, often before the server has accepted the connection."""
    async with Peer(target, random) as peer:
        data = requests_sent.stream_request(random)
        await peer.send(data[:random.randrange(len(data) + 1)])
        for _ in range(random.randrange(3)):
            await peer.receive(random.randrange(1, 5000), seconds=0.05)
        random.choice([peer.reset, peer.reset, peer.socket.close])()


async def floods(target, random):
    """Opens hundreds of connections at the same time, and closes them immediately."""
    count, peers = random.randrange(100, 400), []
    data = random.choice([b"", requests_sent.stream_request(random), b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"])
    try:
        for _ in range(count):
            peer = Peer(target, random)
            peers.append(peer)
            await peer.__aenter__()
            await peer.send(data)
        await asyncio.sleep(random.random())
    finally:
        end = random.choice(["reset", "close"])
        for peer in peers:
            peer.reset() if end == "reset" else peer.socket.close()


# The kinds of attacks with their weights.
KINDS = {
    fuzzed_requests: 20, odd_requests: 20, odd_streams: 20, pipelined_requests: 8, pipelined_pings: 5, echoed_bodies: 5,
    endless_heads: 3, endless_bodies: 3, bad_chunks: 6, slow_heads: 4, silence: 3, takers_of_nothing: 6, slow_readers: 6,
    cuts: 20, floods: 1}
