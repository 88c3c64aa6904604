"""A file server on this machine that misbehaves on demand."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

MODIFIED = "Mon, 02 Jan 2023 03:04:05 GMT"


@dataclass
class Site:
    """What is served, how, and what was asked for."""

    body: bytes = b""
    tag: str = '"one"'
    modified: str = ""
    ranges: bool = True
    ignores_if_range: bool = False
    drop_after: list[int] = field(default_factory=list)
    """Bytes after which the next connections break."""
    statuses: list[int] = field(default_factory=list)
    """Sent in place of the file by the next requests."""
    length: int | None = None
    """The Content-Length that is told in place of the true one; -1: none at all."""
    redirect: str = ""
    after: "Site | None" = None
    """What the site is from the second request on."""
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: ClassVar[Site]

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        site = type(self).site
        asked = site.asked
        if asked and site.after is not None:
            site = site.after
        asked.append(dict(self.headers))
        if site.redirect and self.path == "/set.zip":
            self._empty(302, Location=site.redirect)
        elif site.statuses:
            self._empty(site.statuses.pop(0))
        else:
            self._send(site)

    def _empty(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _send(self, site: Site) -> None:
        start = self._start(site)
        if start and start >= len(site.body):
            self._empty(416, Content_Range=f"bytes */{len(site.body)}")
            return
        body = site.body[start or 0 :]
        self.send_response(200 if start is None else 206)
        if start is not None:
            whole = len(site.body)
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        if site.tag:
            self.send_header("ETag", site.tag)
        if site.modified:
            self.send_header("Last-Modified", site.modified)
        length = len(body) if site.length is None else site.length
        if length >= 0:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(body[: site.drop_after.pop(0)] if site.drop_after else body)
        self.close_connection = True

    def _start(self, site: Site) -> int | None:
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if match is None or not site.ranges:
            return None
        same = self.headers.get("If-Range") in (site.tag, site.modified)
        return int(match[1]) if same or site.ignores_if_range else None


@contextmanager
def serve(site: Site) -> Iterator[Site]:
    """The site at `site.url`, while the block runs."""
    handler = type("Handler", (_Handler,), {"site": site})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        site.url = f"http://127.0.0.1:{server.server_port}/set.zip"
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
