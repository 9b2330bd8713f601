"""nginx."""

from page import block, replaced
from proxy import Proxy

DEFAULT = """
server {{
  listen 127.0.0.1:{port};
  location / {{ proxy_pass http://127.0.0.1:{backend}; }}
}}
"""
# The surrounding configuration in Debian's nginx.conf, with files of the test.
MAIN = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
worker_processes 2;
{limits}
http {{
  sendfile on;
  tcp_nopush on;
  types_hash_max_size 2048;
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log off;
  gzip on;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/events.conf;
}}
"""


class Nginx(Proxy):
    name = package = command = "nginx"
    can_compress = True
    can_forward = True
    compression = "gzip_proxied any; gzip_types text/event-stream;\n"

    def write_files(self):
        if self.configuration == "default":
            limits = "events { worker_connections 768; }"
            streams = DEFAULT.format(port=self.port, backend=self.backend)
        else:
            limits = block("/etc/nginx/nginx.conf")
            streams = replaced(block("/etc/nginx/conf.d/events.conf"), {
                "listen 80;": f"listen 127.0.0.1:{self.port};",
                "listen 443 ssl": f"listen 127.0.0.1:{self.tls_port} ssl",
                "/etc/ssl/example.pem": self.certificate(),
                "http://127.0.0.1:8080": f"http://127.0.0.1:{self.backend}",
            })
        if self.configuration == "compressed":
            streams = self.compression + streams
        if self.uses_forwarded:
            streams = replaced(streams, {
                "proxy_set_header X-Forwarded-For $remote_addr;": block("nginx").strip()})
        self.write("events.conf", streams)
        self.write("nginx.conf", MAIN.format(folder=self.folder, limits=limits))

    def arguments(self):
        return [self.program(), "-e", self.path("error.log"), "-c", self.path("nginx.conf"), "-p", self.folder]
