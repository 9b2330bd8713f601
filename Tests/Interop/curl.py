"""curl at our server, and around it what a shell script would do to reconnect.

usage: curl.py PROGRAM [SERVER]
"""

import subprocess

from reconnecting import LineClient
from schedule import exercise_client


def lines_of(url):
    def open_lines(headers):
        fields = [word for name, value in headers.items() for word in ["-H", f"{name}: {value}"]]
        with subprocess.Popen(["curl", "-sN", *fields, url], stdout=subprocess.PIPE) as curl:
            for line in curl.stdout:
                # The rest of a line that was cut is no line.
                if line.endswith(b"\n"):
                    yield line[:-1]
    return open_lines


exercise_client(lambda url: LineClient(lines_of(url), OSError))
