"""Drives Tests/ContractService like a client test suite: with scripted streams and the callbacks that they cause.

usage: contract.py [urlsession] [asynchttpclient] [curl]
"""

import http.client
import http.server
import json
import os
import queue
import subprocess
import sys
import threading
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def fail(message):
    sys.exit(f"contract: {message}")


def expect(what, got, wanted):
    if got != wanted:
        fail(f"{what}: got {got!r}, expected {wanted!r}")


class Harness:
    """A server with scripted streams at /stream and callbacks at /callback/N."""

    def __init__(self):
        self.requests, self.callbacks, self.pieces = queue.Queue(), queue.Queue(), queue.Queue()
        self.status = 200
        harness = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path.startswith("/callback/"):
                    harness.callbacks.put((int(self.path.rsplit("/", 1)[1]), json.loads(body)))
                    self.send_response(202)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                status = harness.status
                harness.requests.put((self.command, {k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(status)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                while status == 200:
                    piece = harness.pieces.get()
                    if piece is None:
                        return
                    try:
                        self.wfile.write(piece)
                        self.wfile.flush()
                    except OSError:
                        return

            do_GET = do_POST = do_REPORT = serve

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def happening(self, number, kind):
        try:
            got, what = self.callbacks.get(timeout=30)
        except queue.Empty:
            fail(f"callback {number} ({kind}) does not arrive")
        expect("the callbacks' order", got, number)
        expect(f"callback {number}", what["kind"], kind)
        return what.get(kind)

    def request(self):
        try:
            return self.requests.get(timeout=30)
        except queue.Empty:
            return fail("no request arrives")


class Service:
    def __init__(self, program, transport):
        self.process = subprocess.Popen(
            [program, "--transport", transport, "--port", "0"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body if body is None or isinstance(body, str) else json.dumps(body))
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, response.getheader("Location"), text


def play(program, transport):
    service = Service(program, transport)
    try:
        drive(Harness(), service)
    finally:
        service.process.kill()


def drive(harness, service):
    status, _, text = service.call("GET", "/")
    expect("the status", status, 200)
    expect("the capabilities", sorted(json.loads(text)["capabilities"]), [
        "bom", "comments", "headers", "last-event-id", "post", "read-timeout", "report", "restart",
        "server-directed-shutdown-request"])
    for body in ["{", "{}", '{"streamUrl": 1, "callbackUrl": "x"}', '{"streamUrl": "", "callbackUrl": ""}']:
        expect(f"a stream of {body}", service.call("POST", "/", body)[0], 400)
    expect("no such stream", service.call("POST", "/streams/99", {"command": "restart"})[0], 404)
    expect("no such stream", service.call("DELETE", "/streams/99")[0], 404)

    status, stream, _ = service.call("POST", "/", {
        "streamUrl": f"{harness.url}/stream", "callbackUrl": f"{harness.url}/callback", "tag": "x", "initialDelayMs": 0,
        "lastEventId": "zero", "headers": {"X-Mine": "1"}, "method": "REPORT", "body": "{}"})
    expect("the status of a new stream", status, 201)
    method, fields, body = harness.request()
    expect("the request", (method, body, fields["x-mine"], fields["last-event-id"], fields["accept"]),
           ("REPORT", b"{}", "1", "zero", "text/event-stream"))
    harness.pieces.put("\ufeff: hello\nevent: a\nid: one\ndata: x\ndata: é\n\n".encode())
    expect("a comment", harness.happening(1, "comment"), " hello")
    expect("an event", harness.happening(2, "event"), {"type": "a", "data": "x\né", "id": "one"})
    harness.pieces.put(b"data: never")
    harness.pieces.put(None)
    harness.happening(3, "error")
    method, fields, body = harness.request()
    expect("the second request", (method, body, fields["last-event-id"]), ("REPORT", b"{}", "one"))
    expect("an unknown command", service.call("POST", stream, {"command": "jump"})[0], 400)
    expect("no command", service.call("POST", stream, "x")[0], 400)
    expect("listen", service.call("POST", stream, {"command": "listen", "listen": {"type": "a"}})[0] // 100, 2)
    expect("restart", service.call("POST", stream, {"command": "restart"})[0] // 100, 2)
    expect("the request after a restart", harness.request()[1]["last-event-id"], "one")
    harness.status = 204
    # One for the stream that the restart ended, and one for the stream after it.
    harness.pieces.put(None)
    harness.pieces.put(None)
    harness.happening(4, "error")
    expect("the request that is answered 204", harness.request()[0], "REPORT")
    harness.happening(5, "error")
    expect("closing", service.call("DELETE", stream)[0] // 100, 2)
    expect("closing again", service.call("DELETE", stream)[0], 404)

    harness.status = 200
    _, stream, _ = service.call("POST", "/", {
        "streamUrl": f"{harness.url}/stream", "callbackUrl": f"{harness.url}/callback", "readTimeoutMs": 300,
        "initialDelayMs": 0})
    harness.request()
    harness.pieces.put(b":\n")
    harness.happening(1, "comment")
    if "silent" not in harness.happening(2, "error"):
        fail("the error does not report that the stream was silent")
    expect("closing", service.call("DELETE", stream)[0] // 100, 2)
    time.sleep(0.1)
    expect("quitting", service.call("DELETE", "/")[0] // 100, 2)
    expect("the status at the end", service.process.wait(30), 0)
    harness.pieces.put(None)
    harness.server.shutdown()


def main():
    package = ["--package-path", f"{ROOT}/Tests/ContractService"]
    subprocess.run(["swift", "build", "--quiet"] + package, check=True)
    folder = subprocess.run(
        ["swift", "build", "--show-bin-path"] + package, check=True, capture_output=True, text=True).stdout.strip()
    for transport in sys.argv[1:] or ["urlsession", "asynchttpclient", "curl"]:
        play(f"{folder}/ContractService", transport)
        print(f"contract: {transport} keeps it")


main()
