#!/usr/bin/env python3
"""A reader that stores its position in a file is killed repeatedly. It misses no event. At each start it gets at most
one event again, the one that it had printed but not yet stored.

usage: killed.py [--kills N] [--events N]
"""
import argparse, json, os, pathlib, random, subprocess, sys, tempfile, threading

ROOT = pathlib.Path(__file__).resolve().parents[2]


def build():
    command = ["bash", ROOT / "Tests/build.sh", "Examples/CommandLine"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip() + "/eventsource"


def read_some(program, url, place, wanted):
    """Reads `wanted` events, then kills the running reader. Returns the complete lines that it printed."""
    reader = subprocess.Popen(
        [program, "listen", "--json", "--quiet", "--resume", place, url], stdout=subprocess.PIPE)
    watch = threading.Timer(300, reader.kill)
    watch.start()
    lines = []
    try:
        for line in reader.stdout:
            lines.append(line)
            if len(lines) == wanted:
                reader.kill()
        reader.stdout.close()
    finally:
        watch.cancel()
        reader.kill()
        reader.wait()
    heard = [json.loads(line) for line in lines if line.endswith(b"\n")]
    if any("gap" in line for line in heard):
        sys.exit("killed: a gap was reported")
    return [int(line["data"]) for line in heard]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--events", type=int, default=2000)
    options = parser.parse_args()
    program = build()
    last, again, starts = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        history = f"sqlite:{folder}/history"
        server = subprocess.Popen(
            [program, "serve", "--port", "0", "--replay", "--history", history], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        try:
            url = server.stdout.readline().split()[-1]
            events = "\n".join(str(number + 1) for number in range(options.events))
            subprocess.run(
                [program, "publish", f"{url}/publish/news"], input=events, text=True, check=True,
                stdout=subprocess.DEVNULL)
            while last < options.events:
                rest = options.events - last
                wanted = min(rest, random.randint(1, 2 * options.events // options.kills))
                heard = read_some(program, f"{url}/events/news", f"{folder}/place", wanted)
                starts += 1
                # The reader may print more before the signal arrives, including events that it does not store.
                if heard[:1] == [last] and last > 0:
                    again += 1
                    heard = heard[1:]
                if heard != list(range(last + 1, last + 1 + len(heard))):
                    sys.exit(f"killed: after {last} the reader printed {heard[:5]} and more")
                last += len(heard)
                if os.path.exists(f"{folder}/place.next") and os.path.getsize(f"{folder}/place") == 0:
                    sys.exit("killed: the file was emptied")
        finally:
            server.terminate()
            server.wait(120)
            server.stdout.close()
    if starts < options.kills // 2:
        sys.exit(f"killed: there were only {starts} starts")
    print(f"killed: {options.events} events over {starts} readers that were killed, none missed, {again} given again")


if __name__ == "__main__":
    main()
