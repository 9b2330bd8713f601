"""The documentation of the products behind traits builds without warnings, from what the check `nio` has compiled.

The documentation check would compile NIO and Hummingbird again, because its package has no traits.
"""

import glob
import os
import platform
import shutil
import subprocess

from blocks import ROOT, fail

BUILD = os.path.join(ROOT, ".build-traits", "debug")
OUTPUT = os.path.join(ROOT, ".build", "checks", "trait-pages")
PRODUCTS = {
    "EventSourceNIO": "NIO", "EventSourceHummingbird": "Hummingbird", "EventSourceObservability": "Observability",
    "EventSourceServiceLifecycle": "ServiceLifecycle"}


def call(command, what):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        fail(f"{what}:\n{result.stdout}{result.stderr}")


def main():
    tools = os.path.dirname(os.path.realpath(shutil.which("swift")))
    maps = glob.glob(f"{BUILD}/*.build/module.modulemap")
    maps += glob.glob(f"{BUILD}/../../checkouts/*/Sources/*/include/module.modulemap")
    clang = [word for path in maps for word in ["-Xcc", f"-fmodule-map-file={path}"]]
    for product, folder in PRODUCTS.items():
        symbols = os.path.join(OUTPUT, product)
        shutil.rmtree(symbols, ignore_errors=True)
        os.makedirs(symbols)
        call(
            [f"{tools}/swift-symbolgraph-extract", "-module-name", product, "-I", f"{BUILD}/Modules", *clang,
             "-target", f"{platform.machine()}-unknown-linux-gnu", "-output-dir", symbols, "-minimum-access-level",
             "public"], f"the symbols of {product}")
        catalog = os.path.join(ROOT, "Integrations", folder, "Sources", product, f"{product}.docc")
        call(
            [f"{tools}/docc", "convert", catalog, "--additional-symbol-graph-dir", symbols, "--warnings-as-errors",
             "--fallback-display-name", product, "--fallback-bundle-identifier", product, "--output-path",
             f"{symbols}.doccarchive"], f"the documentation of {product}")
    print(f"trait_pages: {len(PRODUCTS)} products")


main()
