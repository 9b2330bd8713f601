"""Checks `eventsource decode`: all conformance vectors, arbitrary text, hostile input, and its exit.

usage: commandline_decode.py PROGRAM
"""

import concurrent.futures
import json
import os
import pty
import random
import select
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
VECTORS = f"{ROOT}/Tests/EventSourceFormatTests/Conformance/event-stream-vectors.json"


def decode(program, data, *arguments):
    return subprocess.run([program, "decode", *arguments], input=data, capture_output=True, timeout=60)


def lines_of(output):
    """Parses the output. Every line must be one JSON object, and no other character may end a line."""
    text = output.decode("utf-8")
    assert text == "" or text.endswith("\n"), f"the last line has no end: {text[-100:]!r}"
    assert text.splitlines() == text.split("\n")[:-1], f"some readers see more lines than there are in {text!r}"
    return [json.loads(line) for line in text.splitlines()]


def check_vector(program, vector, chunk):
    if "input" in vector:
        data = "".join(vector["input"]).encode()
    else:
        data = bytes.fromhex("".join(vector["inputHex"]))
    arguments = ["--chunk", str(chunk)] if chunk else []
    if "initialLastEventID" in vector:
        arguments += ["--last-event-id", vector["initialLastEventID"]]
    result = decode(program, data, *arguments)
    assert (result.returncode, result.stderr) == (0, b""), (vector["name"], chunk, result)
    lines = lines_of(result.stdout)
    events = [line for line in lines if "data" in line]
    comments = [line["comment"] for line in lines if "comment" in line]
    end = {"end": True, "lastEventID": vector["lastEventIDAfter"], "reconnectionTime": vector["reconnectionTimeAfter"]}
    if "reconnectionTimeExact" in vector:
        assert lines[-1]["reconnectionTime"] >= 0, (vector["name"], chunk, lines[-1])
        lines[-1]["reconnectionTime"] = None
    assert events == vector["expect"], (vector["name"], chunk, events)
    assert comments == vector["comments"], (vector["name"], chunk, comments)
    assert lines[-1] == end and len(lines) == len(events) + len(comments) + 1, (vector["name"], chunk, lines)


def vectors(program):
    with open(VECTORS, encoding="utf-8") as file:
        corpus = json.load(file)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(check_vector, program, vector, chunk) for vector in corpus for chunk in [None, 1, 2, 7]]
        for run in runs:
            run.result()
    assert len(corpus) == 298, f"the corpus has {len(corpus)} vectors"


def any_text(program):
    """Every code point is preserved. Terminal controls and line ends are escaped."""
    points = [point for point in range(1, 0x110000) if not 0xD800 <= point < 0xE000 and point not in (0x0A, 0x0D)]
    texts = ["".join(map(chr, points[start:start + 5000])) for start in range(0, len(points), 5000)]
    stream = "".join(f"data: {text}\n\n" for text in texts).encode()
    output = decode(program, stream).stdout
    assert [line["data"] for line in lines_of(output)[:-1]] == texts, "a text was changed"
    controls = [point for point in [*range(10), *range(11, 32), *range(127, 160)] if chr(point).encode() in output]
    assert not controls, f"control characters are not escaped: {controls}"


def noise(program):
    """Arbitrary bytes give the same output in chunks of any size."""
    source = random.Random(1)
    words = [b"data: ", b"id:", b"event:", b"retry: 1", b":", b"\n", b"\r", b"\r\n", b"\xef\xbb\xbf", b"\0", b"\xe2\x80"]
    data = b"".join(source.choice(words + [source.randbytes(2)]) for _ in range(30_000))
    whole = decode(program, data)
    assert whole.returncode == 0 and len(lines_of(whole.stdout)) > 100, whole.returncode
    for chunk in ["1", "3", "1000", "1000000"]:
        assert decode(program, data, "--chunk", chunk).stdout == whole.stdout, f"--chunk {chunk} gives something else"


def peak_memory(program, expected, prefix, piece, times):
    """Feeds repeated input, and returns the program's peak memory in MiB."""
    with open(os.devnull, "wb") as nowhere, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([program, "decode"], stdin=subprocess.PIPE, stdout=nowhere, stderr=errors)
        try:
            process.stdin.write(prefix)
            for _ in range(times):
                process.stdin.write(piece)
            process.stdin.close()
        except BrokenPipeError:
            pass
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        message = errors.read()
    assert process.returncode == expected, (process.returncode, message)
    assert message.count(b"\n") == (1 if expected else 0), message
    return usage.ru_maxrss / 1024


def memory(program):
    mebibyte = b"x" * (1 << 20)
    cases = [
        ("a line without end", 65, b"data: ", mebibyte, 200),
        ("an event without end", 65, b"", b"data: " + mebibyte[:100_000] + b"\n", 2000),
        ("a comment without end", 65, b":", mebibyte, 200),
        ("events without end", 0, b"", b"id: 1\ndata: x\n\n" * 10_000, 100),
        ("line breaks without end", 0, b"", b"\n" * (1 << 20), 20),
    ]
    for what, expected, prefix, piece, times in cases:
        peak = peak_memory(program, expected, prefix, piece, times)
        assert peak < 150, f"{what}: {peak:.0f} MiB"
    good = decode(program, b"data: first\n\ndata: " + mebibyte * 17)
    assert [line["data"] for line in lines_of(good.stdout)] == ["first"], "an event before the limit is lost"


def start(program, *arguments, error=subprocess.PIPE, **options):
    return subprocess.Popen(
        [program, *arguments], stdin=subprocess.PIPE, stderr=error,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **options)


def following(program):
    """An event is printed immediately, before the stream ends. Ctrl-C ends the program."""
    for arguments in [[], ["--chunk", "16"]]:
        process = start(program, "decode", *arguments, stdout=subprocess.PIPE)
        process.stdin.write(b"data: now\n\n:\n:\n:\n")
        process.stdin.flush()
        if not arguments:
            assert json.loads(process.stdout.readline())["data"] == "now"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == -signal.SIGINT, process.returncode
        process.communicate()


def nobody_reads(program):
    """The program ends silently with the status of a broken pipe when its reader has closed the pipe."""
    process = start(program, "decode", stdout=subprocess.PIPE)
    process.stdout.close()
    process.stdin.write(b"data: x\n\n" * 100)
    _, message = process.communicate(timeout=20)
    assert (process.returncode, message) == (141, b""), (process.returncode, message)
    with open("/dev/full", "wb") as full:
        result = subprocess.run([program, "decode"], input=b":\n", stdout=full, stderr=subprocess.PIPE, timeout=20)
    assert result.returncode == 74 and result.stderr.count(b"\n") == 1, result


def terminal(program, url):
    """Output on a terminal is colored and contains no other controls. NO_COLOR and a pipe turn colors off."""
    for environment, color in [({}, b"\x1b[36;1mkind\x1b[0m"), ({"NO_COLOR": "1"}, b"kind")]:
        screen, other = pty.openpty()
        process = start(
            program, "listen", "--quiet", "--count", "1", url, stdout=other, env={**os.environ, **environment})
        os.close(other)
        shown = b""
        while select.select([screen], [], [], 20)[0]:
            try:
                shown += os.read(screen, 4096)
            except OSError:  # Linux reports this when the last user of a terminal has closed it.
                break
        os.close(screen)
        process.communicate(timeout=20)
        assert shown == color + ": a\u241b[31mb\r\nc".encode() + b"\r\n", shown


def status_line(program, url):
    """On a terminal, the last line of standard error shows the state. It is removed when the program ends."""
    screen, other = pty.openpty()
    process = start(program, "listen", "--count", "1", url, stdout=subprocess.DEVNULL, error=other)
    os.close(other)
    shown = b""
    while select.select([screen], [], [], 20)[0]:
        try:
            shown += os.read(screen, 4096)
        except OSError:
            break
    os.close(screen)
    assert process.wait(20) == 0, process.returncode
    process.stdin.close()
    for text in [b"connecting | 0 events | 0 reconnects", b"connected to", b"connected | 0 events"]:
        assert text in shown, (text, shown)
    assert shown.endswith(b"\r\x1b[K"), shown


def main():
    program, url = sys.argv[1:]
    for check in [vectors, any_text, noise, memory, following, nobody_reads]:
        check(program)
    terminal(program, url)
    status_line(program, url)


main()
