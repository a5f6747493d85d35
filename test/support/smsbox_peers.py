# SPDX-License-Identifier: Apache-2.0
"""Peers for tests of smsbox: a bearerbox that takes one connection after the
other and acknowledges by a script, and an application whose answers a function
makes. In messages here strings are bytes, and what is unset is missing."""

import queue
import socket
import socketserver
import struct
import threading
import time
import uuid

import box_peer


def pack(kind, fields):
    return box_peer.pack(dict(fields, type=kind, **(
        {"id": fields["id"].decode()} if isinstance(fields.get("id"), bytes) else {})))


def unpack(body):
    message = box_peer.unpack(body)
    kind = message.pop("type")
    return kind, {name: value.encode() if isinstance(value, str) else value
                  for name, value in message.items() if value not in (None, -1)}


class Bearer:
    """Plays bearerbox for one box after the other. `acks` says what each MT is
    answered: a list that is used up, then `default_ack`; None answers nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.received = queue.Queue()  # ("sms" | "ack" | "admin", fields)
        self.acks = []
        self.default_ack = 0
        self.connected = threading.Event()
        self.conn = None
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            self.conn = conn
            try:
                self._serve(conn)
            except OSError:
                pass
            conn.close()
            self.connected.clear()

    @staticmethod
    def _read(conn, n):
        data = b""
        while len(data) < n:
            piece = conn.recv(n - len(data))
            if not piece:
                raise OSError("closed")
            data += piece
        return data

    def _serve(self, conn):
        while True:
            length = struct.unpack(">i", self._read(conn, 4))[0]
            kind, fields = unpack(self._read(conn, length))
            self.received.put((kind, fields))
            if kind == "admin":
                self.connected.set()
            if kind == "sms":
                nack = self.acks.pop(0) if self.acks else self.default_ack
                if nack is not None:
                    self.ack(fields, nack)

    def ack(self, fields, nack):
        self.send("ack", {"nack": nack, "time": fields["time"], "id": fields["id"]})

    def send(self, kind, fields):
        with self.lock:
            self.conn.sendall(pack(kind, fields))

    def send_sms(self, fields):
        """An MO or report; id and time are made. Returns the id."""
        fields = dict(fields)
        fields.setdefault("id", str(uuid.uuid4()))
        fields.setdefault("time", int(time.time()))
        self.send("sms", fields)
        return fields["id"]

    def drop(self):
        """Ends the connection without a word."""
        self.conn.shutdown(socket.SHUT_RDWR)

    def drain(self):
        """What has arrived since; without heartbeats."""
        items = []
        while True:
            try:
                item = self.received.get_nowait()
            except queue.Empty:
                return items
            if item[0] != "heartbeat":
                items.append(item)

    def wait_for(self, condition, timeout=20):
        """Collects until condition(items) is true; the items so far."""
        items, deadline = [], time.monotonic() + timeout
        while not condition(items):
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError("nothing more came: %r" % (items,))
            try:
                item = self.received.get(timeout=left)
            except queue.Empty:
                continue
            if item[0] != "heartbeat":
                items.append(item)
        return items

    def close(self):
        """No new connections; the one that is there stays."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


class Application:
    """Plays the application. `answer(request)` gives (status, headers, body,
    delay_s); request is a dict with method, target, headers, body."""

    def __init__(self, answer):
        self.requests = []
        peer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while True:
                    line = self.rfile.readline()
                    if not line:
                        return
                    method, target, _ = line.decode("latin-1").split(" ", 2)
                    headers = []
                    for raw in iter(self.rfile.readline, b"\r\n"):
                        if not raw:
                            return
                        name, value = raw.decode("latin-1").rstrip("\r\n").split(":", 1)
                        headers.append([name, value.strip()])
                    length = next((int(v) for n, v in headers if n.lower() == "content-length"), 0)
                    request = {"method": method, "target": target, "headers": headers,
                               "body": self.rfile.read(length)}
                    peer.requests.append(request)
                    status, reply_headers, body, delay = answer(request)
                    if delay:
                        time.sleep(delay)
                    out = "HTTP/1.1 %d X\r\n" % status
                    for name, value in reply_headers:
                        out += "%s: %s\r\n" % (name, value)
                    out += "Content-Length: %d\r\n\r\n" % len(body)
                    try:
                        self.wfile.write(out.encode("latin-1") + body)
                    except OSError:
                        return

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
