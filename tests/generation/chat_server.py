"""A server of chat completions on this machine that misbehaves on demand."""

import json
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Server:
    """What is answered, and what was asked."""

    reply: Any = lambda asked: "yes"
    """The text for a body that was sent."""
    bodies: list = field(default_factory=list)
    """Sent in place of a completion by the next requests."""
    statuses: list = field(default_factory=list)
    """Answered by the next requests."""
    finish: str = "stop"
    location: str = ""
    asked: list = field(default_factory=list)
    headers: list = field(default_factory=list)
    paths: list = field(default_factory=list)
    url: str = ""


def handler(server):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.asked.append(asked)
            server.headers.append(dict(self.headers))
            server.paths.append(self.path)
            status = server.statuses.pop(0) if server.statuses else 200
            body = server.bodies.pop(0) if server.bodies else completion(server, asked)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if server.location:
                self.send_header("Location", server.location)
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

    return Handler


def completion(server, asked):
    message = {"role": "assistant", "content": server.reply(asked)}
    choice = {"index": 0, "message": message, "finish_reason": server.finish}
    return json.dumps({"id": "1", "choices": [choice]}).encode()


@contextmanager
def serve(server):
    """The server at `server.url`, while the block runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(server)) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        server.url = f"http://127.0.0.1:{http.server_port}/v1"
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
