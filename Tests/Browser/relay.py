"""A relay between a browser and a server, whose connections a test can cut like a bad network."""

import re
import socket
import struct
import threading


class Relay:
    """Listens on its own port and forwards every connection. While the relay is cut, every connection breaks."""

    def __init__(self, port):
        self.target = port
        self.lock = threading.Lock()
        self.is_cut = False
        self.resetting = set()
        self.sockets = set()
        self.heads = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def cut(self, resets=False):
        """Breaks every connection: both ends of it get a FIN or a RST."""
        with self.lock:
            self.is_cut = True
            self.heads.clear()
            for end in self.sockets:
                self.reset(end) if resets else self.shut(end)

    def mend(self):
        with self.lock:
            self.is_cut = False

    def last_event_ids(self, path):
        """Returns the last event IDs in the requests for a path since the last cut."""
        with self.lock:
            heads = "\n".join(self.heads)
        return re.findall(rf"^GET {path} HTTP/1\.1\r\n(?:[^\r\n]+\r\n)*?Last-Event-ID: ([^\r\n]+)\r\n", heads, re.M | re.I)

    def close(self):
        self.cut()
        self.listener.close()

    @staticmethod
    def shut(end):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def reset(self, end):
        self.resetting.add(end)
        try:
            # Sends nothing, but wakes the reading thread. When that closes the socket, a RST is sent.
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RD)
        except OSError:
            pass

    def accept(self):
        while True:
            try:
                browser, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
                server.settimeout(None)
            except OSError:
                browser.close()
                continue
            with self.lock:
                self.sockets |= {browser, server}
                if self.is_cut:
                    self.shut(browser)
                    self.shut(server)
            threading.Thread(target=self.pump, args=(browser, server, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, browser, False), daemon=True).start()

    def pump(self, source, sink, is_request):
        try:
            while data := source.recv(65536):
                with self.lock:
                    if self.is_cut:
                        break
                    if is_request:
                        self.heads.append(data.decode("latin-1"))
                sink.sendall(data)
        except OSError:
            pass
        # The thread that reads a socket closes it, after waking the other thread.
        with self.lock:
            self.sockets.discard(source)
            if source in self.resetting:
                self.resetting.discard(source)
                source.close()
            else:
                self.shut(sink)
