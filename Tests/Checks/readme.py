"""Every code block of the README is compiled as printed, and run: the programs, the commands and the manifest.

What listens on the printed port runs in a network namespace of its own, where every port is free.
"""

import fcntl
import os
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from blocks import ROOT, blocks_of, compile_package, fail, run, write

SCRATCH = os.path.join(ROOT, ".build", "checks", "readme")
FEED = os.path.join(SCRATCH, "Feed")
OTHERS = os.path.join(SCRATCH, "Others")

# What calls the function of the evhttp block: a program that has evhttp already.
EVHTTP_PROGRAM = """
import CReadmeEvhttp

guard let base = event_base_new(), let http = evhttp_new(base) else { fatalError("there is no memory") }
guard evhttp_bind_socket(http, "127.0.0.1", 8081) == 0 else { fatalError("the port is not free") }
let streams = try addEvents(to: http, of: base)
try hub.publish("hello", to: "news")
event_base_dispatch(base)
"""
LIBEVENT_HEADER = "#include <sys/select.h>\n#include <event2/event.h>\n#include <event2/http.h>\n"
LIBEVENT_MODULE = 'module CReadmeEvhttp [system] {\n  header "libevent.h"\n  link "event"\n  export *\n}\n'
C_PROGRAM = """
#include <event2/event.h>
#include <event2/http.h>
int main(void) {
  es_streams *streams;
  struct event_base *base = event_base_new();
  struct evhttp *http = evhttp_new(base);
  if (evhttp_bind_socket(http, "127.0.0.1", 8082) != 0) return 1;
  if (add_events(http, base, &streams) != ES_OK) return 2;
  if (say_hello() != ES_OK) return 3;
  return event_base_dispatch(base);
}
"""


def build(swift, c):
    """Compiles all blocks; returns the folder of the programs."""
    program, manifest = swift[0], swift[1]
    if "BuiltInServer" not in program or "import PackageDescription" not in manifest:
        fail("the README does not begin with a program and its manifest")
    link = os.path.join(SCRATCH, "eventsource-kit")
    os.makedirs(SCRATCH, exist_ok=True)
    if not os.path.islink(link):
        os.symlink(ROOT, link)
    write(os.path.join(FEED, "Package.swift"), manifest)
    write(os.path.join(FEED, "Sources", "Feed", "main.swift"), program)
    run(["swift", "build", "--package-path", FEED, "--quiet", "-Xswiftc", "-warnings-as-errors"], "the first program")
    targets = {}
    for block in swift[2:]:
        if "EvhttpEventStreams" in block:
            targets["Evhttp"] = {"block.swift": block, "main.swift": EVHTTP_PROGRAM}
        elif "import EventSourceClient" in block:
            targets["Reader"] = {"main.swift": block}
        elif "SQLiteEventRepository" in block:
            targets["PlugIns"] = {"main.swift": block}
        else:
            fail(f"there is no test that runs this block:\n{block}")
    module = os.path.join(OTHERS, "Sources", "CReadmeEvhttp")
    write(os.path.join(module, "module.modulemap"), LIBEVENT_MODULE)
    write(os.path.join(module, "libevent.h"), LIBEVENT_HEADER)
    folder = compile_package(
        OTHERS, targets, ["EventSourceServer", "EventSourceLibevent", "EventSourceSQLite", "EventSourceClient",
                          "EventSourceC"],
        extra='.systemLibrary(name: "CReadmeEvhttp", pkgConfig: "libevent")', extra_dependencies={"Evhttp": '"CReadmeEvhttp"'})
    source = os.path.join(OTHERS, "program.c")
    write(source, c + C_PROGRAM)
    flags = run(["pkg-config", "--cflags", "--libs", "libevent"], "libevent").split()
    run(["cc", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/Integrations/Libevent/Sources/CEventSource", source, "-o",
         os.path.join(folder, "program"), f"-L{folder}", "-lEventSourceC", f"-Wl,-rpath,{folder}", *flags],
        "the C block")
    return folder


class Program:
    """A program of the README while it runs."""

    def __init__(self, command):
        # A terminal is given each line at once; a pipe is not.
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.output = b""

    def waits_for(self, text, what):
        """Reads until the text has come."""
        deadline = time.monotonic() + 60
        while text not in self.output:
            self.output += self.process.stdout.read() or b""
            if time.monotonic() > deadline or (self.process.poll() is not None and text not in self.output):
                fail(f"{what} does not print {text!r}, but {self.output!r}")
            time.sleep(0.02)

    def end(self, by=signal.SIGKILL):
        if self.process.poll() is None:
            os.killpg(self.process.pid, by)
        status = self.process.wait(timeout=60)
        self.process.stdout.close()
        return status


def run_blocks(commands, folder):
    """Runs every program and command, in a namespace with no other program."""
    with socket.socket() as any_socket:
        # SIOCSIFFLAGS with IFF_UP and IFF_RUNNING: the loopback of a new namespace is down.
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 0x41))
    reading, publishing = [line for line in commands if line.startswith("curl ")]
    with tempfile.TemporaryDirectory() as history:
        run([os.path.join(folder, "PlugIns")], "the block with plug-ins", cwd=history)
    feed = Program([os.path.join(FEED, ".build", "debug", "Feed")])
    feed.waits_for(b"listening at http://127.0.0.1:8080", "the first program")
    reader = Program(shlex.split(reading))
    client = Program([os.path.join(folder, "Reader")])
    # The comment at the beginning says that the stream is open.
    reader.waits_for(b":\n", reading)
    run(shlex.split(publishing) + ["-sf"], publishing)
    reader.waits_for(b"data: hello, world\n", reading)
    # The client may have come later: it is given what is published from then on.
    deadline = time.monotonic() + 60
    while b"message hello, world" not in client.output:
        run(shlex.split(publishing) + ["-sf"], publishing)
        client.output += client.process.stdout.read() or b""
        if time.monotonic() > deadline:
            fail(f"the reader prints {client.output!r}")
        time.sleep(0.05)
    status = feed.end(signal.SIGINT)
    if status != 0:
        fail(f"after Ctrl-C the first program ends with {status}")
    reader.end()
    client.end()
    for name, path in [("Evhttp", "http://127.0.0.1:8081/events"), ("program", "http://127.0.0.1:8082/events?channel=news")]:
        server = Program([os.path.join(folder, name)])
        reader = Program(["curl", "-sN", "--retry", "50", "--retry-connrefused", "--retry-delay", "0", path])
        reader.waits_for(b":\n", f"curl {path}")
        reader.end()
        server.end()


def check_paths(text):
    """What the README names exists: links, and the folders and scripts of commands."""
    links = re.findall(r"\]\(([^)#]+)\)", text)
    commands = re.findall(r"`(?:bash|swift run --package-path) ([^ `]+)", text)
    for path in links + commands:
        if not os.path.exists(os.path.join(ROOT, path)):
            fail(f"there is no {path}")
    return len(links) + len(commands)


def main():
    with open(os.path.join(ROOT, "README.md")) as file:
        text = file.read()
    if text.count("\n") > 200:
        fail("the README has more than 200 lines")
    blocks = blocks_of(text)
    unknown = {language for language, _ in blocks} - {"swift", "sh", "c"}
    if unknown:
        fail(f"blocks in {', '.join(unknown)} are not checked by anything")
    of = lambda language: [block for found, block in blocks if found == language]
    commands = [line for block in of("sh") for line in block.splitlines() if line]
    if "--run" in sys.argv:
        return run_blocks(commands, sys.argv[-1])
    folder = build(of("swift"), of("c")[0])
    paths = check_paths(text)
    unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    result = subprocess.run([*unshare, sys.executable, os.path.abspath(__file__), "--run", folder])
    if result.returncode != 0:
        sys.exit(1)
    print(f"readme: {len(blocks)} blocks are compiled and run, {paths} paths exist")


if __name__ == "__main__":
    main()
