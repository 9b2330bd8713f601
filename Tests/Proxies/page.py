"""Reads the configurations from the page Behind a proxy."""

import os
import re

from processes import PACKAGE

PAGE = os.path.join(PACKAGE, "Sources", "EventSourceServer", "EventSourceServer.docc", "BehindAProxy.md")
FENCE = "```"


def block(name):
    """Returns the code block after the page's line "In NAME:", where the name may be in backquotes."""
    with open(PAGE) as file:
        lines = file.read().split("\n")
    starts = [number for number, line in enumerate(lines) if line.replace("`", "") == f"In {name}:"]
    assert len(starts) == 1, f"BehindAProxy.md has {len(starts)} lines \"In {name}:\""
    fence = next(number for number in range(starts[0] + 1, len(lines)) if lines[number])
    assert lines[fence].startswith(FENCE), f"BehindAProxy.md has no block behind \"In {name}:\""
    end = lines.index(FENCE, fence + 1)
    return "\n".join(lines[fence + 1:end]) + "\n"


def words(command):
    """Returns the arguments of a command that has its own line on the page."""
    with open(PAGE) as file:
        found = re.findall(rf"^    {re.escape(command)} (.+)$", file.read(), re.M)
    assert len(found) == 1, f"BehindAProxy.md has {len(found)} lines with the command {command}"
    return found[0].split()


def replaced(text, replacements):
    """Returns the text with these replacements. The test's addresses and files replace those of the page."""
    for old, new in replacements.items():
        assert old in text, f"the page's configuration has no \"{old}\""
        text = text.replace(old, new)
    return text
