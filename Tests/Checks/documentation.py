"""The documentation of every product builds without warnings, its interface equals the recorded one, and every Swift
block of its pages is tested.

A block with imports is compiled as printed. A block without imports is an excerpt: its lines must occur consecutively
in a file of Examples, Tests or Integrations.
"""

import glob
import os
import re
import shutil
import subprocess
import tempfile

from blocks import ROOT, blocks_of, compile_package, fail, needs_trait, run, write

PACKAGE = os.path.join(ROOT, "Tests", "Documentation")
SCRATCH = os.path.join(ROOT, ".build", "checks", "documentation")
PRODUCTS = [
    "EventSourceFormat", "EventSourceServer", "EventSourceBuiltInServer", "EventSourceJSON", "EventSourceClient",
    "EventSourceTesting", "EventSourceLibevent", "EventSourceSQLite", "EventSourceRedis", "EventSourceZlib"]


def tracked(pattern):
    """Returns the files of the tree that match a pattern."""
    return run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", pattern], "git").split()


def lines_of(text):
    """Returns the lines without their indentation, as one text that begins and ends with a line end."""
    return "\n" + "".join(line.strip() + "\n" for line in text.splitlines() if line.strip())


def check_blocks():
    """Compiles the complete blocks, and finds the source of the others. Returns the number of each."""
    sources = []
    for path in tracked("*.swift"):
        if path.startswith(("Examples/", "Tests/", "Integrations/")):
            with open(os.path.join(ROOT, path)) as file:
                sources.append(lines_of(file.read()))
    targets, excerpts = {}, 0
    for path in tracked("*.docc/*.md"):
        with open(os.path.join(ROOT, path)) as file:
            blocks = [text for language, text in blocks_of(file.read()) if language == "swift"]
        for number, block in enumerate(blocks, 1):
            if "import PackageDescription" in block:
                with tempfile.TemporaryDirectory() as folder:
                    write(os.path.join(folder, "Package.swift"), block)
                    run(["swift", "package", "--package-path", folder, "dump-package"], f"the manifest of {path}")
            elif needs_trait(block):
                continue  # Tests/Checks/trait_pages.py compiles it.
            elif re.search(r"^import ", block, re.M):
                page = os.path.splitext(os.path.basename(path))[0]
                name = f"{page}{number}" if f"{page}{number}" not in targets else f"More{page}{number}"
                file = "Block.swift" if "import Testing\n" in block else "main.swift"
                targets[name] = {file: block}
            elif any(lines_of(block) in source for source in sources):
                excerpts += 1
            else:
                fail(f"{path}: block {number} has no imports, and no file has these lines:\n{block}")
    compile_package(SCRATCH, targets, PRODUCTS)
    return len(targets), excerpts


def make_documentation():
    """Runs DocC over each product."""
    output = os.path.join(SCRATCH, "out")
    os.makedirs(output, exist_ok=True)
    for product in PRODUCTS:
        archive = os.path.join(output, product)
        shutil.rmtree(archive, ignore_errors=True)
        result = subprocess.run(
            ["swift", "package", "--package-path", PACKAGE, "--allow-writing-to-directory", output,
             "generate-documentation", "--product", product, "--output-path", archive, "--warnings-as-errors"],
            capture_output=True, text=True)
        if result.returncode != 0 or not glob.glob(os.path.join(archive, "index.html")):
            fail(f"the documentation of {product}:\n{result.stdout}{result.stderr}")


def main():
    whole, excerpts = check_blocks()
    make_documentation()
    import interface  # It imports this module.
    interface.check()
    print(f"documentation: {len(PRODUCTS)} products, {whole} blocks are compiled, {excerpts} are excerpts")


if __name__ == "__main__":
    main()
