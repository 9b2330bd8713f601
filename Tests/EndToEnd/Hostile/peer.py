"""One connection of a hostile peer, by a bare socket, so that it can be used and ended in every way."""

import asyncio
import socket
import struct


class Peer:
    def __init__(self, target, random, small=False):
        self.target, self.random = target, random
        self.loop = asyncio.get_running_loop()
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if small:
            # As little as the kernel allows, so that the server is left with what it cannot send.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        # The ports of one source address would run out.
        self.socket.bind((f"127.0.0.{random.randrange(2, 30)}", 0))

    async def __aenter__(self):
        await self.loop.sock_connect(self.socket, ("127.0.0.1", self.target.port))
        return self

    async def __aexit__(self, *_):
        self.socket.close()

    async def send(self, data, pause=0.0):
        """In pieces, as large as the pauses are long."""
        self.target.remember(data)
        while data:
            count = len(data) if pause == 0 else self.random.randrange(1, 40)
            await self.loop.sock_sendall(self.socket, data[:count])
            data = data[count:]
            if data and pause:
                await asyncio.sleep(self.random.random() * pause)

    async def receive(self, most=65536, seconds=1.0):
        """What comes; None if nothing does, and nothing at the end of the stream."""
        try:
            async with asyncio.timeout(seconds):
                return await self.loop.sock_recv(self.socket, most)
        except TimeoutError:
            return None

    async def receive_until_end(self, seconds=10.0, most=1 << 20):
        """Everything, within limits."""
        received, end = b"", self.loop.time() + seconds
        while len(received) < most and (left := end - self.loop.time()) > 0:
            data = await self.receive(seconds=left)
            if not data:
                break
            received += data
        self.target.count_answers(received)
        return received

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    async def end(self):
        """In one of the ways in which connections end."""
        match self.random.randrange(4):
            case 0: self.reset()
            case 1: self.socket.close()
            case 2:
                self.half_close()
                await self.receive_until_end(self.random.random() * 3)
            case 3: await self.receive_until_end(self.random.random() * 3)
