#!/usr/bin/env python3
"""Prints random sentences from the comments, docstrings and pages of the package, to be read for their language.

usage: sample.py [--seed N] [--count N] [--list] [PATHSPEC ...]

Reads the tracked files that match Git's pathspecs, such as Sources or ':!*Tests.swift' (default: all). The same seed
and tree give the same sentences, each with its file and line. --list prints all sentences in order instead.
"""

import argparse
import io
import os
import random
import re
import subprocess
import tokenize

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# A sentence ends with a mark that is followed by a capital, a code span or a bracket.
SENTENCE_END = re.compile(r"(?<=[.!?:])\s+(?=[A-Z`\"(<])")
# Comments for tools, and command lines.
NO_SENTENCE = re.compile(r"swift-format-ignore|swift-tools-version|shellcheck|^usage: |^noqa|^(bash|python3|cc|curl) ")
# Marks of lists and parameters, which are not part of the text.
MARK = re.compile(r"- (Parameters?|Returns|Throws)\b.*?:\s*|- `?[A-Za-z_]\w*`?:\s+|[-*]\s+|\d+\.\s+")


def tracked(pathspecs):
    command = ["git", "-C", ROOT, "ls-files", "--", *pathspecs]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def c_comments(text):
    """Yields the line and text of each comment line of Swift and C. Strings cannot hide a comment here."""
    for match in re.finditer(r'"(?:\\.|[^"\\\n])*"|//+[ \t]?([^\n]*)|/\*(.*?)\*/', text, re.S):
        line = text.count("\n", 0, match.start()) + 1
        if match[1] is not None:
            begins = text.rfind("\n", 0, match.start()) + 1
            yield line, match[1], text[begins:match.start()].strip() == ""
        elif match[2] is not None:
            for offset, part in enumerate(match[2].split("\n")):
                yield line + offset, re.sub(r"^\s*\* ?", "", part) if offset else part.strip(), offset > 0


def shell_comments(text):
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r"(\s*|.*\s)#\s+(.*)", line)
        if match and not line.startswith("#!"):
            yield number, match[2], match[1].strip() == ""


def python_comments(text):
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith("#!"):
            yield token.start[0], token.string.lstrip("# "), token.line.strip().startswith("#")
        elif token.type == tokenize.STRING and token.line.strip().startswith('"""'):
            for offset, part in enumerate(token.string.strip('"').split("\n")):
                yield token.start[0] + offset, part, offset > 0


def page_lines(text):
    """Yields the lines of a page outside of code, and the cells of its tables."""
    is_code = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            is_code = not is_code
        elif line.startswith("|"):
            for cell in line.strip("|").split("|"):
                yield number, cell.strip(), False
        elif not is_code and not line.startswith(("#", "- ``", "- <doc:")):
            yield number, line, True


READERS = {".swift": c_comments, ".h": c_comments, ".c": c_comments, ".sh": shell_comments, ".py": python_comments,
           ".md": page_lines}


def sentences(path):
    """Returns the sentences of a file with their lines. Consecutive lines form a paragraph."""
    with open(os.path.join(ROOT, path)) as file:
        lines = list(READERS[os.path.splitext(path)[1]](file.read()))
    found, paragraph = [], []

    def end_paragraph():
        text = " ".join(part for _, part in paragraph)
        position = 0
        for sentence in SENTENCE_END.split(text):
            # The line on which the sentence begins.
            position = text.index(sentence, position)
            length, begins = 0, paragraph[0][0]
            for line, part in paragraph:
                if length > position:
                    break
                begins, length = line, length + len(part) + 1
            if len(re.findall(r"[A-Za-z]{2,}", sentence)) > 3 and not NO_SENTENCE.search(sentence):
                found.append((begins, sentence))
            position += len(sentence)
        paragraph.clear()

    last, is_code = None, False
    for line, text, continues in lines:
        text = text.strip()
        if text.startswith("```"):
            is_code = not is_code
            continue
        mark = MARK.match(text)
        if paragraph and (not continues or not text or mark or line != last + 1):
            end_paragraph()
        if text and not is_code:
            paragraph.append((line, text[mark.end():] if mark else text))
        last = line
    if paragraph:
        end_paragraph()
    return found


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 16))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("pathspecs", nargs="*", default=["."])
    options = parser.parse_args()
    paths = [path for path in tracked(options.pathspecs) if os.path.splitext(path)[1] in READERS]
    everything = [(path, line, text) for path in paths for line, text in sentences(path)]
    chosen = everything
    if not options.list:
        count = min(options.count, len(everything))
        chosen = random.Random(options.seed).sample(everything, count)
        print(f"seed {options.seed}: {count} of {len(everything)} sentences")
    for path, line, text in chosen:
        print(f"{path}:{line}: {text}")


if __name__ == "__main__":
    main()
