"""Tests the page of the LanguageModelGateway in a browser: a prompt has two viewers, which survive a reload and a
killed server, and are notified of a stop.

usage: gateway.py PROGRAM
"""

import os
import re
import select
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # Keeps the source folder clean.
from chromium import Chromium, end_with_parent

WORDS = ["the", "quick", "brown", "fox"]


class Gateway:
    def __init__(self, program, *arguments):
        self.command, self.port = [program, *arguments], 0
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [*self.command, "--port", str(self.port)], stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        address = re.search(r"http://[0-9.]+:([0-9]+)", self.process.stdout.readline() if ready else "")
        assert address, "the program does not say where it listens"
        self.url, self.port = address.group(), int(address.group(1))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def shows(count):
    """Waits until both viewers show exactly `count` tokens, in order."""
    text = "".join(f"{number}:{WORDS[number % len(WORDS)]} " for number in range(count))
    return f"['first', 'second'].every(id => document.getElementById(id).textContent === '{text}')"


def has_begun(count):
    return f"document.getElementById('second').textContent.includes(' {count}:')"


def state(text):
    return f"document.getElementById('state').textContent === '{text}'"


def ask(page, count):
    # The tokens of the previous response must not be mistaken for the new ones.
    page.evaluate("document.getElementById('second').textContent = ''")
    page.evaluate(f"document.getElementById('count').value = {count}")
    page.evaluate("document.querySelector('form').requestSubmit()")


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(
            program, "--tokens-per-second", "100", "--retention", "600", "--history", f"sqlite:{folder}/history")
        browser = Chromium()
        try:
            page = browser.first_page()
            page.open(gateway.url)
            page.wait_for("the page", "document.getElementById('count') !== null")
            ask(page, 300)
            page.wait_for("some tokens", has_begun(20))
            page.call("Page.reload")
            page.wait_for("the whole answer behind a reload", shows(300))
            page.wait_for("the end", state("finished"))
            print("browser: a reload in the middle of an answer loses and repeats nothing")

            ask(page, 9000)
            page.wait_for("some tokens", has_begun(20))
            page.evaluate("document.getElementById('stop').click()")
            page.wait_for("the stop", state("stopped"))
            print("browser: both viewers are told of a stop")

            ask(page, 9000)
            page.wait_for("some tokens", has_begun(20))
            gateway.kill()
            gateway.start()
            page.wait_for("what became of it", state("interrupted"))
            texts = page.evaluate("['first', 'second'].map(id => document.getElementById(id).textContent)")
            numbers = [int(token.split(":")[0]) for token in texts[0].split()]
            assert texts[0] == texts[1] and numbers == list(range(len(numbers))) and len(numbers) > 20, texts
            print("browser: behind kill -9 both viewers have what was recorded, and are told")
            complaints = page.complaints()
            assert not complaints, f"the browser complains: {complaints}"
        finally:
            browser.close()
            gateway.kill()


if __name__ == "__main__":
    main(sys.argv[1])
