"""HAProxy."""

from page import block, replaced
from proxy import Proxy

# Debian's defaults, and the minimum that forwards requests.
DEFAULT = """
defaults
  mode http
  option dontlognull
  timeout connect 5000
  timeout client 50000
  timeout server 50000

frontend web
  bind 127.0.0.1:{port}
  default_backend app

backend app
  server app 127.0.0.1:{backend}
"""


class HAProxy(Proxy):
    name, package, command = "HAProxy", "haproxy", "haproxy"
    can_compress = True
    can_forward = True

    def write_files(self):
        if self.configuration == "default":
            text = DEFAULT.format(port=self.port, backend=self.backend)
        else:
            self.write("away.http", block("/etc/haproxy/away.http"))
            text = replaced(block("/etc/haproxy/haproxy.cfg"), {
                "bind :80": f"bind 127.0.0.1:{self.port}",
                "bind :443": f"bind 127.0.0.1:{self.tls_port}",
                "/etc/ssl/example.pem": self.certificate(),
                "/etc/haproxy/away.http": self.path("away.http"),
                "127.0.0.1:8080": f"127.0.0.1:{self.backend}",
            })
        if self.configuration == "compressed":
            text = replaced(text, {
                "backend events\n": "backend events\n  compression algo gzip\n  compression type text/event-stream\n"})
        if self.uses_forwarded:
            text = replaced(text, {
                "http-request set-header X-Forwarded-For %[src]": block("HAProxy").strip()})
        self.write("haproxy.cfg", text)

    def arguments(self):
        return [self.program(), "-db", "-f", self.path("haproxy.cfg")]
