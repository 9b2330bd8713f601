"""The Swift example, from the shell and in Chromium."""

import example
import web
from programs import ROOT, run


def check():
    program = run("bash", f"{ROOT}/Tests/build.sh", "Examples/ExistingEvhttpServerSwift").strip() + "/Server"
    example.ticks(program)
    web.check(ticking=program)
