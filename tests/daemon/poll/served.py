"""The simulator behind a port of the loopback, by this machine's clock: for pollers that are processes of their own.

Its API is at `http://127.0.0.1:PORT`, its blob store at `http://localhost:PORT`: two hosts, as for a client in earnest.
"""

import contextlib
import http.server
import threading
import time

import requests

_API, _BLOBS = "api.github.com", "blobs.example.net"


@contextlib.contextmanager
def served(github):
    """The address of the API of this simulated GitHub."""
    lock = threading.Lock()

    class Answers(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            host = _BLOBS if self.headers["Host"].startswith("localhost") else _API
            asked = requests.Request("GET", f"https://{host}{self.path}", headers=dict(self.headers)).prepare()
            try:
                with lock:
                    github.now = time.time()
                    answer = github.send(asked)
            except requests.ConnectionError:
                self.close_connection = True
                return
            body = answer.raw.read(decode_content=False)
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(
                    name, value.replace(f"https://{_BLOBS}", f"http://localhost:{self.server.server_port}")
                )
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = len(body) < int(answer.headers["Content-Length"])

        def log_message(self, *_):
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
