"""One connection of a hostile peer: a plain socket that can be used and closed in every way."""

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
            # The kernel's minimum, so that the server must keep the data.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        # One source address does not have enough ports.
        self.socket.bind((f"127.0.0.{random.randrange(2, 30)}", 0))

    async def __aenter__(self):
        await self.loop.sock_connect(self.socket, ("127.0.0.1", self.target.port))
        return self

    async def __aexit__(self, *_):
        self.socket.close()

    async def send(self, data, pause=0.0):
        """Sends in pieces. Larger pieces have longer pauses."""
        self.target.remember(data)
        while data:
            count = len(data) if pause == 0 else self.random.randrange(1, 40)
            await self.loop.sock_sendall(self.socket, data[:count])
            data = data[count:]
            if data and pause:
                await asyncio.sleep(self.random.random() * pause)

    async def receive(self, most=65536, seconds=1.0):
        """Returns received bytes, None if none arrive, and empty bytes at the end of the stream."""
        try:
            async with asyncio.timeout(seconds):
                return await self.loop.sock_recv(self.socket, most)
        except TimeoutError:
            return None

    async def receive_until_end(self, seconds=10.0, most=1 << 20):
        """Reads everything, within limits."""
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
        """Closes the connection in one of several ways."""
        match self.random.randrange(4):
            case 0: self.reset()
            case 1: self.socket.close()
            case 2:
                self.half_close()
                await self.receive_until_end(self.random.random() * 3)
            case 3: await self.receive_until_end(self.random.random() * 3)
