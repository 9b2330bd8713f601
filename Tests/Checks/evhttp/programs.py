"""What the checks of the evhttp integration share: where things are, and programs that are started and ended."""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # The sources' folder stays as it is.
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
SCRATCH = os.path.join(ROOT, ".build", "checks", "evhttp")
PREFIX = os.path.join(SCRATCH, "prefix")
HERE = os.path.join(ROOT, "Integrations", "Libevent")
EXAMPLE = os.path.join(ROOT, "Examples", "ExistingEvhttpServer")
sys.path += [os.path.join(ROOT, "Tests", folder) for folder in ("Browser", "Checks", "EndToEnd")]

from chromium import end_with_parent

VALGRIND = [
    # The Swift runtime keeps what it needs for ever; what is lost for certain would be ours.
    "valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
    "--error-exitcode=99", "--fair-sched=yes"]


def run(*command, **options):
    """Runs a command that has to succeed; what it printed."""
    result = subprocess.run(command, capture_output=True, text=True, **options)
    said = result.stdout + result.stderr
    assert result.returncode == 0, f"{' '.join(command)} ended with {result.returncode}:\n{said}"
    return result.stdout


def pkg_config(*packages):
    environment = {**os.environ, "PKG_CONFIG_PATH": f"{PREFIX}/lib/pkgconfig"}
    return run("pkg-config", "--cflags", "--libs", *packages, env=environment).split()


def compile_c(source, *packages, compiler="cc", flags=()):
    """Compiles one file with nothing but a compiler and pkg-config; the program's path."""
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
    """The response's status and body."""
    text = run("curl", "-sN", "--max-time", "100", "-w", "\n%{http_code}", *arguments)
    body, status = text.rsplit("\n", 1)
    return int(status), body


class Program:
    """A server that prints where it listens, and ends when it is told to, or with the check."""

    def __init__(self, *command):
        self.errors = open(os.path.join(SCRATCH, "errors"), "w+")
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.errors, text=True, preexec_fn=end_with_parent)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline() if ready else ""
        found = re.search(r"(\d+)$", line.strip())
        if found is None:
            self.kill()
            raise AssertionError(f"{command[0]} does not say where it listens; it says \"{line}\"{self.said()}")
        self.port = int(found.group(1))
        self.url = f"http://127.0.0.1:{self.port}"
        self.pid = self.process.pid

    def said(self):
        self.errors.seek(0)
        return self.errors.read()

    def stop(self):
        """SIGTERM, after which it has to end with status 0 by itself."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(120)
        self.process.stdout.close()
        said = self.said()
        self.errors.close()
        assert status == 0, f"{self.process.args} ended with {status} after SIGTERM: {said}"
        return said

    def kill(self):
        """Harmless when repeated, and after it has ended."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.errors.close()


class Stream:
    """curl reading a stream into memory."""

    def __init__(self, url, *arguments):
        self.process = subprocess.Popen(
            ["curl", "-sN", *arguments, url], stdout=subprocess.PIPE, preexec_fn=end_with_parent)
        self.text = ""

    def wait_for(self, wanted, seconds=120):
        deadline = time.monotonic() + seconds
        while wanted not in self.text:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            data = os.read(self.process.stdout.fileno(), 1 << 16) if ready else b""
            assert data, f"\"{wanted}\" never came; the stream has:\n{self.text[-2000:]}"
            self.text += data.decode()

    def end(self):
        """All of it, once the server has ended it in good order."""
        self.text += self.process.stdout.read().decode()
        status = self.process.wait(120)
        self.process.stdout.close()
        assert status == 0, f"a stream was not ended in order: curl says {status}"
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
