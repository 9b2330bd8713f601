"""The documentation of the products behind traits builds without warnings, and the Swift blocks with imports of these
products compile as printed, from what the check `nio` has compiled.

The documentation check would compile NIO and Hummingbird again, because its package has no traits.
"""

import functools
import glob
import os
import platform
import shutil
import tempfile

from blocks import ROOT, TRAIT_PRODUCTS, blocks_of, fail, needs_trait, run, write

BUILD = os.path.join(ROOT, ".build-traits", "debug")
OUTPUT = os.path.join(ROOT, ".build", "checks", "trait-pages")


@functools.cache
def modules():
    """Returns the options with which a compiler finds what has been built."""
    maps = glob.glob(f"{BUILD}/*.build/module.modulemap")
    maps += glob.glob(f"{BUILD}/../../checkouts/*/Sources/*/include/module.modulemap")
    clang = [word for path in maps for word in ["-Xcc", f"-fmodule-map-file={path}"]]
    return ["-I", f"{BUILD}/Modules", *clang]


def make_documentation(product, catalog, tools):
    symbols = os.path.join(OUTPUT, product)
    shutil.rmtree(symbols, ignore_errors=True)
    os.makedirs(symbols)
    run(
        [f"{tools}/swift-symbolgraph-extract", "-module-name", product, *modules(), "-target",
         f"{platform.machine()}-unknown-linux-gnu", "-output-dir", symbols, "-minimum-access-level", "public"],
        f"the symbols of {product}")
    run(
        [f"{tools}/docc", "convert", catalog, "--additional-symbol-graph-dir", symbols, "--warnings-as-errors",
         "--fallback-display-name", product, "--fallback-bundle-identifier", product, "--output-path",
         f"{symbols}.doccarchive"], f"the documentation of {product}")


def compile_blocks(catalog, tools):
    """Compiles the blocks with imports of a product's pages. Returns their number."""
    count = 0
    for page in glob.glob(f"{catalog}/*.md"):
        with open(page) as file:
            blocks = [text for language, text in blocks_of(file.read()) if language == "swift"]
        for block in blocks:
            if not needs_trait(block):
                continue
            with tempfile.TemporaryDirectory() as folder:
                program = os.path.join(folder, "main.swift")
                write(program, block)
                run(
                    [f"{tools}/swiftc", "-typecheck", "-swift-version", "6", "-warnings-as-errors", *modules(), program],
                    f"a block of {os.path.relpath(page, ROOT)}")
            count += 1
    return count


def main():
    tools = os.path.dirname(os.path.realpath(shutil.which("swift")))
    blocks = 0
    for product, folder in TRAIT_PRODUCTS.items():
        catalog = os.path.join(ROOT, "Integrations", folder, "Sources", product, f"{product}.docc")
        make_documentation(product, catalog, tools)
        blocks += compile_blocks(catalog, tools)
    if blocks == 0:
        fail("no page has a block with imports")
    print(f"trait_pages: {len(TRAIT_PRODUCTS)} products, {blocks} blocks are compiled")


main()
