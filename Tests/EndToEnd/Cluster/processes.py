"""Redis, and the servers that share it."""

import asyncio
import signal
import subprocess

from .log import Failure


async def end(process):
    """Ends a process as `kill -9` does."""
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    await process.wait()


class Redis:
    """A server that writes every command to its disk before it answers, on a socket in a folder.

    When it is started again, it loads its file as slowly as a large one, and answers some commands meanwhile. A
    negative delay means one microsecond for each so many commands, a positive one so many for each.
    """

    def __init__(self, folder, loading_delay):
        self.socket, self.folder, self.kills, self.process = f"{folder}/redis", folder, 0, None
        self.loading_delay = loading_delay

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            "redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.folder, "--save", "",
            "--appendonly", "yes", "--appendfsync", "always", "--logfile", f"{self.folder}/redis.log",
            "--key-load-delay", str(self.loading_delay), "--loading-process-events-interval-bytes", "16384")
        while await self.command("PING") != "PONG":
            if self.process.returncode is not None:
                raise Failure("redis-server has ended")
            await asyncio.sleep(0.05)

    async def command(self, *words):
        client = await asyncio.create_subprocess_exec(
            "redis-cli", "-s", self.socket, *words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return (await client.communicate())[0].decode().strip()

    async def kill(self):
        self.kills += 1
        await end(self.process)


class Server:
    """A place for one process after another, each with a name of its own and on one of the two stacks."""

    names = 0

    def __init__(self, program, redis, log, generator):
        self.program, self.redis, self.log, self.random = program, redis, log, generator
        self.port, self.kills, self.report, self.process = None, 0, "", None
        self.outcomes = {"stored": 0, "unknown": 0, "refused": 0}
        self.stacks = set()

    async def start(self):
        """Starts a process, and again as long as it cannot reach Redis."""
        while self.port is None:
            Server.names += 1
            stack = self.random.choice(["builtin", "evhttp"])
            self.process = await asyncio.create_subprocess_exec(
                self.program, stack, f"redis+unix:{self.redis.socket}", str(Server.names), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE)
            words = (await self.process.stdout.readline()).decode().split()
            if words[:1] == ["listening"]:
                self.port = int(words[1])
                self.stacks.add(stack)
            else:
                await self.process.wait()
                await asyncio.sleep(0.1)

    async def publish(self, count):
        """Publishes about so many events. Returns early if the process is killed."""
        process = self.process
        try:
            process.stdin.write(f"{count}\n".encode())
        except (BrokenPipeError, ConnectionResetError):
            return
        while line := (await process.stdout.readline()).decode():
            words = line.split()
            if words == ["done"]:
                return
            if not line.endswith("\n") or words[0] not in self.outcomes:
                continue
            self.outcomes[words[0]] += 1
            if words[0] == "stored":
                self.log.stored(words[1], int(words[2]))
            elif words[0] == "refused":
                self.log.was_refused(words[1], int(words[2]))

    async def kill(self):
        self.port = None
        self.kills += 1
        await end(self.process)

    async def stop(self):
        self.process.stdin.close()
        while line := (await asyncio.wait_for(self.process.stdout.readline(), 60)).decode():
            self.report = line.strip()
        if await asyncio.wait_for(self.process.wait(), 60) != 0:
            raise Failure(f"a server ended with status {self.process.returncode}")
