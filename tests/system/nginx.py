"""A real nginx on ports of loopback: no root, no file outside its own folder, and an end with the test."""

import contextlib
import re
import socket
import subprocess
from pathlib import Path

from tests.system.serving.waiting import until

NGINX = "/usr/sbin/nginx"
HOST = "127.0.0.1"
DEPLOYMENT = Path(__file__).parents[2] / "docs" / "deployment"
ANSWER_SECONDS = 10

# One process: nothing changes its user, and nothing is left behind that would have to be found.
MAIN = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{servers}
}}
"""

# Whatever nginx adds and changes by itself when nobody has told it anything: the upstream's name as Host, HTTP/1.0,
# a connection each, bodies of 1 MB at most, answers kept back in buffers.
DEFAULTS = """
    server {{
        listen {host}:{port};
        location / {{ proxy_pass http://{host}:{upstream}; }}
    }}
"""


@contextlib.contextmanager
def nginx(folder: Path, *servers: str):
    """Run nginx until the block ends; `servers` is what stands within `http { }`. Its errors are in `error.log`."""
    folder.mkdir(exist_ok=True)
    configuration = folder / "nginx.conf"
    configuration.write_text(MAIN.format(folder=folder, servers="\n".join(servers)))
    command = [NGINX, "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        # It listens before it writes its number.
        until(lambda: process.poll() is not None or (folder / "nginx.pid").exists())
        assert process.poll() is None, (folder / "error.log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(ANSWER_SECONDS)


@contextlib.contextmanager
def nginx_with_defaults(folder: Path, upstream: int):
    """Run nginx with nothing but `proxy_pass` before a service at the port `upstream` of loopback; give its URL."""
    port = free_port()
    with nginx(folder, DEFAULTS.format(host=HOST, port=port, upstream=upstream)):
        yield f"http://{HOST}:{port}"


def documented(name: str, port: int, upstream: int, certificate: Path) -> str:
    """Give the servers of a file of `docs/deployment/` with these ports and this file of a key and its certificate."""
    text = (DEPLOYMENT / name).read_text()
    for pattern, put in (
        (r"server 127\.0\.0\.1:8000;", f"server {HOST}:{upstream};"),
        (r"listen 443 ssl;", f"listen {HOST}:{port} ssl;"),
        (r"(ssl_certificate(?:_key)?) [^;]+;", rf"\1 {certificate};"),
        # More than one of these files may be in use at once.
        (r"\bjob_service\b", f"job_service_{port}"),
    ):
        text, count = re.subn(pattern, put, text)
        assert count, f"{name} has no {pattern}"
    return text


def free_port() -> int:
    """Give a port that nobody listens on at the moment."""
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port
