"""Writes the decoders' input: typical.sse, llm.sse and large.sse, the same in each run.

usage: corpus.py FOLDER [MEGABYTES]
"""

import json
import os
import random
import sys

WORDS = "open close user order price event ready value status token login stream update server pending created".split()


def typical(random, number):
    """Returns an event with an ID, a type and some JSON."""
    body = {"id": number, "kind": random.choice(WORDS), "price": round(random.random() * 1000, 2)}
    body["text"] = " ".join(random.choice(WORDS) for _ in range(9))[:50]
    return f"id: {number}\nevent: update\ndata: {json.dumps(body, separators=(',', ':'))}\n\n"


def llm(random, number):
    """Returns an event with one word of a response in its envelope."""
    body = {"id": "answer-8f3a1c2b", "object": "answer.chunk", "created": 1700000000, "model": "m-1",
            "choices": [{"index": 0, "delta": {"content": " " + random.choice(WORDS)}}]}
    return f"data: {json.dumps(body, separators=(',', ':'))}\n\n"


def large(random, number):
    """Returns a document of a thousand lines."""
    lines = "".join(f"data: {random.choice(WORDS)} {'lorem ipsum dolor ' * 5}\n" for _ in range(1000))
    return f"id: {number}\nevent: document\n{lines}\n"


def write_events(path, size, count):
    """Writes `count` events, each with one line of `size` bytes of data."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for _ in range(count):
            file.write(f"data: {'lorem ipsum '.ljust(size, 'x')[:size]}\n\n")


def write(folder, megabytes=64):
    os.makedirs(folder, exist_ok=True)
    for make in (typical, llm, large):
        source, size, number = random.Random(1), 0, 0
        with open(f"{folder}/{make.__name__}.sse", "w", encoding="utf-8", newline="\n") as file:
            while size < megabytes * 1_000_000:
                number += 1
                size += file.write(make(source, number))


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 64)
