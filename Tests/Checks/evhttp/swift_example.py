"""The Swift example, from the shell and in Chromium."""

import example
import web
from programs import ROOT, run


def check():
    package = ["--package-path", f"{ROOT}/Examples/ExistingEvhttpServerSwift"]
    run("swift", "build", "--quiet", "-Xswiftc", "-warnings-as-errors", *package)
    program = run("swift", "build", "--show-bin-path", *package).strip() + "/Server"
    example.ticks(program)
    web.check(ticking=program)
