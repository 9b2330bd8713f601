"""Checks the evhttp integration as users have it: installed, linked from C, and serving.

usage: run.py [--readers N] [--long] [PART ...]

Parts: library, example, load, browser, swift (default: all). --readers: the number of readers (2000). --long: keeps a
stream idle for three minutes.
"""

import argparse
import sys
import time

import programs
import example
import library
import load
import swift_example
import web

PARTS = ["library", "example", "load", "browser", "swift"]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--readers", type=int, default=2000)
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}")
    programs.clean()
    print(programs.run("bash", f"{programs.HERE}/install.sh", "--prefix", programs.PREFIX), end="")
    for part in options.parts or PARTS:
        started = time.monotonic()
        if part == "library":
            library.check()
        elif part == "example":
            example.check()
        elif part == "load":
            load.check(options.readers, options.long)
        elif part == "browser":
            web.check()
        else:
            swift_example.check()
        print(f"evhttp: {part} passed in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        print(f"evhttp: {error}", file=sys.stderr)
        sys.exit(1)
