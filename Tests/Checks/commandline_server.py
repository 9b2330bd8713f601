"""A server for the checks of `eventsource listen`. Its paths respond as named. It records every request in a file.

usage: commandline_server.py FILE [CERTIFICATE KEY]
"""

import socketserver
import ssl
import sys
import threading

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
lock = threading.Lock()


class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        head = self.rfile.readline()
        path = head.split()[1]
        length = 0
        while (line := self.rfile.readline()).strip():
            head += line
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        with lock, open(sys.argv[1], "ab") as file:
            file.write(head + self.rfile.read(length) + b"\n")
        getattr(self, path.decode().strip("/"))()

    def answer(self):
        self.wfile.write(STREAM + b": hi\n\ndata: answer\n\ndata: [DONE]\n\n")

    def never(self):
        self.wfile.write(STREAM + b"retry: 99999999999999999999\n\n")

    def silent(self):
        self.rfile.read()

    def rejection(self):
        self.status(b"400 Bad", b'{"error":"no such model"}')

    def later(self):
        self.status(b"503 Later", b"overloaded")

    def status(self, status, body):
        self.wfile.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass


server = Server(("127.0.0.1", 0), Answer)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[2:])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
