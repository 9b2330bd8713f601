"""The server that is attacked, and what was done to it and found."""

import asyncio
import collections
import os
import re
import signal
import subprocess
import sys

SANITIZER = "detect_leaks=0:handle_sigill=1:handle_sigtrap=1:quarantine_size_mb=16:allocator_release_to_os_interval_ms=100"


class Target:
    def __init__(self, stack, program, scratch):
        self.stack, self.program = stack, program
        self.errors_path = os.path.join(scratch, f"{stack}.errors")
        self.recent_path = os.path.join(scratch, f"{stack}.recent")
        self.findings = []
        self.done, self.answers = collections.Counter(), collections.Counter()
        self.recent = collections.deque(maxlen=500)
        self.published = {"a": 0, "b": 0}
        self.connections, self.readers = 0, 0
        # Nothing is published and nobody attacks.
        self.is_calm = False
        self.is_ending = False

    async def start(self):
        environment = {**os.environ, "ASAN_OPTIONS": SANITIZER, "SWIFT_BACKTRACE": "enable=no"}
        with open(self.errors_path, "wb") as errors:
            self.process = await asyncio.create_subprocess_exec(
                self.program, self.stack, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment)
        self.port = int((await self.line()).split()[1])
        self.watch = asyncio.create_task(self.watch_process())

    async def watch_process(self):
        status = await self.process.wait()
        if not self.is_ending:
            self.found(f"the server ended with status {status}")

    async def line(self):
        async with asyncio.timeout(120):
            line = (await self.process.stdout.readline()).decode()
        if not line:
            raise EOFError
        return line

    def tell(self, command):
        self.process.stdin.write(command.encode() + b"\n")

    async def ask(self, command):
        self.tell(command)
        return (await self.line()).split()

    def found(self, what):
        """Notes a finding, and the requests before it, with what each peer sent."""
        print(f"hostile: {self.stack}: {what}", file=sys.stderr)
        if not self.findings:
            with open(self.recent_path, "w", encoding="utf-8") as file:
                file.writelines(f"{data!r}\n" for data in self.recent)
        self.findings.append(what)

    def remember(self, data):
        self.recent.append(data[:4096])

    def count_answers(self, received):
        for status in re.findall(rb"HTTP/1\.[01] (\d\d\d)", received[:100_000]):
            self.answers[status.decode()] += 1

    def kill(self):
        if self.process.returncode is None:
            self.process.kill()

    async def end(self):
        """SIGTERM, and what it says then; it may have a minute."""
        self.is_ending = True
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(60):
                output = await self.process.stdout.read()
                status = await self.process.wait()
        except TimeoutError:
            self.found("the server did not end in a minute after SIGTERM")
            self.process.kill()
            await self.process.wait()
            return ""
        if status != 0:
            self.found(f"the server ended with status {status} after SIGTERM")
        with open(self.errors_path, encoding="utf-8", errors="replace") as file:
            errors = file.read()
        if "Sanitizer" in errors or "runtime error" in errors or "Fatal error" in errors:
            self.found(f"the server reported, in {self.errors_path}: {errors[:4000]}")
        return output.decode().strip()
