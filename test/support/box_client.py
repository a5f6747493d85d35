# SPDX-License-Identifier: Apache-2.0
"""Plays a box for tests of bearerbox: connects, identifies, sends MT, takes MO
and reports, acknowledges as told. Specification: doc/box-protocol.md."""

import queue
import socket
import struct
import threading
import time
import uuid

from smsbox_peers import pack, unpack


class Box:
    """`answer`: the ack for each sms that comes, or None to be silent."""

    def __init__(self, port, box_id=None, answer=0, identify=True):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.socket.settimeout(None)
        self.answer = answer
        self.received = queue.Queue()
        self.acks = queue.Queue()
        self.commands = queue.Queue()
        self.closed = threading.Event()
        self.lock = threading.Lock()
        if identify:
            self.send("admin", {"command": 3, "boxc_id": box_id})
        threading.Thread(target=self._read, daemon=True).start()

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise OSError("closed")
            data += piece
        return data

    def _read(self):
        try:
            while True:
                length = struct.unpack(">i", self._exactly(4))[0]
                kind, fields = unpack(self._exactly(length))
                if kind == "sms":
                    self.received.put(fields)
                    if self.answer is not None:
                        self.ack(fields, self.answer)
                elif kind == "ack":
                    self.acks.put(fields)
                else:
                    self.commands.put(fields)
        except OSError:
            self.closed.set()

    def send_octets(self, octets):
        with self.lock:
            self.socket.sendall(octets)

    def send(self, kind, fields):
        self.send_octets(pack(kind, fields))

    def ack(self, sms, result):
        self.send("ack", {"nack": result, "time": sms["time"], "id": sms["id"]})

    def submit(self, **fields):
        """Sends an MT; its id."""
        fields.setdefault("sender", "1000")
        fields.setdefault("receiver", "358401")
        fields.setdefault("msgdata", "hello")
        fields.setdefault("time", int(time.time()))
        fields.setdefault("id", str(uuid.uuid4()))
        fields.setdefault("sms_type", 2)
        fields.setdefault("coding", 0)
        self.send("sms", {key: value for key, value in fields.items() if value is not None})
        return fields["id"]

    def wait_ack(self, message_id=None, timeout=20):
        """The result in the next acknowledgement, which must be for that id."""
        ack = self.acks.get(timeout=timeout)
        if message_id is not None:
            assert ack["id"].decode() == message_id, ack
        return ack["nack"]

    def wait_sms(self, timeout=20):
        return self.received.get(timeout=timeout)

    def nothing_waits(self):
        return self.received.empty()

    def stop(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
