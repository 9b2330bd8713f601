"""Every code block of the README is compiled, and every command of it is run."""

import os
import re
import select
import shlex
import signal
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SCRATCH = os.path.join(ROOT, ".build", "checks", "readme")
PRODUCTS = [
    "EventSourceFormat", "EventSourceServer", "EventSourceBuiltInServer", "EventSourceLibevent", "EventSourceSQLite",
    "EventSourceClient", "EventSourceJSON"]


def fail(message):
    print(f"readme: {message}", file=sys.stderr)
    sys.exit(1)


def compile_blocks(blocks):
    """Each block is a program of its own; one that is a manifest is read as one."""
    targets = []
    for number, block in enumerate(blocks, 1):
        if "import PackageDescription" in block:
            folder = os.path.join(SCRATCH, f"Manifest{number}")
            os.makedirs(os.path.join(folder, "Sources", "my-app"), exist_ok=True)
            write(os.path.join(folder, "Package.swift"), "// swift-tools-version: 6.3\n" + block)
            run(["swift", "package", "--package-path", folder, "dump-package"], f"block {number}", quiet=True)
            continue
        targets.append(f"Block{number}")
        write(os.path.join(SCRATCH, "Sources", targets[-1], "main.swift"), block)
    products = ", ".join(f'.product(name: "{name}", package: "eventsource-kit")' for name in PRODUCTS)
    declared = ",\n".join(f'.executableTarget(name: "{name}", dependencies: [{products}])' for name in targets)
    write(os.path.join(SCRATCH, "Package.swift"), f"""// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "readme", platforms: [.macOS(.v15)],
  dependencies: [.package(name: "eventsource-kit", path: "../../..")],
  targets: [{declared}], swiftLanguageModes: [.v6])
""")
    run(["swift", "build", "--package-path", SCRATCH, "--quiet", "-Xswiftc", "-warnings-as-errors"], "the blocks")
    return len(blocks)


def run_commands(lines):
    """The Quickstart is started on a port that the system chooses, and the curl commands are run against it."""
    subprocess.run(["swift", "build", "--package-path", f"{ROOT}/Examples/Quickstart", "--quiet"], check=True)
    folder = subprocess.run(
        ["swift", "build", "--package-path", f"{ROOT}/Examples/Quickstart", "--show-bin-path"],
        check=True, capture_output=True, text=True).stdout.strip()
    server = subprocess.Popen([f"{folder}/Quickstart", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        url = re.search(r"http://[0-9.:]+", server.stdout.readline()).group()
        for line in lines:
            words = shlex.split(line.replace("http://127.0.0.1:8080", url))
            if words[0] == "curl":
                run_curl(words, line)
            elif line == "swift run --package-path Examples/Quickstart":
                pass  # This is what has just been built and started.
            elif words[0] == "bash":
                if not os.path.exists(os.path.join(ROOT, words[1])):
                    fail(f"\"{line}\": there is no {words[1]}")
            else:
                fail(f"\"{line}\" is a command that this check cannot run")
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()
        server.stdout.close()


def run_curl(words, line):
    """Something has to come; a stream is then cut off."""
    curl = subprocess.Popen(words + ["-sf"], stdout=subprocess.PIPE)
    try:
        ready, _, _ = select.select([curl.stdout], [], [], 10)
        if not ready or not os.read(curl.stdout.fileno(), 4096):
            fail(f"\"{line}\" gives nothing")
    finally:
        curl.kill()
        curl.wait()
        curl.stdout.close()


def compile_c(blocks):
    """Each is the inside of a file, for which libevent's and the package's own header are enough."""
    flags = run(["pkg-config", "--cflags", "libevent"], "libevent").split()
    for number, block in enumerate(blocks, 1):
        path = os.path.join(SCRATCH, f"block{number}.c")
        write(path, block)
        header = f"-I{ROOT}/Integrations/Libevent/Sources/CEventSource"
        run(["cc", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", header, *flags, path], f"C block {number}")
    return len(blocks)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def run(command, what, quiet=False):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        fail(f"{what} does not compile:\n{result.stdout}{result.stderr}")
    return result.stdout


def main():
    with open(os.path.join(ROOT, "README.md")) as file:
        blocks = re.findall(r"^```(\w+)\n(.*?)^```$", file.read(), re.M | re.S)
    unknown = {language for language, _ in blocks} - {"swift", "sh", "c"}
    if unknown:
        fail(f"blocks in {', '.join(unknown)} are not checked by anything")
    swift = [text for language, text in blocks if language == "swift"]
    commands = [line for language, text in blocks if language == "sh" for line in text.splitlines() if line]
    compiled = compile_blocks(swift)
    compiled += compile_c([text for language, text in blocks if language == "c"])
    run_commands(commands)
    print(f"readme: {compiled} blocks compile, {len(commands)} commands work")


if __name__ == "__main__":
    main()
