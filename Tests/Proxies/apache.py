"""Apache's httpd, with the event MPM."""

import os

from page import block, replaced, words
from processes import unused_port
from proxy import Proxy

# The modules that Debian enables.
ENABLED = [
    "mpm_event", "authz_core", "authz_host", "access_compat", "alias", "deflate", "dir", "env", "filter", "mime",
    "negotiation", "reqtimeout", "setenvif", "status",
]
MAIN = """
ServerRoot {folder}
ServerName localhost
TypesConfig /dev/null
DefaultRuntimeDir {folder}
Mutex file:{folder} default
PidFile {folder}/pid
ErrorLog {folder}/error.log
Timeout 300
KeepAlive On
MaxKeepAliveRequests 100
KeepAliveTimeout 5
User www-data
Group www-data
{modules}
RequestReadTimeout header=20-40,minrate=500
RequestReadTimeout body=10,minrate=500
{listen}
Include {folder}/mpm_event.conf
Include {folder}/events.conf
"""
DEFAULT_MPM = """
StartServers 2
MinSpareThreads 25
MaxSpareThreads 75
ThreadLimit 64
ThreadsPerChild 25
MaxRequestWorkers 150
MaxConnectionsPerChild 0
"""


class Apache(Proxy):
    name, package, command = "Apache", "apache2", "apache2"
    can_compress = True
    # Users who compress all responses write this.
    compression = "SetOutputFilter DEFLATE\n"

    def write_files(self):
        modules = ENABLED + ["proxy", "proxy_http"]
        if self.configuration == "default":
            self.write("mpm_event.conf", DEFAULT_MPM)
            self.write("events.conf", f"ProxyPass / http://127.0.0.1:{self.backend}/\n")
            ports = [self.port]
        else:
            modules = list(dict.fromkeys(ENABLED + words("a2enmod")))
            ports = [self.port, self.tls_port]
            self.write("mpm_event.conf", block("/etc/apache2/mods-available/mpm_event.conf"))
            self.write("away.txt", block("/var/www/events-away.txt"))
            self.write("events.conf", replaced(block("/etc/apache2/sites-available/events.conf"), {
                "*:80": f"127.0.0.1:{self.port}",
                "*:443": f"127.0.0.1:{self.tls_port}",
                "127.0.0.1:8081": f"127.0.0.1:{unused_port()}",
                "/etc/ssl/example.pem": self.certificate(),
                "/var/www/events-away.txt": self.path("away.txt"),
                "127.0.0.1:8080": f"127.0.0.1:{self.backend}",
            }) + (self.compression if self.configuration == "compressed" else ""))
        loads = [f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in modules]
        self.write("apache2.conf", MAIN.format(
            folder=self.folder, modules="\n".join(loads), listen="\n".join(f"Listen 127.0.0.1:{p}" for p in ports)))

    def arguments(self):
        return [self.program(), "-DFOREGROUND", "-f", self.path("apache2.conf")]

    def environment(self):
        return {**os.environ, "LANG": "C"}
