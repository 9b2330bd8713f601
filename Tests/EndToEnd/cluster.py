#!/usr/bin/env python3
"""Three servers share a history on Redis and publish to one channel, while clients move between them at random. Servers
and Redis are killed and started again. Every client gets every event once, in the same order, and is told of no gap.

usage: cluster.py [--short | --soak SECONDS] [--clients N] [--events N] [--rate N] [--seed N]

Redis writes every command to its disk (appendonly yes, appendfsync always). Without options, 100,000 events are
published to 200 clients, servers are killed 12 times, and Redis twice. --short takes less than a minute. --soak goes on
for so many seconds; a server is killed about every 10 seconds, and Redis about every minute.
"""
import argparse, asyncio, os, random, subprocess, sys, tempfile, time

sys.dont_write_bytecode = True  # The sources' folder stays as it is.
from Cluster.client import Client
from Cluster.log import Failure, Log
from Cluster.processes import Redis, Server, end

HERE = os.path.dirname(os.path.abspath(__file__))
SERVERS = 3
# The time in which every client must have everything after the last publication.
PATIENCE = 120


class Cluster:
    def __init__(self, options, program, folder):
        self.options, self.random, self.log = options, random.Random(options.seed), Log()
        self.redis = Redis(folder, 20 if options.short else -20)
        self.servers = [Server(program, self.redis, self.log, self.random) for _ in range(SERVERS)]
        self.broken = asyncio.get_running_loop().create_future()
        self.clients = [Client(self.ports, self.log, random.Random(self.random.random()), self.fail)
                        for _ in range(options.clients)]
        self.began, self.is_published = time.monotonic(), False

    def ports(self):
        return [server.port for server in self.servers if server.port]

    def fail(self, error):
        if not self.broken.done():
            self.broken.set_exception(error)

    def progress(self):
        """The part of the work that is done."""
        if self.options.soak:
            return (time.monotonic() - self.began) / self.options.soak
        return sum(server.outcomes["stored"] for server in self.servers) / self.options.events

    async def keep_publishing(self, server):
        """A few events at a time, at the server's part of the rate."""
        pause = 0.25
        while self.progress() < 1:
            due = asyncio.get_running_loop().time() + pause
            if server.port:
                await server.publish(max(1, int(self.options.rate * pause / SERVERS)))
            await asyncio.sleep(max(0, due - asyncio.get_running_loop().time()))

    async def kill_at(self, moments, kill):
        for moment in moments:
            while self.progress() < moment:
                await asyncio.sleep(0.01)
            await kill()

    async def kill_server(self):
        server = self.random.choice([server for server in self.servers if server.port] or [None])
        if server:
            await server.kill()
            await asyncio.sleep(self.random.random() * 2)
            await server.start()

    async def kill_redis(self):
        await self.redis.kill()
        await asyncio.sleep(self.random.random() * 3)
        await self.redis.start()

    def moments(self, count):
        return sorted(0.05 + 0.9 * self.random.random() for _ in range(count))

    async def trim(self):
        while True:
            await asyncio.sleep(1)
            self.log.trim([client.offset for client in self.clients])

    async def play(self):
        await self.redis.start()
        await asyncio.gather(*(server.start() for server in self.servers))
        reading = [asyncio.create_task(task) for task in [*(client.run() for client in self.clients), self.trim()]]
        for task in reading:
            task.add_done_callback(lambda task: task.cancelled() or self.fail(task.exception()))
        try:
            await asyncio.gather(
                *(self.keep_publishing(server) for server in self.servers),
                self.kill_at(self.moments(self.options.kills), self.kill_server),
                self.kill_at(self.moments(self.options.redis_kills), self.kill_redis))
            await self.all_are_read()
        finally:
            for task in reading:
                task.cancel()
        # Without the readers, whose streams would delay the end.
        await asyncio.gather(*(server.stop() for server in self.servers))

    async def all_are_read(self):
        """Waits until every client has the newest event in Redis."""
        newest = (await self.redis.command("HMGET", "eventsource:m:a", "epoch", "number")).split()
        newest = "-".join(newest).encode()
        deadline = time.monotonic() + PATIENCE
        while late := [client for client in self.clients if client.last_id != newest]:
            if time.monotonic() > deadline:
                raise Failure(f"{len(late)} clients wait for {newest}; one has {late[0].last_id}")
            await asyncio.sleep(0.05)
        if self.log.awaited:
            raise Failure(f"{len(self.log.awaited)} acknowledged events are missing")

    async def close(self):
        for process in [*(server.process for server in self.servers), self.redis.process]:
            if process:
                await end(process)

    def report(self):
        outcomes = {kind: sum(server.outcomes[kind] for server in self.servers) for kind in self.servers[0].outcomes}
        text = ", ".join(f"{count:,} {kind}" for kind, count in outcomes.items())
        stacks = set().union(*(server.stacks for server in self.servers))
        print(f"cluster: {len(self.clients)} clients have all {self.log.events:,} events in order, without a gap, over"
              f" {sum(client.streams for client in self.clients):,} streams, {sum(s.kills for s in self.servers)} kills of"
              f" servers ({' and '.join(sorted(stacks))}) and {self.redis.kills} of Redis, in"
              f" {time.monotonic() - self.began:.0f} s; {text}; {self.log.epochs} epochs;"
              f" {sum(client.turned_away for client in self.clients)} requests got 503")
        for server in self.servers:
            print(f"cluster: the last process of a server: {server.report}")


async def run(options, program):
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(options, program, folder)
        playing = asyncio.create_task(cluster.play())
        try:
            await asyncio.wait([playing, cluster.broken], return_when=asyncio.FIRST_COMPLETED)
            for outcome in [cluster.broken, playing]:
                if outcome.done():
                    outcome.result()
            cluster.report()
        except Failure as failure:
            sys.exit(f"cluster: seed {options.seed}: {failure}")
        finally:
            playing.cancel()
            await cluster.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--soak", type=float, metavar="SECONDS")
    parser.add_argument("--clients", type=int)
    parser.add_argument("--events", type=int)
    parser.add_argument("--rate", type=int, help="events a second of all servers")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    short = options.short
    options.clients = options.clients or (40 if short else 200)
    options.events = options.events or (10_000 if short else 100_000)
    options.rate = options.rate or 1_000
    options.kills = int(options.soak / 10) if options.soak else 4 if short else 12
    options.redis_kills = int(options.soak / 60) if options.soak else 1 if short else 2
    build = ["bash", os.path.join(HERE, "..", "build.sh"), "Tests/EndToEnd", "release"]
    folder = subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    asyncio.run(run(options, os.path.join(folder, "ClusterServer")))


if __name__ == "__main__":
    main()
