# SPDX-License-Identifier: Apache-2.0
"""
box_peer - one end of the box protocol in python (doc/box-protocol.md): a box
that connects to a bearerbox, or a bearerbox that a smsbox connects to.

A message is a dictionary with "type" and the fields of its type by name. Strings
are bytes or None on the wire; pack() takes str too, unpack() gives bytes except
for text fields that are ASCII-clean by nature (ids). Numbers that are left out are
-1, strings None.
"""
import socket
import struct
import threading
import time
import uuid

INT, STRING, UUID = "int", "string", "uuid"
TYPES = {
    "heartbeat": (0, [("load", INT)]),
    "admin": (1, [("command", INT), ("boxc_id", STRING)]),
    "sms": (2, [
        ("sender", STRING), ("receiver", STRING), ("udhdata", STRING), ("msgdata", STRING),
        ("time", INT), ("smsc_id", STRING), ("smsc_number", STRING), ("foreign_id", STRING),
        ("service", STRING), ("account", STRING), ("id", UUID), ("sms_type", INT),
        ("mclass", INT), ("mwi", INT), ("coding", INT), ("compress", INT), ("validity", INT),
        ("deferred", INT), ("dlr_mask", INT), ("dlr_url", STRING), ("pid", INT),
        ("alt_dcs", INT), ("rpi", INT), ("charset", STRING), ("boxc_id", STRING),
        ("binfo", STRING), ("msg_left", INT), ("priority", INT), ("resend_try", INT),
        ("resend_time", INT), ("meta_data", STRING)]),
    "ack": (3, [("nack", INT), ("time", INT), ("id", UUID)]),
}
NAMES = {number: name for name, (number, _) in TYPES.items()}
SHUTDOWN, SUSPEND, RESUME, IDENTIFY, RESTART = range(5)
MO, MT_REPLY, MT_PUSH, REPORT_MO, REPORT_MT = range(5)


def _pack_field(kind, value):
    if kind == INT:
        return struct.pack(">i", -1 if value is None else value)
    if value is None:
        return b"\xff\xff\xff\xff"
    octets = value.encode() if isinstance(value, str) else value
    return struct.pack(">i", len(octets)) + octets


def pack(message):
    """The frame with its length."""
    number, fields = TYPES[message["type"]]
    unknown = set(message) - {"type"} - {name for name, _ in fields}
    if unknown:
        raise KeyError("no such field: %s" % ", ".join(unknown))
    body = struct.pack(">i", number) + b"".join(
        _pack_field(kind, message.get(name)) for name, kind in fields)
    return struct.pack(">i", len(body)) + body


def unpack(body):
    """The message of a frame without its length; ValueError when it is none."""
    at = 0

    def number():
        nonlocal at
        if at + 4 > len(body):
            raise ValueError("frame too short")
        at += 4
        return struct.unpack_from(">i", body, at - 4)[0]

    kind = NAMES.get(number())
    if kind is None:
        raise ValueError("unknown type")
    message = {"type": kind}
    for name, form in TYPES[kind][1]:
        value = number()
        if form == INT:
            message[name] = value
        elif value < 0:
            message[name] = None
        elif at + value > len(body):
            raise ValueError("string longer than the frame")
        else:
            octets = body[at:at + value]
            message[name] = octets if name in ("udhdata", "msgdata") \
                else octets.decode("utf-8", "replace")
            at += value
    return message


class Connection:
    """A connected socket: send(), and what came, by waiting."""

    def __init__(self, sock):
        self.socket = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(None)
        self.received, self.taken, self.ended = [], 0, False
        self.answer = None  # nack value to acknowledge every sms with at once
        self.changed = threading.Condition()
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        stream = self.socket.makefile("rb")
        try:
            while True:
                head = stream.read(4)
                if len(head) < 4:
                    break
                message = unpack(stream.read(struct.unpack(">i", head)[0]))
                answer = self.answer
                with self.changed:
                    self.received.append(message)
                    self.changed.notify_all()
                if message["type"] == "sms" and answer is not None:
                    self.ack(message, answer)
        except (OSError, ValueError):
            pass
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def send_octets(self, octets):
        with self.lock:
            self.socket.sendall(octets)

    def send(self, message):
        self.send_octets(pack(message))

    def ack(self, sms, nack=0):
        self.send({"type": "ack", "nack": nack, "time": sms["time"], "id": sms["id"]})

    def send_sms(self, **fields):
        """An MT push unless told otherwise; its id."""
        message = {"type": "sms", "sender": "1000", "receiver": "123", "msgdata": "text",
                   "udhdata": b"", "time": int(time.time()), "service": "tester",
                   "id": str(uuid.uuid4()), "sms_type": MT_PUSH, "coding": 0, **fields}
        self.send(message)
        return message["id"]

    def all(self, kind=None, **fields):
        with self.changed:
            return self._matching(kind, fields)

    def _matching(self, kind, fields):
        return [m for m in self.received if kind in (None, m["type"])
                and all(m.get(k) == v for k, v in fields.items())]

    def wait(self, kind="sms", count=1, timeout=20.0, **fields):
        """The messages of a type with these field values, at least `count` of them."""
        with self.changed:
            if not self.changed.wait_for(
                    lambda: len(self._matching(kind, fields)) >= count, timeout):
                raise AssertionError("waited %g s for %d x %s %s; there were: %s%s" % (
                    timeout, count, kind, fields or "", self.received,
                    " (closed)" if self.ended else ""))
            return self._matching(kind, fields)

    def wait_ended(self, timeout=20.0):
        with self.changed:
            if not self.changed.wait_for(lambda: self.ended, timeout):
                raise AssertionError("the connection is still open")

    def stop(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.thread.join(5)


class BoxPeer(Connection):
    """A box at a bearerbox's smsbox-port. identify=False: says nothing yet."""

    def __init__(self, port, box_id=None, identify=True):
        super().__init__(socket.create_connection(("127.0.0.1", port), 10))
        if identify:
            self.identify(box_id)

    def identify(self, box_id=None):
        self.send({"type": "admin", "command": IDENTIFY, "boxc_id": box_id})


class BearerboxPeer:
    """A bearerbox for smsboxes; accept() gives each as a Connection."""

    def __init__(self, port=0):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.connections = []

    def accept(self, timeout=20.0):
        self.listener.settimeout(timeout)
        client, _ = self.listener.accept()
        self.connections.append(Connection(client))
        return self.connections[-1]

    def stop(self):
        self.listener.close()
        for connection in self.connections:
            connection.stop()
