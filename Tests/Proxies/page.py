"""The configurations, as the page Behind a proxy prints them."""

import os
import re

from processes import PACKAGE

PAGE = os.path.join(PACKAGE, "Sources", "EventSourceServer", "EventSourceServer.docc", "BehindAProxy.md")
FENCE = "```"


def block(name):
    """The code block behind the line of the page that says "In NAME:", where the name may be in backquotes."""
    with open(PAGE) as file:
        lines = file.read().split("\n")
    starts = [number for number, line in enumerate(lines) if line.replace("`", "") == f"In {name}:"]
    assert len(starts) == 1, f"BehindAProxy.md has {len(starts)} lines \"In {name}:\""
    fence = next(number for number in range(starts[0] + 1, len(lines)) if lines[number])
    assert lines[fence].startswith(FENCE), f"BehindAProxy.md has no block behind \"In {name}:\""
    end = lines.index(FENCE, fence + 1)
    return "\n".join(lines[fence + 1:end]) + "\n"


def words(command):
    """The words behind a command that has a line of its own on the page."""
    with open(PAGE) as file:
        found = re.findall(rf"^    {re.escape(command)} (.+)$", file.read(), re.M)
    assert len(found) == 1, f"BehindAProxy.md has {len(found)} lines with the command {command}"
    return found[0].split()


def replaced(text, replacements):
    """The text with every one of these replaced. The test's addresses and files stand for those of the page."""
    for old, new in replacements.items():
        assert old in text, f"the page's configuration has no \"{old}\""
        text = text.replace(old, new)
    return text
