#!/usr/bin/env python3
"""Tests runs of Examples/LanguageModelGateway: several at once, each with several viewers whose connections are cut,
while some runs are stopped and the server, with a history in a file, is killed. Every viewer receives exactly its run's
tokens, and all viewers of a run receive the same end. Without a history, nothing is left after the runs' retention.

usage: runs.py [--runs N] [--tokens N] [--viewers N] [--kills N] [--openai]
"""
import argparse, asyncio, json, os, pathlib, random, re, signal, subprocess, sys, tempfile, urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def build():
    command = ["bash", ROOT / "Tests/build.sh", "Examples/LanguageModelGateway"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip() + "/LanguageModelGateway"


class Gateway:
    def __init__(self, program, *arguments):
        self.program, self.arguments, self.port = program, arguments, 0
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "--port", str(self.port), *self.arguments], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if "Listening" not in line:
            sys.exit(f"runs: the gateway did not start: {line}")
        self.port = int(line.strip().rsplit(":", 1)[1].rstrip("/"))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def get(self, path):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60).read()


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

    async def watch(self, gateway, random_cuts):
        while self.outcome is None:
            most = random.randint(1, 12_000) if random_cuts and self.cuts < 20 else None
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
            if status == 503:
                await asyncio.sleep(0.05)
                continue
            if status != 200:
                sys.exit(f"runs: {self.location} after {self.last}: {head.splitlines()[0]}")
            for block in body.decode(errors="replace").split("\n\n")[:-1]:
                self.receive(block)

    def receive(self, block):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "data" not in fields:
            return
        if "event" in fields:
            if fields["event"] != "eventsource-end":
                sys.exit(f"runs: {block}")
            self.outcome = json.loads(fields["data"])["outcome"]
        elif fields["data"] != "[DONE]":
            content = json.loads(fields["data"])["choices"][0]["delta"].get("content")
            if content:
                if int(content.split(":")[0]) != self.next:
                    sys.exit(f"runs: {self.location}: {content} came instead of {self.next}")
                self.next += 1
        self.last = fields["id"]


async def scene(gateway, options, kills):
    locations = await asyncio.gather(*(start(gateway.port, options.tokens) for _ in range(options.runs)))
    viewers = [Viewer(location) for location in locations for _ in range(options.viewers)]
    watching = asyncio.gather(*(viewer.watch(gateway, True) for viewer in viewers))
    stopped = random.sample(locations, max(1, options.runs // 10))
    for location in stopped:
        await asyncio.sleep(random.random() * 0.1)
        head, _ = await exchange(gateway.port, "DELETE", location)
        if head.split()[1] != "204":
            sys.exit(f"runs: stopping said {head.splitlines()[0]}")
    for _ in range(kills):
        await asyncio.sleep(0.5 + random.random())
        gateway.kill()
        gateway.start()
    await watching
    ends = {}
    for viewer in viewers:
        ends.setdefault(viewer.location, set()).add((viewer.next, viewer.outcome))
    for location, told in ends.items():
        if len(told) != 1:
            sys.exit(f"runs: the viewers of {location} were told {told}")
        ((count, outcome),) = told
        if outcome == "finished" and count != options.tokens:
            sys.exit(f"runs: {location} finished with {count} tokens")
        if outcome not in ("finished", "stopped", "interrupted") or (outcome == "interrupted" and not kills):
            sys.exit(f"runs: {location} ended as {outcome}")
    outcomes = [next(iter(told))[1] for told in ends.values()]
    tally = {name: outcomes.count(name) for name in sorted(set(outcomes))}
    print(f"runs: {len(ends)} runs, {len(viewers)} viewers, {sum(v.cuts for v in viewers)} connections, {kills} kills: {tally}")


async def is_empty(gateway):
    for _ in range(600):
        statistics = json.loads(gateway.get("/stats"))
        if statistics["active"] + statistics["retained"] + statistics["bytes"] + statistics["viewers"] == 0:
            return
        await asyncio.sleep(0.1)
    sys.exit(f"runs: something is left: {statistics}")


def ask_by_openai(gateway):
    """Tests with the unmodified openai client."""
    import openai

    client = openai.OpenAI(base_url=f"http://127.0.0.1:{gateway.port}/v1", api_key="none")
    messages = [{"role": "user", "content": "the quick brown fox"}]
    text = ""
    for chunk in client.chat.completions.create(model="echo", stream=True, max_tokens=50, messages=messages):
        text += chunk.choices[0].delta.content or ""
    if [int(word.split(":")[0]) for word in text.split()] != list(range(50)):
        sys.exit(f"runs: openai read {text}")
    whole = client.chat.completions.create(model="echo", max_tokens=3, messages=messages)
    if whole.choices[0].message.content != "0:the 1:quick 2:brown ":
        sys.exit(f"runs: openai read {whole}")
    stream = client.chat.completions.create(model="echo", stream=True, max_tokens=9000, messages=messages)
    run = next(iter(stream)).id.removeprefix("chatcmpl-")
    request = urllib.request.Request(f"http://127.0.0.1:{gateway.port}/runs/{run}", method="DELETE")
    urllib.request.urlopen(request)
    try:
        for chunk in stream:
            pass
        sys.exit("runs: openai took a run that was stopped for one that was finished")
    except openai.APIError:
        pass
    print("runs: openai reads an answer, and is told that one was stopped")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=400)
    parser.add_argument("--viewers", type=int, default=3)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--tokens-per-second", type=float, default=200)
    parser.add_argument("--openai", action="store_true", help="also ask by the package openai, which has to be there")
    options = parser.parse_args()
    program = build()
    pace = ["--tokens-per-second", str(options.tokens_per_second)]
    with tempfile.TemporaryDirectory() as folder:
        for history, kills in ([], 0), (["--history", f"sqlite:{folder}/history"], options.kills):
            retention = "600" if history else "5"
            gateway = Gateway(program, *pace, *history, "--retention", retention)
            try:
                asyncio.run(scene(gateway, options, kills))
                if not history:
                    if options.openai:
                        ask_by_openai(gateway)
                    asyncio.run(is_empty(gateway))
            finally:
                gateway.kill()


if __name__ == "__main__":
    main()
