# SPDX-License-Identifier: Apache-2.0
"""
modem_peer - a virtual modem as a child process of a test.

    with VirtualModem() as modem:
        modem.device                      # give this to the gateway
        modem.inject("+4917...", "text")
        modem.wait_sent(1)                # whole messages, as events

Events are read from the control socket's stream, so waiting costs no polling.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "virtualmodem")


class ModemError(AssertionError):
    """A control command was refused, or what was waited for did not come."""


class VirtualModem:
    def __init__(self, *arguments, tcp=False, trace=False):
        self.dir = tempfile.mkdtemp(prefix="kantele-modem-")
        self.device = os.path.join(self.dir, "tty")
        self.control = os.path.join(self.dir, "control")
        self.trace = os.path.join(self.dir, "trace")
        where = ["--listen", "127.0.0.1:0"] if tcp else ["--pty-link", self.device]
        extra = ["--trace", self.trace] if trace else []
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, "--control", self.control, "--output", "none"] + where
            + extra + list(arguments), stdin=subprocess.DEVNULL)
        self.events, self.buffer = [], b""
        try:
            self._connect()
            stats = self.ctl("stats")
            self.address = stats.get("device") or stats["modems"][0]["device"]
        except BaseException:
            self.stop()
            raise

    def _connect(self):
        end = time.monotonic() + 10
        self.stream = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.stream.connect(self.control)
                break
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise ModemError("virtualmodem did not start") from None
                time.sleep(0.01)
        self.stream.sendall(b"events\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stream.close()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def ctl(self, text):
        """A control command; the answer, which must be good."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(self.control)
            s.sendall(text.encode() + b"\n")
            answer = json.loads(s.makefile("rb").readline())
        if not answer.get("ok"):
            raise ModemError("%s: %s" % (text, answer.get("error")))
        return answer

    def inject(self, sender, text=None, **more):
        what = {"from": sender, **more}
        if text is not None:
            what["text"] = text
        return self.ctl("inject " + json.dumps(what))["pdus"]

    def sent_parts(self):
        return self.ctl("sent")["sent"]

    def _read_events(self, timeout):
        self.stream.settimeout(max(timeout, 0.001))
        try:
            data = self.stream.recv(65536)
        except socket.timeout:
            return
        if not data:
            raise ModemError("virtualmodem ended")
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        self.events += [e for e in map(json.loads, filter(None, lines)) if "event" in e]

    def wait_events(self, name, count=1, timeout=20.0, **fields):
        """The first `count` events of that name with these fields, since the start."""
        end = time.monotonic() + timeout
        while True:
            found = [e for e in self.events if e["event"] == name
                     and all(e.get(k) == v for k, v in fields.items())]
            if len(found) >= count:
                return found[:count]
            left = end - time.monotonic()
            if left <= 0:
                raise ModemError("waited %g s for %d x %s %s; there were: %s" % (
                    timeout, count, name, fields or "",
                    [e for e in self.events if e["event"] == name]))
            self._read_events(left)

    def wait_sent(self, count=1, timeout=20.0, **fields):
        return self.wait_events("sent", count, timeout, **fields)

    def wait_stats(self, condition, timeout=20.0):
        """Asks for stats until condition(stats) is true."""
        end = time.monotonic() + timeout
        while True:
            stats = self.ctl("stats")
            if condition(stats):
                return stats
            if time.monotonic() > end:
                raise ModemError("waited %g s; the modem is at %s" % (timeout, stats))
            time.sleep(0.05)
