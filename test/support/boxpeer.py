# SPDX-License-Identifier: Apache-2.0
"""Peers for tests of smsbox: one that plays bearerbox on the box protocol, one
that plays the application on HTTP. Specification: doc/box-protocol.md."""

import queue
import socket
import socketserver
import struct
import threading
import time
import uuid

SMS_FIELDS = (
    ("sender", "s"), ("receiver", "s"), ("udhdata", "s"), ("msgdata", "s"), ("time", "i"),
    ("smsc_id", "s"), ("smsc_number", "s"), ("foreign_id", "s"), ("service", "s"),
    ("account", "s"), ("id", "u"), ("sms_type", "i"), ("mclass", "i"), ("mwi", "i"),
    ("coding", "i"), ("compress", "i"), ("validity", "i"), ("deferred", "i"), ("dlr_mask", "i"),
    ("dlr_url", "s"), ("pid", "i"), ("alt_dcs", "i"), ("rpi", "i"), ("charset", "s"),
    ("boxc_id", "s"), ("binfo", "s"), ("msg_left", "i"), ("priority", "i"), ("resend_try", "i"),
    ("resend_time", "i"), ("meta_data", "s"))
FIELDS = {
    "heartbeat": (0, (("load", "i"),)),
    "admin": (1, (("command", "i"), ("boxc_id", "s"))),
    "sms": (2, SMS_FIELDS),
    "ack": (3, (("nack", "i"), ("time", "i"), ("id", "u"))),
}


def _text(value):
    return value.encode() if isinstance(value, str) else value


def pack(kind, fields):
    """A frame; fields that are missing are unset."""
    number, names = FIELDS[kind]
    out = struct.pack(">i", number)
    for name, sort in names:
        value = fields.get(name)
        if sort == "i":
            out += struct.pack(">i", -1 if value is None else value)
        elif value is None:
            out += struct.pack(">i", -1)
        else:
            out += struct.pack(">i", len(_text(value))) + _text(value)
    return struct.pack(">i", len(out)) + out


def unpack(body):
    """(kind, fields): strings are bytes, unset fields are missing."""
    number = struct.unpack_from(">i", body)[0]
    kind = next(k for k, (n, _) in FIELDS.items() if n == number)
    at, fields = 4, {}
    for name, sort in FIELDS[kind][1]:
        value = struct.unpack_from(">i", body, at)[0]
        at += 4
        if sort == "i":
            if value != -1:
                fields[name] = value
        elif value >= 0:
            fields[name] = body[at:at + value]
            assert len(fields[name]) == value, "string longer than the frame"
            at += value
    assert at == len(body), "octets behind the last field"
    return kind, fields


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
