"""Paths and programs that the checks of the evhttp integration share."""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # Keeps the source folder clean.
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
SCRATCH = os.path.join(ROOT, ".build", "checks", "evhttp")
PREFIX = os.path.join(SCRATCH, "prefix")
HERE = os.path.join(ROOT, "Integrations", "Libevent")
EXAMPLE = os.path.join(ROOT, "Examples", "ExistingEvhttpServer")
sys.path += [os.path.join(ROOT, "Tests", folder) for folder in ("Browser", "Checks", "EndToEnd")]

from chromium import end_with_parent

VALGRIND = [
    # The Swift runtime never frees some memory. Only memory that is definitely lost is a leak of ours.
    "valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
    "--error-exitcode=99", "--fair-sched=yes"]


def run(*command, **options):
    """Runs a command, which must succeed, and returns its output."""
    result = subprocess.run(command, capture_output=True, text=True, **options)
    said = result.stdout + result.stderr
    assert result.returncode == 0, f"{' '.join(command)} ended with {result.returncode}:\n{said}"
    return result.stdout


def pkg_config(*packages):
    environment = {**os.environ, "PKG_CONFIG_PATH": f"{PREFIX}/lib/pkgconfig"}
    return run("pkg-config", "--cflags", "--libs", *packages, env=environment).split()


def compile_c(source, *packages, compiler="cc", flags=()):
    """Compiles one file with only a compiler and pkg-config. Returns the program's path."""
    program = os.path.join(SCRATCH, os.path.splitext(os.path.basename(source))[0])
    warnings = ["-Wall", "-Wextra", "-Werror"]
    run(compiler, "-g", *warnings, *flags, source, "-o", program, "-pthread", *pkg_config(*packages))
    return program


def wait_until(what, condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        select.select([], [], [], 0.02)


def curl(*arguments):
    """Returns the response's status and body."""
    text = run("curl", "-sN", "--max-time", "100", "-w", "\n%{http_code}", *arguments)
    body, status = text.rsplit("\n", 1)
    return int(status), body


class Program:
    """A server that prints its address, and ends on request or with the check."""

    def __init__(self, *command):
        self.errors = open(os.path.join(SCRATCH, "errors"), "w+")
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.errors, text=True, preexec_fn=end_with_parent)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline() if ready else ""
        found = re.search(r"(\d+)$", line.strip())
        if found is None:
            self.kill()
            raise AssertionError(f"{command[0]} does not print its address, but \"{line}\"{self.said()}")
        self.port = int(found.group(1))
        self.url = f"http://127.0.0.1:{self.port}"
        self.pid = self.process.pid

    def said(self):
        self.errors.seek(0)
        return self.errors.read()

    def stop(self):
        """Sends SIGTERM. The program must then end with status 0."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(120)
        self.process.stdout.close()
        said = self.said()
        self.errors.close()
        assert status == 0, f"{self.process.args} ended with {status} after SIGTERM: {said}"
        return said

    def kill(self):
        """Kills the program. Has no effect if it has already ended."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.errors.close()


class Stream:
    """A curl process that reads a stream into memory."""

    def __init__(self, url, *arguments):
        self.process = subprocess.Popen(
            ["curl", "-sN", *arguments, url], stdout=subprocess.PIPE, preexec_fn=end_with_parent)
        self.text = ""

    def wait_for(self, wanted, seconds=120):
        deadline = time.monotonic() + seconds
        while wanted not in self.text:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            data = os.read(self.process.stdout.fileno(), 1 << 16) if ready else b""
            assert data, f"\"{wanted}\" did not arrive; the stream has:\n{self.text[-2000:]}"
            self.text += data.decode()

    def end(self):
        """Returns the complete stream after the server has ended it properly."""
        self.text += self.process.stdout.read().decode()
        status = self.process.wait(120)
        self.process.stdout.close()
        assert status == 0, f"a stream did not end properly: curl's status is {status}"
        return self.text

    def data(self):
        return [line[6:] for line in self.text.split("\n") if line.startswith("data: ")]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def clean():
    shutil.rmtree(SCRATCH, ignore_errors=True)
    os.makedirs(SCRATCH)
