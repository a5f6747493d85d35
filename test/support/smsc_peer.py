# SPDX-License-Identifier: Apache-2.0
"""
smsc_peer - the other end of `smsc = fake`: Kannel's fake SMSC line protocol.

The gateway listens; this connects, as Debian's fakesmsc does. A line is "sender
receiver type rest"; types towards the gateway: text, data, ucs2, udh-data,
udh-text, route, dlr-mask; from it: text, data, ucs-2, udh.
"""
import socket
import threading
import time
import urllib.parse


def quote(octets):
    """Every octet as %XX."""
    return "".join("%%%02X" % o for o in octets)


class Message:
    """A line from the gateway, decoded."""

    def __init__(self, line):
        self.line = line
        self.sender, self.receiver, self.kind, rest = (line.split(" ", 3) + [""])[:4]
        self.udh, self.text, self.data = b"", None, None
        if self.kind == "udh":
            udh, _, rest = rest.partition(" ")
            self.udh = urllib.parse.unquote_to_bytes(udh.replace("+", " "))
            kind, _, rest = rest.partition(" ")
        else:
            kind = self.kind
        if kind == "text":
            self.text = rest
        elif kind == "data":
            self.data = urllib.parse.unquote_to_bytes(rest.replace("+", " "))
        elif kind == "ucs-2":
            self.text = urllib.parse.unquote_to_bytes(rest.replace("+", " ")).decode("utf-16-be")

    def __repr__(self):
        return "<%s>" % self.line


class FakeSmsc:
    def __init__(self, port, timeout=20.0):
        end = time.monotonic() + timeout
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), 5)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        self.socket.settimeout(None)
        self.received, self.ended = [], False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        stream = self.socket.makefile("rb")
        try:
            for line in stream:
                with self.changed:
                    self.received.append(Message(line.rstrip(b"\n").decode("utf-8", "replace")))
                    self.changed.notify_all()
        except OSError:
            pass
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def send_line(self, line):
        self.socket.sendall(line.encode() + b"\n")

    def text(self, sender, receiver, text):
        self.send_line("%s %s text %s" % (sender, receiver, text))

    def data(self, sender, receiver, octets, kind="data"):
        """kind: data, or ucs2 with UTF-16BE"""
        self.send_line("%s %s %s %s" % (sender, receiver, kind, quote(octets)))

    def udh_data(self, sender, receiver, udh, octets):
        self.send_line("%s %s udh-data %s %s" % (sender, receiver, quote(udh), quote(octets)))

    def udh_text(self, sender, receiver, udh, text):
        self.send_line("%s %s udh-text %s %s" % (sender, receiver, quote(udh), text))

    def wait(self, count=1, timeout=20.0):
        """All messages, at least `count`."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.received) >= count, timeout):
                raise AssertionError("waited %g s for %d messages; there were: %s%s" % (
                    timeout, count, self.received, " (closed)" if self.ended else ""))
            return list(self.received)

    def stop(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.thread.join(5)
