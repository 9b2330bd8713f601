"""Caddy."""

from page import block, replaced
from proxy import Proxy

# Without administration, external certificates, and addresses other than the test's.
MAIN = """
{
  admin off
  auto_https disable_redirects
  default_bind 127.0.0.1
  servers {
    protocols h1 h2
  }
}
"""


class Caddy(Proxy):
    name, package, command = "Caddy", "caddy", "caddy"
    can_compress = True
    version_arguments = ["version"]

    def write_files(self):
        if self.configuration == "default":
            text = f"http://localhost:{self.port} {{\n  reverse_proxy 127.0.0.1:{self.backend}\n}}\n"
        else:
            certificate = self.certificate()
            tls = f"  tls {certificate} {certificate}\n"
            text = replaced(block("/etc/caddy/Caddyfile"), {"127.0.0.1:8080": f"127.0.0.1:{self.backend}"})
            if self.configuration == "compressed":
                text = replaced(text, {"example.com {\n": "example.com {\n  encode gzip\n"})
            # The page's site has a certificate that Caddy obtains. Here it has two addresses instead.
            text = replaced(text, {"example.com {\n": f"http://localhost:{self.port} {{\n"}) \
                + replaced(text, {"example.com {\n": f"https://localhost:{self.tls_port} {{\n{tls}"})
        self.write("Caddyfile", MAIN + text)

    def arguments(self):
        return [self.program(), "run", "--adapter", "caddyfile", "--config", self.path("Caddyfile")]
