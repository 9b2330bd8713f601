"""Squid, in front of a server."""

import glob
import os

from page import block, replaced
from proxy import Proxy

MAIN = """
pid_filename {folder}/pid
cache_log {folder}/logs/cache.log
access_log none
coredump_dir {folder}/logs
shutdown_lifetime 1 seconds
pinger_enable off
visible_hostname localhost
"""
DEFAULT = """
http_port 127.0.0.1:{port} accel defaultsite=localhost
cache_peer 127.0.0.1 parent {backend} 0 no-query originserver
http_access allow all
"""


class Squid(Proxy):
    name = "Squid"
    package = command = "squid"
    has_tls = False
    bridges_absence = False

    def write_files(self):
        if self.configuration == "default":
            text = DEFAULT.format(port=self.port, backend=self.backend)
        else:
            text = replaced(block("/etc/squid/squid.conf"), {
                "http_port 80": f"http_port 127.0.0.1:{self.port}",
                "parent 8080": f"parent {self.backend}",
            })
        # Squid's own user writes it if root starts Squid.
        os.makedirs(self.path("logs"), exist_ok=True)
        os.chmod(self.path("logs"), 0o777)
        self.write("squid.conf", MAIN.format(folder=self.folder) + text)

    def arguments(self):
        return [self.program(), "-N", "-n", self.service(), "-f", self.path("squid.conf")]

    def service(self):
        """Concurrent Squid processes share memory by this name, so each needs its own name."""
        return "eventsource" + "".join(filter(str.isalnum, self.folder[-8:])) + str(self.port)

    def end(self):
        super().end()
        for path in glob.glob(f"/dev/shm/{self.service()}-*"):
            os.unlink(path)
