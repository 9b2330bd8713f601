"""Extracts the code blocks of a page and compiles packages from them."""

import os
import re
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
# The products behind traits, and their folders in Integrations.
TRAIT_PRODUCTS = {
    "EventSourceNIO": "NIO", "EventSourceHummingbird": "Hummingbird", "EventSourceObservability": "Observability",
    "EventSourceServiceLifecycle": "ServiceLifecycle", "EventSourceAsyncHTTPClient": "AsyncHTTPClient"}


def fail(message):
    """Ends the running check with a message."""
    print(f"{os.path.basename(sys.argv[0])}: {message}", file=sys.stderr)
    sys.exit(1)


def blocks_of(text):
    """Returns the language and the text of each code block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)


def needs_trait(block):
    """Returns whether a Swift block imports a product behind a trait."""
    return re.search(rf"^import ({'|'.join(TRAIT_PRODUCTS)})$", block, re.M) is not None


def write(path, text):
    """Writes a file unless it already has the text, so that it is not compiled again."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        with open(path) as file:
            if file.read() == text:
                return
    with open(path, "w") as file:
        file.write(text)


def run(command, what, cwd=None):
    """Runs a command, which must succeed, and returns its output."""
    result = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    if result.returncode != 0:
        fail(f"{what} fails:\n{result.stdout}{result.stderr}")
    return result.stdout


def compile_package(folder, targets, products, extra="", extra_dependencies={}):
    """Compiles a package whose targets have these files. Returns the folder of the products.

    A target that imports Testing becomes a test target.
    """
    declared = [extra] if extra else []
    listed = ", ".join(f'.product(name: "{name}", package: "eventsource-kit")' for name in products)
    for name, files in targets.items():
        kind = "testTarget" if any("import Testing" in text for text in files.values()) else "executableTarget"
        more = f", {extra_dependencies[name]}" if name in extra_dependencies else ""
        declared.append(f'.{kind}(name: "{name}", dependencies: [{listed}{more}], path: "Sources/{name}")')
        for file, text in files.items():
            write(os.path.join(folder, "Sources", name, file), text)
    path = os.path.relpath(ROOT, folder)
    write(os.path.join(folder, "Package.swift"), f"""// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "{os.path.basename(folder).lower()}", platforms: [.macOS(.v15)],
  dependencies: [.package(name: "eventsource-kit", path: "{path}")],
  targets: [
    {(","+chr(10)+"    ").join(declared)}
  ],
  swiftLanguageModes: [.v6])
""")
    return run(["bash", os.path.join(ROOT, "Tests", "build.sh"), folder, "tests"], "a block").strip()
