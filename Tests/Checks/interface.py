"""The public interface of every product, as text in Tests/Interface, so that a reviewer sees a change as a difference.

The check documentation compares it. `python3 Tests/Checks/interface.py` writes it anew.
"""

import difflib
import glob
import json
import os

from blocks import ROOT, fail
import documentation

FOLDER = os.path.join(ROOT, "Tests", "Interface")


def declaration(symbol):
    """A symbol's declaration in one line."""
    text = "".join(fragment["spelling"] for fragment in symbol["declarationFragments"])
    return " ".join(text.split())


def interface(product):
    """The interface of a product: its declarations, from the symbols of which its documentation was made."""
    lines = set()
    pattern = os.path.join(documentation.PACKAGE, ".build", "*", "extracted-symbols", "*", product, "*.symbols.json")
    paths = glob.glob(pattern)
    if not paths:
        fail(f"there are no symbols of {product}")
    for path in paths:
        with open(path) as file:
            graph = json.load(file)
        names = {}
        for symbol in graph["symbols"]:
            identifier = symbol["identifier"]["precise"]
            names[identifier] = ".".join(symbol["pathComponents"])
            # What a protocol gives to every type is the protocol's.
            if "::SYNTHESIZED::" not in identifier:
                lines.add(f"{names[identifier]}\n    {declaration(symbol)}\n")
        for relation in graph["relationships"]:
            if relation["kind"] == "conformsTo" and relation["source"] in names:
                other = names.get(relation["target"], relation.get("targetFallback", ""))
                lines.add(f"{names[relation['source']]}\n    : {other}\n")
    return "".join(sorted(lines))


def check():
    """Compares each interface with the one that is kept."""
    for product in documentation.PRODUCTS:
        with open(os.path.join(FOLDER, f"{product}.txt")) as file:
            kept = file.read().splitlines()
        found = interface(product).splitlines()
        if kept != found:
            changes = "\n".join(difflib.unified_diff(kept, found, "kept", "found", lineterm="", n=0))
            fail(f"the interface of {product} has changed. If that is meant, run Tests/Checks/interface.py:\n{changes}")


def main():
    documentation.make_documentation()
    os.makedirs(FOLDER, exist_ok=True)
    for product in documentation.PRODUCTS:
        with open(os.path.join(FOLDER, f"{product}.txt"), "w") as file:
            file.write(interface(product))
    print(f"interface: {len(documentation.PRODUCTS)} products are written")


if __name__ == "__main__":
    main()
