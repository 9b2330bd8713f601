#!/usr/bin/env python3
"""Hostile peers at a server that was built with the address sanitizer, while honest readers watch what is published:
these have every event once and in order, the host's own route answers, and when the peers have gone no memory and no
descriptor is missing.

usage: hostile.py [--stack builtin|evhttp] [--seconds N] [--seed N] [--peers N] [--program PATH]

Both stacks are attacked at once, unless one is named, for N seconds (20) with a warm-up before. The seed decides what is
sent; when it arrives is the machine's affair. PATH names a HostileServer, so that none is built. Exits with 1 at a
finding; what was sent before it is in .build-address/hostile.
"""
import argparse, asyncio, os, random, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SCRATCH = os.path.join(ROOT, ".build-address")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "Hostile"))
from attacks import KINDS, takers_of_nothing  # noqa: E402
from honest import Host, Reader  # noqa: E402
from target import Target  # noqa: E402
from process_usage import descriptors, resident, sockets  # noqa: E402

# What may be on the heap at the end and not after the warm-up, and what the allocator may keep beside.
HEAP, RESIDENT = 1 << 20, 256 << 20


async def attack(target, generator):
    """Whatever one hostile peer does, one thing after the other."""
    while True:
        kind = generator.choices(list(KINDS), KINDS.values())[0]
        try:
            async with asyncio.timeout(120):
                await kind(target, random.Random(generator.random()))
        except (OSError, TimeoutError):
            pass  # It was thrown out.
        target.done[kind.__name__] += 1
        await asyncio.sleep(generator.expovariate(30))


async def wait_for(target, what, condition, seconds=120):
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        if target.findings or asyncio.get_running_loop().time() > end:
            if not target.findings:
                target.found(f"{what}: not in {seconds} s")
            return
        await asyncio.sleep(0.05)


async def play_round(target, generator, peers, seconds):
    """Publishes while peers attack and readers read, until nothing is left of either; what the server holds then."""
    readers = [
        Reader(target, random.Random(generator.random()), channels, cuts, version)
        for channels in (["a"], ["b"], ["a", "b"]) for cuts in (False, True)
        for version in ("HTTP/1.1", "HTTP/1.1", "HTTP/1.0")]
    target.readers = len(readers)
    tasks = [asyncio.create_task(reader.run()) for reader in readers]
    try:
        await wait_for(target, "every reader is connected", lambda: all(reader.connected.is_set() for reader in readers))
        await publish_under_attack(target, generator, peers, seconds)
        await wait_for(target, "every reader has everything", lambda: all(reader.has_everything for reader in readers))
    finally:
        await cancel(tasks)
    for reader in readers:
        target.connections += reader.connections
        if not reader.has_everything:
            target.found(f"{reader} lacks some of {target.published}")
    await target.ask("empty")
    return await what_is_left(target)


async def publish_under_attack(target, generator, peers, seconds):
    target.is_calm = False
    target.tell("go")
    tasks = [asyncio.create_task(attack(target, random.Random(generator.random()))) for _ in range(peers)]
    end = asyncio.get_running_loop().time() + seconds
    try:
        while asyncio.get_running_loop().time() < end and not target.findings:
            await asyncio.sleep(0.1)
    finally:
        await cancel(tasks)
    words = await target.ask("pause")
    if words[0] != "paused":
        raise EOFError(" ".join(words))
    target.published = {"a": int(words[1]), "b": int(words[2])}
    target.is_calm = True


async def cancel(tasks):
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


async def what_is_left(target):
    """Bytes on the heap, bytes in memory, and descriptors, when only the host's own client is still there."""
    await wait_for(target, "every connection is closed", lambda: sockets(target.process.pid) <= target.idle_sockets)
    while (await target.ask("state"))[1] != "0" and not target.findings:
        await asyncio.sleep(0.05)
    # The allocator gives back what it does not need in its own time.
    await asyncio.sleep(1)
    return int((await target.ask("state"))[5]), resident(target.process.pid), descriptors(target.process.pid)


async def end_among_peers(target, generator):
    """SIGTERM while peers attack, and some take nothing."""
    target.tell("go")
    kinds = [attack(target, generator) for _ in range(8)] + [takers_of_nothing(target, generator) for _ in range(8)]
    tasks = [asyncio.create_task(kind) for kind in kinds]
    await asyncio.sleep(1)
    report = await target.end()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return report


async def play(target, options):
    generator = random.Random(f"{options.seed} {target.stack}")
    await target.start()
    host = Host(target)
    asking = asyncio.create_task(host.run())
    await wait_for(target, "the host's route", lambda: host.times)
    target.idle_sockets = sockets(target.process.pid)
    left = []
    try:
        left.append(await play_round(target, generator, options.peers, min(60, max(5, options.seconds / 10))))
        rounds = max(1, round(options.seconds / 600))
        for _ in range(rounds):
            if not target.findings:
                left.append(await play_round(target, generator, options.peers, options.seconds / rounds))
                compare(target, left[0], left[-1])
        report = await end_among_peers(target, generator)
    # The server has ended, or said something else than it should.
    except (EOFError, OSError, ValueError) as error:
        report = await target.end()
        target.found(f"it was stopped by {error!r}; {report}")
    finally:
        await cancel([asking])
    times = sorted(host.times)
    done = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in target.done.most_common())
    answers = ", ".join(f"{status} {count}" for status, count in sorted(target.answers.items()))
    print(
        f"hostile: {target.stack}: seed {options.seed}, {sum(target.done.values())} attacks:"
        f" {done}\nhostile: {target.stack}: answers seen: {answers}\nhostile: {target.stack}: {target.published} events,"
        f" each once and in order to {target.readers} readers over {target.connections} connections; the host's route"
        f" answered {len(times)} times, {times[len(times) // 2] * 1000:.0f} ms in the middle,"
        f" {times[len(times) * 99 // 100] * 1000:.0f} ms for 99 %, {times[-1] * 1000:.0f} ms at most\n"
        f"hostile: {target.stack}: left after each round: heap {[entry[0] >> 10 for entry in left]} KiB, resident"
        f" {[entry[1] >> 20 for entry in left]} MiB, descriptors {[entry[2] for entry in left]}; {report}")


def compare(target, before, after):
    if target.findings:
        return
    if after[0] > before[0] + HEAP:
        target.found(f"the heap has {after[0]} bytes, and had {before[0]}")
    if after[1] > before[1] + RESIDENT:
        target.found(f"{after[1]} bytes are resident, and {before[1]} were")
    if after[2] > before[2]:
        target.found(f"{after[2]} descriptors are open, and {before[2]} were")


async def play_all(options, program, scratch):
    targets = [Target(stack, program, scratch) for stack in options.stack or ["builtin", "evhttp"]]
    try:
        results = await asyncio.gather(*(play(target, options) for target in targets), return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result
    finally:
        for target in targets:
            target.kill()
    return sum(len(target.findings) for target in targets)


def build():
    command = [
        "swift", "build", "-c", "release", "--sanitize", "address", "--package-path", HERE, "--scratch-path", SCRATCH,
        "--product", "HostileServer"]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        sys.exit(f"hostile: {result.stdout}")
    where = subprocess.run(command + ["--show-bin-path"], check=True, stdout=subprocess.PIPE, text=True)
    return where.stdout.strip() + "/HostileServer"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", choices=["builtin", "evhttp"], action="append")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", type=int, default=24)
    parser.add_argument("--program")
    options = parser.parse_args()
    program = options.program or build()
    scratch = os.path.join(SCRATCH, "hostile")
    os.makedirs(scratch, exist_ok=True)
    found = asyncio.run(play_all(options, program, scratch))
    if found:
        sys.exit(f"hostile: {found} findings; what was sent before the first one is in {scratch}")
    print("hostile: nothing was found")


if __name__ == "__main__":
    main()
