"""Varnish."""

from page import block, replaced
from proxy import Proxy

DEFAULT = """
vcl 4.1;

backend default {{
  .host = "127.0.0.1";
  .port = "{backend}";
}}
"""
COMPRESSION = """
sub vcl_recv { if (req.url ~ "^/events/") { return (pass); } }
sub vcl_backend_response { set beresp.do_gzip = true; }
"""


class Varnish(Proxy):
    name, package, command = "Varnish", "varnish", "varnishd"
    can_compress = True
    compresses_at_once = False
    version_arguments = ["-V"]
    has_tls = False

    def write_files(self):
        if self.configuration == "default":
            text = DEFAULT.format(backend=self.backend)
        else:
            text = replaced(block("/etc/varnish/default.vcl"), {
                '.port = "8080"': f'.port = "{self.backend}"',
            })
        if self.configuration == "compressed":
            text = replaced(text, {"vcl 4.1;": "vcl 4.1;" + COMPRESSION})
        self.write("default.vcl", text)

    def arguments(self):
        return [
            self.program(), "-F", "-j", "none", "-n", self.path("work"), "-a", f"127.0.0.1:{self.port}", "-f",
            self.path("default.vcl"), "-s", "malloc,64m",
        ]
