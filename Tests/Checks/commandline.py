"""The command line tool of Examples/CommandLine, as its users have it.

usage: commandline.py
"""

import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def fail(message):
    sys.exit(f"commandline: {message}")


def expect(what, got, wanted):
    if got != wanted:
        fail(f"{what}: got {got!r}, expected {wanted!r}")


def build():
    package = ["--package-path", f"{ROOT}/Examples/CommandLine"]
    subprocess.run(["swift", "build", "--quiet"] + package, check=True)
    folder = subprocess.run(
        ["swift", "build", "--show-bin-path"] + package, check=True, capture_output=True, text=True).stdout.strip()
    return f"{folder}/eventsource"


def run(*arguments, **options):
    return subprocess.run([TOOL, *arguments], capture_output=True, timeout=60, **options)


class Server:
    def __init__(self, *arguments, port=0):
        self.process = subprocess.Popen(
            [TOOL, "serve", "--port", str(port), *arguments], stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        if "listening on" not in line:
            fail(f"the server says {line!r}")
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        return self.process.wait(30)


class Listener:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [TOOL, "listen", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def until(self, text):
        """Reads what is told of the connection up to a line with this text."""
        for line in self.process.stderr:
            if text in line:
                return
        fail(f"\"{text}\" was never told")


def decode_vectors():
    count = 0
    for path in sorted(glob.glob(f"{ROOT}/Tests/EventSourceFormatTests/Conformance/*.json")):
        with open(path, encoding="utf-8") as file:
            vectors = json.load(file)
        for vector in vectors:
            if vector.get("reconnectionTimeExact"):
                continue
            if "inputHex" in vector:
                stream = b"".join(bytes.fromhex(chunk) for chunk in vector["inputHex"])
            else:
                stream = "".join(vector["input"]).encode()
            # A byte at a time costs a process nothing; every other way is the format's own tests' affair.
            for chunk in [["--chunk", "1"], ["--chunk", "7"], []] if count % 8 == 0 else [[]]:
                seed = ["--last-event-id", vector["initialLastEventID"]] if vector.get("initialLastEventID") else []
                done = run("decode", *chunk, *seed, input=stream)
                lines = [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]
                expect(vector["name"], [line for line in lines if "type" in line], vector["expect"])
                expect(f"{vector['name']}: comments", [line["comment"] for line in lines if "comment" in line],
                       vector.get("comments", []))
                expect(f"{vector['name']}: end", lines[-1], {
                    "end": True, "lastEventID": vector["lastEventIDAfter"],
                    "reconnectionTime": vector["reconnectionTimeAfter"]})
            count += 1
    if count < 100:
        fail(f"there are only {count} vectors")
    done = run("decode", input=b"data: " + b"x" * (20 << 20))
    expect("a line of 20 MB", (done.returncode, done.stderr.count(b"\n")), (65, 1))


def usage():
    expect("--help", run("--help").returncode, 0)
    for arguments in [["lisen"], ["decode", "--chunk", "0"], ["serve", "--history", "redis"], ["publish"],
                      ["publish", "x", "y", "--file", "z"], ["listen"]]:
        done = run(*arguments, input=b"")
        expect(" ".join(arguments), done.returncode, 64)
        if not done.stderr:
            fail(f"{arguments} says nothing")
    expect("a wrong URL", run("listen", "ftp://x").returncode, 64)
    expect("a wrong field", run("listen", "-H", "x", "http://127.0.0.1:1").returncode, 64)
    expect("nobody there", run("listen", "http://127.0.0.1:1").returncode, 69)
    expect("nobody there", run("publish", "http://127.0.0.1:1", "x").returncode, 69)
    expect("a file that is not there", run("publish", "http://127.0.0.1:1", "--file", "/nowhere").returncode, 74)
    expect("completions", run("--generate-completion-script", "bash").returncode, 0)


def serve_and_listen(scratch):
    server = Server()
    expect("two servers on one port", run("serve", "--port", str(server.port)).returncode, 69)
    expect("no such path", run("listen", f"{server.url}/nothing").returncode, 69)
    expect("no stream", run("listen", f"{server.url}/stats").returncode, 65)
    first = Listener("--json", "--count", "3", f"{server.url}/events/a")
    first.until("connected")
    expect("publishing", run("publish", f"{server.url}/publish/a", "one").returncode, 0)
    expect("publishing lines", run("publish", f"{server.url}/publish/a", input=b"two\nthree \xc3\xa9\n").returncode, 0)
    out, _ = first.process.communicate(timeout=30)
    expect("what was read", [json.loads(line)["data"] for line in out.splitlines()], ["one", "two", "three é"])
    expect("the end after three", first.process.returncode, 0)

    piped = subprocess.Popen(
        f"'{TOOL}' listen -q '{server.url}/events/a' --last-event-id unknown | head -1", shell=True,
        stdout=subprocess.PIPE, text=True)
    # A program that writes into a pipe which nobody reads notices when it writes.
    deadline = time.monotonic() + 30
    while piped.poll() is None and time.monotonic() < deadline:
        run("publish", f"{server.url}/publish/a", "more")
    expect("the first line of a pipe", piped.communicate()[0].split()[-1], "one")

    other = Listener(f"{server.url}/events/b")
    other.until("connected")
    other.process.send_signal(signal.SIGINT)
    expect("the status after Ctrl-C", other.process.wait(30), -signal.SIGINT)
    expect("the server's status after Ctrl-C", server.stop(), 0)


def restart_and_resume(scratch):
    history = ["--history", f"sqlite:{scratch}/history.db", "--channel", "a"]
    place = f"{scratch}/place"
    server = Server(*history)
    reader = Listener("--json", "--count", "2", "--resume", place, f"{server.url}/events/a")
    reader.until("connected")
    run("publish", f"{server.url}/publish/a", "one")
    line = reader.process.stdout.readline()
    expect("the first event", json.loads(line)["data"], "one")
    server.stop(signal.SIGKILL)
    reader.until("reconnecting")
    server = Server(*history, port=server.port)
    run("publish", f"{server.url}/publish/a", "two")
    out, _ = reader.process.communicate(timeout=60)
    expect("after a restart of the server", [json.loads(line)["data"] for line in out.splitlines()], ["two"])
    run("publish", f"{server.url}/publish/a", "three")
    done = run("listen", "--json", "--count", "1", "--resume", place, f"{server.url}/events/a")
    expect("from where it was", json.loads(done.stdout)["data"], "three")
    with open(place, "wb") as file:
        file.write(b"a\nb")
    expect("a file that holds no ID", run("listen", "--resume", place, f"{server.url}/events/a").returncode, 74)
    expect("the server's status after SIGTERM", server.stop(signal.SIGTERM), 0)


TOOL = build()
usage()
decode_vectors()
with tempfile.TemporaryDirectory() as folder:
    serve_and_listen(folder)
    restart_and_resume(folder)
print("commandline: the tool does what it says")
