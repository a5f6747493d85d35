# SPDX-License-Identifier: Apache-2.0
"""gammu on the virtual modem: identifies the phone, sends, reads what is stored."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from modem_peer import VirtualModem  # noqa: E402


class Gammu(unittest.TestCase):
    def setUp(self):
        self.modem = VirtualModem(trace=True)
        self.addCleanup(self.modem.stop)
        self.dir = tempfile.mkdtemp(prefix="kantele-gammu-")
        self.addCleanup(shutil.rmtree, self.dir, True)
        self.conf = os.path.join(self.dir, "gammurc")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write("[gammu]\ndevice = %s\nconnection = at115200\ngammucoding = utf8\n"
                    "synchronizetime = no\n" % self.modem.device)

    def gammu(self, *arguments):
        done = subprocess.run(["gammu", "-c", self.conf] + list(arguments), timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False,
                              env=dict(os.environ, HOME=self.dir, LANG="C.UTF-8"))
        text = done.stdout.decode("utf-8", "replace")
        if done.returncode:
            with open(self.modem.trace, encoding="utf-8") as f:
                text += f.read()[-3000:]
        self.assertEqual(done.returncode, 0, text)
        return text

    def test_identify(self):
        text = self.gammu("identify")
        self.assertIn("356938035640001", text)
        self.assertIn("KANTELE", text)

    def test_send(self):
        text = "gammu sends a long text through the virtual modem. " * 5
        self.gammu("sendsms", "TEXT", "+4917012345", "-len", "400", "-text", text)
        sent, = self.modem.wait_sent(1)
        self.assertEqual((sent["to"], sent["text"]), ("+4917012345", text))

    def test_read(self):
        self.modem.inject("+491709999999", "hello gammu, grüße")
        self.modem.inject("+491708888888", "жук")
        text = self.gammu("getallsms")
        for word in ("+491709999999", "hello gammu, grüße", "+491708888888", "жук"):
            self.assertIn(word, text)


if __name__ == "__main__":
    unittest.main()
