"""Readers that have a right to every event, and a client of the host's own route."""

import asyncio
import time

import requests_sent

# A stream has a heartbeat every second.
SILENCE = 60


class Reader:
    """Reads channels `a` and `b`, or one of them, and checks that every event comes once, in order, and whole."""

    def __init__(self, target, random, channels, cuts, version="HTTP/1.1"):
        self.target, self.random, self.channels, self.cuts, self.version = target, random, channels, cuts, version
        self.next = {channel: target.published[channel] + 1 for channel in channels}
        self.last_id = ""
        self.connections = 0
        self.connected = asyncio.Event()

    def __str__(self):
        return f"a reader by {self.version} that {'cuts' if self.cuts else 'stays'}, next {self.next}, after {self.last_id}"

    @property
    def has_everything(self):
        return all(self.next[channel] > self.target.published[channel] for channel in self.channels)

    async def run(self):
        while True:
            try:
                await self.read()
            except (ConnectionError, asyncio.IncompleteReadError, EOFError):
                pass
            except TimeoutError:
                return self.target.found(f"a reader of {self.channels} heard nothing for {SILENCE} s")
            await asyncio.sleep(self.random.random() * 0.2)

    async def read(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.target.port, limit=1 << 20)
        try:
            fields = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
            query = "&".join(f"channel={channel}" for channel in self.channels)
            writer.write(f"GET /all?{query} {self.version}\r\nHost: x\r\n{fields}\r\n".encode())
            async with asyncio.timeout(SILENCE):
                head = await reader.readuntil(b"\r\n\r\n")
            status = head.split()[1]
            if status == b"503":
                raise EOFError  # Too many connections.
            if status != b"200":
                return self.target.found(f"an honest reader was refused: {head}, after {self.last_id}")
            self.connections += 1
            self.connected.set()
            self.rest = b""
            cuts = self.cuts and not self.target.is_calm
            allowance = int(self.random.expovariate(1) * self.random.choice([500, 20_000, 1_000_000]))
            while not cuts or allowance > 0:
                async with asyncio.timeout(SILENCE):
                    piece = await self.piece(reader, b"chunked" in head.lower())
                if not piece:
                    return
                # What comes after the cut is as good as lost.
                self.take(piece[:allowance] if cuts else piece)
                allowance -= len(piece)
        finally:
            writer.transport.abort()

    async def piece(self, reader, is_chunked):
        if not is_chunked:
            return await reader.read(1 << 16)
        size = int(await reader.readuntil(b"\r\n"), 16)
        return (await reader.readexactly(size + 2))[:-2]

    def take(self, piece):
        *blocks, self.rest = (self.rest + piece).split(b"\n\n")
        for block in blocks:
            fields = dict(line.partition(b": ")[::2] for line in block.split(b"\n") if not line.startswith(b":"))
            if b"event" in fields:
                self.target.found(f"a reader of {self.channels} was told {block}, after {self.last_id}")
            if b"data" in fields:
                self.check(fields[b"data"])
                self.last_id = fields[b"id"].decode()
                requests_sent.SEEN_IDS.append(fields[b"id"])

    def check(self, data):
        word, space, filler = data.partition(b" ")
        channel, number = "a" if space else "b", int(word)
        if number != self.next[channel]:
            self.target.found(
                f"a reader of {self.channels} got {number} of {channel} instead of {self.next[channel]},"
                f" after {self.last_id}")
        count = 50_000 if number % 500 == 0 else number * 7919 % 1500
        if space and filler != b"abcdefghijklmnop"[number % 16:number % 16 + 1] * count:
            self.target.found(f"event {number} of {channel} has the wrong data: {data[:100]}")
        self.next[channel] = number + 1


class Host:
    """Asks for the host's own route all the time, over a connection that is kept."""

    def __init__(self, target):
        self.target = target
        self.times = []

    async def run(self):
        while True:
            begin = time.monotonic()
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.target.port)
            except ConnectionError:
                await asyncio.sleep(0.1)
                continue
            try:
                while True:
                    writer.write(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
                    async with asyncio.timeout(SILENCE):
                        head = await reader.readuntil(b"\r\n\r\n")
                        if head.split()[1] != b"200":
                            raise EOFError  # Too many connections.
                        body = await reader.readexactly(4)
                    if body != b"pong":
                        return self.target.found(f"the host's route answered something else than pong: {head}")
                    self.times.append(time.monotonic() - begin)
                    await asyncio.sleep(0.2)
                    begin = time.monotonic()
            except (ConnectionError, asyncio.IncompleteReadError, EOFError):
                await asyncio.sleep(0.1)
            except TimeoutError:
                return self.target.found(f"the host's route did not answer for {SILENCE} s")
            finally:
                writer.transport.abort()
