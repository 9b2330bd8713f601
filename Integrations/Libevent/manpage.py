"""Converts a header of the C library to a man page in mdoc(7), for man-db and mandoc.

usage: manpage.py HEADER DATE

The page contains the header's first comment, then each of its parts with the comment of every declaration.
"""

import os
import re
import sys

COMMENT = r"/\*.*?\*/"
TITLE = re.compile(r"/\* -{4} (.*?) -{4,} \*/")
# The parts of a header after its first comment.
PIECE = re.compile(
    rf"(?P<comment>{COMMENT})|(?P<directive>^#[^\n]*)|(?P<linkage>extern \"C\" \{{|^\}})"
    r"|(?P<block>typedef (?:enum|struct) \w+ \{.*?^\} \w+;)|(?P<declaration>\w[^;]*;)", re.S | re.M)
# The parts of an enum or a struct.
MEMBER = re.compile(rf"(?P<comment>{COMMENT})|(?P<member>[^\s,;/][^,;/]*\([^;]*\)|[^\s,;/][^,;/]*)", re.S)


def text_of(comment):
    """Returns the lines of a comment without its marks."""
    lines = comment.removeprefix("/*").removesuffix("*/").rstrip().split("\n")
    return [re.sub(r"^\s*\* ?", "", line) if number else line.strip() for number, line in enumerate(lines)]


def escaped(line):
    line = line.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + line if line[:1] in (".", "'") else line


def literal(lines):
    return [".Bd -literal -offset indent", *[escaped(line) for line in lines], ".Ed"]


def sentences(line):
    """Returns the sentences of a line, one per line, as mdoc requires."""
    return [escaped(part) for part in re.split(r"(?<=[\w)`\"]\.) (?=[A-Z])", line.strip())]


def paragraphs(comment):
    """Converts text. Code and paragraphs are kept, and `name: text` begins a paragraph."""
    out, code = [], []
    was_of_name = False
    for line in [*text_of(comment), ""]:
        # The continuation of `name: text` is also indented, so code is recognized by its punctuation.
        if re.match(r"  ", line) and re.search(r"[;*]|//", line):
            code.append(line)
            continue
        if code:
            while out and out[-1] == ".Pp":
                out.pop()
            out += literal(code)
            code = []
        is_of_name = bool(re.match(r"[a-z_]+: ", line)) or was_of_name and line.startswith("  ")
        begins = not line.strip() or re.match(r"[a-z_]+: ", line) or was_of_name and not is_of_name
        if begins and out and out[-1] != ".Pp":
            out.append(".Pp")
        was_of_name = is_of_name
        if line.strip():
            out += sentences(line)
    while out and out[-1] == ".Pp":
        out.pop()
    return out


def members(body):
    """Returns the list of the members of an enum or a struct, with the comment above or after each."""
    out, above = [".Bl -tag -width Ds"], []
    last = 0
    for match in MEMBER.finditer(body):
        if match["member"]:
            text = escaped(" ".join(match["member"].split())).replace('"', "\\(dq")
            out += [f'.It Li "{text}"', *above]
            above = []
        elif "\n" in body[last:match.start()] or len(out) == 1:
            above = paragraphs(match["comment"])
        else:
            out += paragraphs(match["comment"])
        last = match.end()
    return [*out, ".El"]


def parts(code):
    """Returns the parts of the page, and the names of the functions."""
    out, names, comment = [], [], None
    for match in PIECE.finditer(code):
        text = match.group()
        if match["comment"]:
            title = TITLE.match(text)
            if title:
                out.append(f".Ss {title[1]}")
            comment = None if title else text
            continue
        about = paragraphs(comment) if comment else []
        if match["block"]:
            head, body = re.match(r"(.*?) \{(.*)\}", text, re.S).groups()
            out += [*literal([head]), *about, *members(body)]
        elif match["declaration"] and "es_" in text or re.match(r"#define ES_\w+[ (]", text):
            out += [*literal(text.split("\n")), *about]
            names += re.findall(r"^[^(]*?\b(es_\w+)\(", text)
        comment = None
    return out, names


def page(path, date):
    with open(path) as file:
        header = file.read()
    name = os.path.basename(path).removesuffix(".h")
    first = re.match(COMMENT, header, re.S)
    body, names = parts(header[first.end():])
    libraries = {"eventsource": [""], "eventsource-history": ["-sqlite", "-redis"]}.get(name, [name[11:]])
    library = " or ".join(f"eventsource-libevent{kind}" for kind in libraries)
    return "\n".join([
        f".Dd {date}", f".Dt {name.upper()} 3", ".Os", ".Sh NAME", *[f".Nm {other} ," for other in [name, *names[:-1]]],
        f".Nm {names[-1]}", ".Nd event streams (Server-Sent Events) in an evhttp server", ".Sh LIBRARY",
        f"pkg\\-config knows it as {escaped(library)}.", ".Sh SYNOPSIS",
        f".In {os.path.basename(path)}", ".Sh DESCRIPTION", *paragraphs(first.group()), *body, ""])


if __name__ == "__main__":
    sys.stdout.write(page(*sys.argv[1:]))
