#!/usr/bin/env python3
"""Tests several runs at once, each with several viewers whose connections are cut, while some runs are stopped and the
server, with a history in a file, is killed. Every viewer receives exactly its run's tokens, and all viewers of a run
receive the same end. Without a history, nothing is left after the runs' retention. With a history on Redis, three
servers have the same runs: viewers move between them, any of them is asked to stop a run, and one is killed at a time.

usage: runs.py [--stack builtin|evhttp|c|redis] [--runs N] [--tokens N] [--viewers N] [--kills N] [--long] [--openai]

The stacks (all, or the named one) are Examples/LanguageModelGateway, the same on evhttp in Swift, in C, and three of
those on evhttp in Swift with Redis. After each kill, the same number of runs is started again. --long: 200 runs of
2,000 tokens with 3 viewers each, and 3 kills.
"""
import argparse, asyncio, json, os, pathlib, random, re, resource, signal, subprocess, sys, tempfile, time, urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBEVENT = ROOT / "Integrations/Libevent"


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.strip()


def build(stack, folder):
    """Builds the server of a stack with the builds that other checks have; returns its path."""
    if stack == "builtin":
        return output("bash", "Tests/build.sh", "Examples/LanguageModelGateway") + "/LanguageModelGateway"
    if stack in ("evhttp", "redis"):
        return output("bash", "Tests/build.sh", "Tests/EndToEnd") + "/RunServer"
    swift = ["swift", "build", "--quiet", "--product", "EventSourceCSQLite", "-Xswiftc", "-warnings-as-errors"]
    output(*swift)
    libraries = output(*swift, "--show-bin-path")
    output(
        "cc", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{LIBEVENT}/Sources/CEventSource",
        f"{LIBEVENT}/Tests/C/run_server.c", "-o", f"{folder}/run_server", f"-L{libraries}", "-lEventSourceCSQLite",
        f"-Wl,-rpath,{libraries}", *output("pkg-config", "--cflags", "--libs", "libevent").split())
    return f"{folder}/run_server"


STACKS = ["builtin", "evhttp", "c", "redis"]


class Finding(Exception):
    """What is not as it should be."""


class Gateway:
    is_shared = False

    def __init__(self, program, *arguments):
        self.program, self.arguments, self.port = program, arguments, 0
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "--port", str(self.port), *self.arguments], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if "Listening" not in line:
            raise Finding(f"the gateway did not start: {line}")
        self.port = int(line.strip().rsplit(":", 1)[1].rstrip("/"))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def get(self, path):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60).read()


class Deployment:
    """Three gateways that share a history on Redis. Every use of the port is one of any of them."""

    is_shared = True

    def __init__(self, program, folder, *arguments):
        self.redis = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", f"{folder}/redis", "--dir", folder, "--save", ""],
            stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not os.path.exists(f"{folder}/redis"):
            if self.redis.poll() is not None or time.monotonic() > deadline:
                raise Finding("redis-server did not start")
            time.sleep(0.05)
        self.killed = None
        self.gateways = [
            Gateway(program, "--history", f"redis+unix:{folder}/redis", *arguments) for _ in range(3)]

    @property
    def port(self):
        return random.choice(self.gateways).port

    def kill(self):
        self.killed = random.choice(self.gateways)
        self.killed.kill()

    def start(self):
        self.killed.start()

    def end(self):
        for gateway in getattr(self, "gateways", []):
            gateway.kill()
        self.redis.kill()
        self.redis.wait()


async def exchange(port, method, path, body=b"", fields=(), most=None):
    """Sends an HTTP/1.0 request and reads the response or its first bytes. Returns the head and the body, or None."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = f"{method} {path} HTTP/1.0\r\nHost: gateway\r\nContent-Length: {len(body)}\r\n"
        writer.write((head + "".join(f"{field}\r\n" for field in fields) + "\r\n").encode() + body)
        await writer.drain()
        received = b""
        while most is None or len(received) < most:
            chunk = await asyncio.wait_for(reader.read(16384), 120)
            if not chunk:
                break
            received += chunk
    finally:
        writer.close()
    head, separator, rest = received.partition(b"\r\n\r\n")
    return (head.decode(), rest) if separator else None


async def start(port, tokens):
    body = json.dumps({
        "model": "echo", "stream": True, "max_tokens": tokens,
        "messages": [{"role": "user", "content": "the quick brown fox"}]}).encode()
    head, _ = await exchange(
        port, "POST", "/v1/chat/completions", body, ["Content-Type: application/json", "Accept: application/json"], 10)
    return re.search(r"\r\nLocation: (\S+)", head).group(1)


class Viewer:
    def __init__(self, location):
        self.location, self.last, self.next, self.outcome, self.cuts = location, None, 0, None, 0

    async def watch(self, gateway, largest_cut):
        while self.outcome is None:
            most = random.randint(1, largest_cut) if self.cuts < 20 else None
            fields = [f"Last-Event-ID: {self.last}"] if self.last else []
            try:
                answer = await exchange(gateway.port, "GET", self.location, fields=fields, most=most)
            except (OSError, asyncio.TimeoutError):
                answer = None
            self.cuts += 1
            if answer is None:
                await asyncio.sleep(0.05)
                continue
            head, body = answer
            status = int(head.split()[1])
            # Other processes know a run from its first token on.
            is_too_early = gateway.is_shared and status == 404 and self.last is None
            if status == 503 or is_too_early:
                await asyncio.sleep(0.05)
                continue
            if status != 200:
                raise Finding(f"{self.location} after {self.last}: {head.splitlines()[0]}")
            for block in body.decode(errors="replace").split("\n\n")[:-1]:
                self.receive(block)

    def receive(self, block):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "data" not in fields:
            return
        if "event" in fields:
            if fields["event"] != "eventsource-end":
                raise Finding(f"{block}")
            self.outcome = json.loads(fields["data"])["outcome"]
        elif fields["data"] != "[DONE]":
            content = json.loads(fields["data"])["choices"][0]["delta"].get("content")
            if content:
                if int(content.split(":")[0]) != self.next:
                    raise Finding(f"{self.location}: {content} came instead of {self.next}")
                self.next += 1
        self.last = fields["id"]


async def scene(stack, gateway, options, kills):
    began = time.monotonic()
    viewers, watching, stopped = [], [], set()
    for wave in range(kills + 1):
        locations = await asyncio.gather(*(start(gateway.port, options.tokens) for _ in range(options.runs)))
        more = [Viewer(location) for location in locations for _ in range(options.viewers)]
        viewers += more
        # As many cuts as there may be reach the end of a run.
        watching += [asyncio.create_task(viewer.watch(gateway, 30 * options.tokens)) for viewer in more]
        for location in random.sample(locations, max(1, options.runs // 10)):
            await asyncio.sleep(random.random() * 0.1)
            head, _ = await exchange(gateway.port, "DELETE", location)
            while gateway.is_shared and head.split()[1] in ("404", "503"):
                await asyncio.sleep(0.05)
                head, _ = await exchange(gateway.port, "DELETE", location)
            # Another process than the producer's only passes the request on.
            if head.split()[1] not in (["202", "204"] if gateway.is_shared else ["204"]):
                raise Finding(f"stopping said {head.splitlines()[0]}")
            stopped.add(location)
        if wave < kills:
            await asyncio.sleep(random.uniform(0.1, 0.8) * options.tokens / options.tokens_per_second)
            gateway.kill()
            gateway.start()
    await asyncio.gather(*watching)
    ends = {}
    for viewer in viewers:
        ends.setdefault(viewer.location, set()).add((viewer.next, viewer.outcome))
    for location, told in ends.items():
        if len(told) != 1:
            raise Finding(f"the viewers of {location} were told {told}")
        ((count, outcome),) = told
        if outcome == "finished" and count != options.tokens:
            raise Finding(f"{location} finished with {count} tokens")
        # A stop may come too late, and the end of a run that was stopped just before a kill may not be recorded.
        expected = {"finished"} | ({"stopped"} if location in stopped else set()) | ({"interrupted"} if kills else set())
        if outcome not in expected:
            raise Finding(f"{location} ended as {outcome}, not {expected}")
    outcomes = [next(iter(told))[1] for told in ends.values()]
    tally = {name: outcomes.count(name) for name in sorted(set(outcomes))}
    if not tally.get("finished") or not tally.get("stopped"):
        raise Finding(f"no run was finished, or none was stopped: {tally}")
    print(
        f"runs: {stack}: {len(ends)} runs, {len(viewers)} viewers, {sum(v.cuts for v in viewers)} connections, "
        f"{sum(v.next for v in viewers)} tokens, {kills} kills: {tally} in {time.monotonic() - began:.0f} s", flush=True)


async def is_empty(gateway):
    for _ in range(2000):
        statistics = json.loads(gateway.get("/stats"))
        if statistics["active"] + statistics["retained"] + statistics["bytes"] + statistics["viewers"] == 0:
            return
        await asyncio.sleep(0.1)
    raise Finding(f"something is left: {statistics}")


def ask_by_openai(gateway):
    """Tests with the unmodified openai client."""
    import openai

    client = openai.OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key="none")
    messages = [{"role": "user", "content": "the quick brown fox"}]
    text = ""
    for chunk in client.chat.completions.create(model="echo", stream=True, max_tokens=50, messages=messages):
        text += chunk.choices[0].delta.content or ""
    if [int(word.split(":")[0]) for word in text.split()] != list(range(50)):
        raise Finding(f"openai read {text}")
    whole = client.chat.completions.create(model="echo", max_tokens=3, messages=messages)
    if whole.choices[0].message.content != "0:the 1:quick 2:brown ":
        raise Finding(f"openai read {whole}")
    stream = client.chat.completions.create(model="echo", stream=True, max_tokens=9000, messages=messages)
    run = next(iter(stream)).id.removeprefix("chatcmpl-")
    request = urllib.request.Request(f"http://127.0.0.1:{gateway.port}/runs/{run}", method="DELETE")
    urllib.request.urlopen(request)
    try:
        for chunk in stream:
            pass
        raise Finding("openai took a run that was stopped for one that was finished")
    except openai.APIError:
        pass
    print("runs: openai reads an answer, and is told that one was stopped")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", choices=STACKS)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=400)
    parser.add_argument("--viewers", type=int, default=3)
    parser.add_argument("--kills", type=int, default=1)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--tokens-per-second", type=float, default=200)
    parser.add_argument("--openai", action="store_true", help="also ask by the package openai, which has to be there")
    options = parser.parse_args()
    if options.long:
        options.runs, options.tokens, options.viewers, options.kills = 200, 2000, 3, 3
        options.tokens_per_second = 50
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    for stack in [options.stack] if options.stack else STACKS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                play(stack, build(stack, folder), folder, options)
            except Finding as finding:
                sys.exit(f"runs: {stack}: {finding}")


def play(stack, program, folder, options):
    pace = ["--tokens-per-second", str(options.tokens_per_second)]
    if stack == "redis":
        deployment = Deployment(program, folder, *pace, "--retention", "120" if options.long else "5")
        try:
            asyncio.run(scene(stack, deployment, options, options.kills))
            for gateway in deployment.gateways:
                asyncio.run(is_empty(gateway))
        finally:
            deployment.end()
        return
    for history, kills in ([], 0), (["--history", f"sqlite:{folder}/history"], options.kills):
        # Long enough for viewers that return on a busy machine.
        retention = "600" if history else "120" if options.long else "5"
        gateway = Gateway(program, *pace, *history, "--retention", retention)
        try:
            asyncio.run(scene(stack, gateway, options, kills))
            if not history:
                if options.openai and stack == "builtin":
                    ask_by_openai(gateway)
                asyncio.run(is_empty(gateway))
        finally:
            gateway.kill()


if __name__ == "__main__":
    main()
