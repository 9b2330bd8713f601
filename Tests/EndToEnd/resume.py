#!/usr/bin/env python3
"""Clients close their connections and resume at random, while a server with a history in a file publishes and is
killed and restarted: every client gets every event once and in order, or a gap event.

usage: resume.py [--clients N] [--events N] [--kills N] [--stack builtin|evhttp|nio|hummingbird] [--seed N]
"""
import argparse, asyncio, os, random, re, signal, subprocess, sys, tempfile

EVENT = re.compile(rb"(?:event: (?P<type>[^\n]*)\n)?data: (?P<data>[^\n]*)\n(?:id: (?P<id>[^\n]*)\n)?\n")
HERE = os.path.dirname(os.path.abspath(__file__))


class Server:
    def __init__(self, program, stack, path):
        self.command = [program, stack, path]

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        words = (await self.line()).split()
        self.port, self.held = int(words[1]), int(words[3])

    async def line(self):
        return (await asyncio.wait_for(self.process.stdout.readline(), 120)).decode()

    async def publish(self, count):
        """Publishes more events. Returns the total, or None if the server was killed."""
        try:
            self.process.stdin.write(f"publish {count}\n".encode())
            await self.process.stdin.drain()
            line = await self.line()
        except (BrokenPipeError, ConnectionResetError):
            line = ""
        return int(line.split()[1]) if line else None

    async def kill(self):
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self):
        self.process.stdin.close()
        report = await self.line()
        if await asyncio.wait_for(self.process.wait(), 60) != 0:
            sys.exit(f"resume: the server ended with status {self.process.returncode}")
        return report.strip()


class Client:
    def __init__(self, server, generator):
        self.server, self.random = server, generator
        self.last_id, self.next, self.gaps, self.connections = "", 1, 0, 0
        self.connected = asyncio.Event()

    async def run(self, goal):
        while self.next <= goal():
            try:
                await self.read(goal)
            except (ConnectionError, asyncio.IncompleteReadError, EOFError):
                await asyncio.sleep(0.02)

    async def read(self, goal):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=1 << 20)
        try:
            self.connections += 1
            fields = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
            writer.write(f"GET /events/a HTTP/1.1\r\nHost: x\r\n{fields}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n")[0]:
                raise EOFError
            self.connected.set()
            is_chunked = b"chunked" in head.lower()
            rest = b""
            # Most connections are closed soon, some only after much data.
            allowance = int(self.random.expovariate(1) * self.random.choice([500, 5_000, 200_000]))
            while self.next <= goal():
                if is_chunked:
                    size = int((await reader.readuntil(b"\r\n")).strip(), 16)
                    piece = await reader.readexactly(size + 2)
                    if size == 0:
                        return
                    piece = piece[:-2]
                else:
                    piece = await reader.read(1 << 16)
                    if not piece:
                        return
                allowance -= len(piece)
                # Data after the cut counts as lost.
                rest += piece if allowance > 0 else piece[:max(0, len(piece) + allowance)]
                rest = self.take(rest)
                if allowance <= 0:
                    return
        finally:
            writer.transport.abort()

    def take(self, data):
        end = data.rfind(b"\n\n") + 2 if b"\n\n" in data else 0
        for match in EVENT.finditer(data[:end]):
            kind = match["type"]
            if kind == b"eventsource-gap":
                self.gaps += 1
                continue
            number = int(match["data"])
            if number != self.next:
                sys.exit(f"resume: a client got {number} instead of {self.next}, after {self.last_id}")
            self.next = number + 1
            self.last_id = match["id"].decode()
        return data[end:]


async def play(options, stack, path, program):
    generator = random.Random(options.seed)
    server = Server(program, stack, path)
    await server.start()
    published, wanted = 0, options.events
    clients = [Client(server, random.Random(generator.random())) for _ in range(options.clients)]
    tasks = [asyncio.create_task(client.run(lambda: wanted)) for client in clients]
    await asyncio.gather(*(client.connected.wait() for client in clients))
    kills = sorted(generator.sample(range(1, 20), options.kills), reverse=True)
    while published < wanted:
        step = min(max(1, wanted // 20), wanted - published)
        publishing = asyncio.create_task(server.publish(step))
        if kills and published >= wanted * kills[-1] // 20:
            kills.pop()
            # Kills the server while it publishes.
            await asyncio.sleep(generator.random() * 0.05)
            await server.kill()
            acknowledged = await publishing
            await server.start()
            if server.held < (acknowledged or published):
                sys.exit(f"resume: {acknowledged or published} events were acknowledged, {server.held} are held")
            published = server.held
        else:
            published = await publishing
    wanted = published
    await asyncio.wait_for(asyncio.gather(*tasks), 300)
    report = await server.stop()
    gaps = sum(client.gaps for client in clients)
    if gaps:
        sys.exit(f"resume: {gaps} gaps were reported, but no event was missing")
    connections = sum(client.connections for client in clients)
    print(f"resume: {stack}: {len(clients)} clients have all of {published} events, over {connections} connections and"
          f" {options.kills} kills; {report}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--clients", type=int, default=40)
    parser.add_argument("--events", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--stack", choices=["builtin", "evhttp", "nio", "hummingbird"])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    mode = ["stacks", "HistoryServer"] if options.stack in ["nio", "hummingbird"] else ["release"]
    build = ["bash", os.path.join(HERE, "..", "build.sh"), "Tests/EndToEnd", *mode]
    folder = subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    for stack in [options.stack] if options.stack else ["builtin", "evhttp"]:
        with tempfile.TemporaryDirectory() as scratch:
            asyncio.run(play(options, stack, os.path.join(scratch, "history.db"), os.path.join(folder, "HistoryServer")))


main()
