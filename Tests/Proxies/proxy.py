"""The common parts of the proxies: a folder, ports, a certificate, starting and ending."""

import os
import re
import shutil
import socket
import subprocess

import processes


class Proxy:
    """One proxy in front of one server.

    A subclass writes the files of each configuration:

    - default: the minimum that forwards requests, with Debian's defaults;
    - recipe: the configuration on the page;
    - compressed: the recipe, and the settings with which this proxy compresses streams.
    """

    name = package = command = None
    version_arguments = ["-v"]
    has_tls = True
    # Whether it responds to readers while the server is not running. If not, the server's socket must stay open.
    bridges_absence = True
    # Whether it can compress streams, and whether it then still forwards each event immediately.
    can_compress = False
    compresses_at_once = True
    # Whether the page has a line that puts the reader's address in `Forwarded`.
    can_forward = False

    def __init__(self, folder, backend, configuration, forwarded=False):
        self.folder, self.backend, self.configuration = folder, backend, configuration
        self.uses_forwarded = forwarded
        for attempt in range(3):
            self.port, self.tls_port = processes.unused_port(), processes.unused_port()
            self.write_files()
            self.output = open(os.path.join(folder, "output"), "a+")
            self.process = processes.start(
                self.arguments(), stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output, cwd=folder,
                env=self.environment())
            try:
                processes.wait_for(f"{self.name} to listen", lambda: self.listens() or self.has_ended())
            except AssertionError:
                self.end()
                raise
            if not self.has_ended():
                return
            self.end()
        raise AssertionError(f"{self.name} does not start; it says:\n{self.said()}")

    @classmethod
    def program(cls):
        """Returns the program's path, even for users whose PATH has no sbin, or None if it is not installed."""
        return shutil.which(cls.command, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

    @classmethod
    def version(cls):
        said = subprocess.run([cls.program(), *cls.version_arguments], capture_output=True, text=True)
        return re.search(r"\d+\.\d+(\.\d+)?", said.stdout + said.stderr).group()

    def listens(self):
        ports = [self.port, self.tls_port] if self.has_tls and self.configuration != "default" else [self.port]
        try:
            for port in ports:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return True
        except OSError:
            return False

    def has_ended(self):
        return self.process.poll() is not None

    def said(self):
        self.output.seek(0)
        return self.output.read()[-2000:]

    def end(self):
        processes.end(self.process)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)

    def certificate(self):
        """Creates a self-signed certificate for localhost, in a file with its key."""
        path = self.path("certificate.pem")
        if not os.path.exists(path):
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                 "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", path, "-out",
                 self.path("chain.pem")], check=True, capture_output=True)
            with open(path, "a") as file, open(self.path("chain.pem")) as chain:
                file.write(chain.read())
        return path

    def environment(self):
        return {**os.environ, "HOME": self.folder, "XDG_DATA_HOME": self.folder, "XDG_CONFIG_HOME": self.folder}
