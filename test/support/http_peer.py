# SPDX-License-Identifier: Apache-2.0
"""
http_peer - the application's HTTP server in a test: records requests, answers as
told.

    app = HttpPeer()
    app.answer("/mo", status=200, body="reply", headers={"Content-Type": "text/plain"})
    app.answer("/mo", status=500, times=2)      # before that: twice an error
    request = app.wait(1)[0]                    # request.path, .query, .headers, .body
"""
import http.server
import threading
import time
import urllib.parse


class Request:
    def __init__(self, handler, body):
        parts = urllib.parse.urlsplit(handler.path)
        self.method, self.target, self.path = handler.command, handler.path, parts.path
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        self.headers, self.body, self.time = handler.headers, body, time.monotonic()

    def __repr__(self):
        return "%s %s" % (self.method, self.target)


class Answer:
    """drop: close without an answer. hold: an Event to wait for first."""

    def __init__(self, status=200, body="", headers=None, delay=0.0, drop=False, hold=None):
        self.status, self.delay, self.drop, self.hold = status, delay, drop, hold
        self.body = body.encode() if isinstance(body, str) else body
        self.headers = {"Content-Type": "text/plain; charset=utf-8"} if headers is None else headers


class HttpPeer:
    def __init__(self, port=0):
        self.requests, self.scripts, self.defaults = [], {}, {}
        self.changed = threading.Condition()
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                peer._serve(self, self.rfile.read(length))

            do_GET = do_POST = do_HEAD = do_PUT = do_any

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = "http://127.0.0.1:%d" % self.port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def answer(self, path, times=None, **fields):
        """How to answer requests for a path: always, or the next `times` times."""
        with self.changed:
            if times is None:
                self.defaults[path] = Answer(**fields)
            else:
                self.scripts.setdefault(path, []).extend([Answer(**fields)] * times)

    def _serve(self, handler, body):
        request = Request(handler, body)
        with self.changed:
            script = self.scripts.get(request.path)
            answer = script.pop(0) if script else self.defaults.get(request.path, Answer())
            self.requests.append(request)
            self.changed.notify_all()
        if answer.hold:
            answer.hold.wait(60)
        if answer.delay:
            time.sleep(answer.delay)
        if answer.drop:
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(answer.body)

    def to(self, path):
        with self.changed:
            return [r for r in self.requests if path is None or r.path == path]

    def wait(self, count=1, path=None, timeout=20.0):
        """The requests (for a path), at least `count` of them."""
        with self.changed:
            good = self.changed.wait_for(
                lambda: len([r for r in self.requests if path in (None, r.path)]) >= count, timeout)
            if not good:
                raise AssertionError("waited %g s for %d requests %s; there were: %s" % (
                    timeout, count, path or "", self.requests))
        return self.to(path)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
