# SPDX-License-Identifier: Apache-2.0
"""Starts the smsbox under test: of the build directory $KANTELE_BUILD, or the
program that $SMSBOX names."""

import os
import signal
import socket
import subprocess
import tempfile
import time

TEST = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COMPAT = os.path.join(TEST, "data", "compat")
PROGRAM = os.environ.get(
    "SMSBOX", os.path.join(os.environ.get("KANTELE_BUILD", os.getcwd()), "smsbox"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Smsbox:
    def __init__(self, configuration, port=None):
        self.directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.directory.name, "kannel.conf")
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(configuration)
        self.log_path = os.path.join(self.directory.name, "smsbox.log")
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen([PROGRAM, "-v", "0", self.path], stderr=self.log,
                                        stdout=self.log, stdin=subprocess.DEVNULL)
        if port:
            self.wait_port(port)

    def wait_port(self, port):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError("smsbox ended:\n" + self.log_text())
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("smsbox does not listen:\n" + self.log_text())

    def log_text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        """Ends it by SIGTERM; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.log.close()
        return status

    def close(self):
        status = self.stop()
        text = self.log_text()
        self.directory.cleanup()
        assert status == 0, "smsbox ended with %s:\n%s" % (status, text)
