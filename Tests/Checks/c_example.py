"""The evhttp example in C, linked with the library that the tests are built with. The check evhttp has the installed one."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "evhttp"))

import example
import programs
from programs import EXAMPLE, HERE, ROOT, SCRATCH, run


def build():
    """Compiles the example; returns its path."""
    swift = ["swift", "build", "--package-path", ROOT, "--quiet", "--product", "EventSourceC",
             "-Xswiftc", "-warnings-as-errors"]
    run(*swift)
    folder = run(*swift, "--show-bin-path").strip()
    program = os.path.join(SCRATCH, "after")
    run("cc", "-Wall", "-Wextra", "-Werror", f"-I{HERE}/Sources/CEventSource", os.path.join(EXAMPLE, "after.c"),
        "-o", program, f"-L{folder}", "-lEventSourceC", f"-Wl,-rpath,{folder}",
        *run("pkg-config", "--cflags", "--libs", "libevent").split())
    return program


if __name__ == "__main__":
    try:
        programs.clean()
        example.ticks(build())
    except AssertionError as error:
        print(f"c_example: {error}", file=sys.stderr)
        sys.exit(1)
