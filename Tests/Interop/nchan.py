"""Tests our client with nginx and nchan.

usage: nchan.py PROGRAM
"""

import os
import socket
import subprocess
import sys
import tempfile

from schedule import Program, Schedule, our_listener

CONFIGURATION = """
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 100000;
  client_max_body_size 1m;
  server {{
    listen 127.0.0.1:{port};
    location = /publish {{
      nchan_publisher;
      nchan_channel_id news;
      nchan_message_buffer_length 10000;
      nchan_message_timeout 1h;
    }}
    location = /events {{
      nchan_subscriber eventsource;
      nchan_channel_id news;
      nchan_subscriber_first_message oldest;
    }}
  }}
}}
"""


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with open(f"{folder}/nginx.conf", "w", encoding="utf-8") as file:
            user = "user root;" if os.geteuid() == 0 else ""
            file.write(CONFIGURATION.format(folder=folder, port=port, user=user))
        # The environment variable makes nginx take over our listening socket, as it does in an upgrade.
        nginx = Program(
            ["nginx", "-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"],
            env={**os.environ, "NGINX": f"{listener.fileno()};"}, pass_fds=[listener.fileno()],
            stderr=subprocess.DEVNULL)
        listener.close()
        schedule = Schedule(program, f"http://127.0.0.1:{port}/publish", port)
        client = our_listener(program, f"{schedule.relay.url}/events")
        try:
            schedule.exercise(client)
        finally:
            client.end()
            # The master process ends its workers.
            nginx.process.terminate()
            nginx.process.wait(10)
            nginx.end()


main()
