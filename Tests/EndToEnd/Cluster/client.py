"""A client that moves between servers, and compares every byte that it gets with the log."""

import asyncio

from .log import Failure


class Client:
    def __init__(self, ports, log, generator, wakes):
        """`ports` returns those of the running servers. A failure is passed to `wakes`."""
        self.ports, self.log, self.random, self.wakes = ports, log, generator, wakes
        self.offset, self.last_id, self.streams, self.turned_away = 0, None, 0, 0

    async def run(self):
        while True:
            ports = self.ports()
            try:
                loop = asyncio.get_running_loop()
                stream = Stream(self, loop.create_future())
                if not ports:
                    raise ConnectionRefusedError
                transport, _ = await loop.create_connection(lambda: stream, "127.0.0.1", self.random.choice(ports))
            except OSError:
                await asyncio.sleep(0.1)
                continue
            try:
                # Most streams are left soon, some only after much data.
                await asyncio.wait_for(stream.over, self.random.expovariate(1) * self.random.choice([0.3, 1, 10]))
            except asyncio.TimeoutError:
                pass
            finally:
                stream.is_over = True
                transport.abort()
            if stream.was_turned_away:
                self.turned_away += 1
                await asyncio.sleep(0.1 + 0.3 * self.random.random())
            elif self.random.random() < 0.2:
                # Long enough for the log of a server to lose what this client has missed.
                await asyncio.sleep(3 * self.random.random())

    def take(self, data):
        """Takes the complete blocks, and returns the rest."""
        end = data.rfind(b"\n\n") + 2
        if end < 2:
            return data
        blocks = data[:end]
        if self.log.has(blocks, self.offset):
            self.advance(blocks)
        else:
            for block in blocks.split(b"\n\n")[:-1]:
                self.take_block(block)
        return data[end:]

    def take_block(self, block):
        lines = [line for line in block.split(b"\n") if line and not line.startswith((b":", b"retry:"))]
        if not lines:
            return
        if lines[0].startswith(b"event: eventsource-gap"):
            raise Failure(f"a client was told of a gap after {self.last_id}: {block}")
        event = b"\n".join(lines) + b"\n\n"
        if self.offset == self.log.end:
            self.log.append(event)
        elif not self.log.has(event, self.offset):
            raise Failure(f"a client got {event} after {self.last_id}, others got {self.log.next(self.offset)}")
        self.advance(event)

    def advance(self, blocks):
        self.offset += len(blocks)
        begin = blocks.rfind(b"id: ") + 4
        self.last_id = blocks[begin:-2]


class Stream(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, client, over):
        self.client, self.over, self.is_over, self.was_turned_away = client, over, False, False
        self.head, self.encoded, self.rest, self.is_chunked = b"", b"", b"", False
        # What comes after this many bytes counts as lost.
        self.allowance = int(client.random.expovariate(1) * client.random.choice([1_000, 20_000, 2_000_000]))

    def connection_made(self, transport):
        version = self.client.random.choice(["1.0", "1.1"])
        resumes = b"Last-Event-ID: " + self.client.last_id + b"\r\n" if self.client.last_id else b""
        transport.write(f"GET /events/a HTTP/{version}\r\nHost: cluster\r\n".encode() + resumes + b"\r\n")

    def connection_lost(self, _):
        self.end()

    def end(self):
        self.is_over = True
        if not self.over.done():
            self.over.set_result(None)

    def data_received(self, data):
        if self.is_over:
            return
        try:
            self.receive(data)
        except Exception as error:
            self.end()
            self.client.wakes(error)

    def receive(self, data):
        if self.head is not None:
            self.head += data
            head, separator, data = self.head.partition(b"\r\n\r\n")
            if not separator:
                return
            self.head = None
            if b" 200 " not in head.split(b"\r\n")[0]:
                if b" 503 " not in head.split(b"\r\n")[0]:
                    raise Failure(f"a server answered {head}")
                self.was_turned_away = True
                return self.end()
            self.is_chunked = b"transfer-encoding: chunked" in head.lower()
            self.client.streams += 1
        data = data[:max(0, self.allowance)]
        self.allowance -= len(data)
        self.rest = self.client.take(self.rest + (self.decoded(data) if self.is_chunked else data))
        if self.allowance <= 0:
            self.end()

    def decoded(self, data):
        """Returns the data of the complete chunks (RFC 9112, 7.1)."""
        self.encoded += data
        pieces, at = [], 0
        while (line := self.encoded.find(b"\r\n", at)) >= 0:
            size = int(self.encoded[at:line], 16)
            if size == 0:
                self.end()
                break
            if len(self.encoded) < line + 2 + size + 2:
                break
            pieces.append(self.encoded[line + 2:line + 2 + size])
            at = line + 2 + size + 2
        self.encoded = self.encoded[at:]
        return b"".join(pieces)
