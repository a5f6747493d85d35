# SPDX-License-Identifier: Apache-2.0
"""fakesmsc: its options, and both directions through a bearerbox."""
import os
import re
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from box_peer import BoxPeer  # noqa: E402
from gateway import GatewayTest, Process, build_directory, free_port, wait_for  # noqa: E402

FAKESMSC = os.path.join(build_directory(), "fakesmsc")


def run(*arguments):
    done = subprocess.run([FAKESMSC] + list(arguments), stdin=subprocess.DEVNULL, timeout=30,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode()


class Options(unittest.TestCase):
    def test_mistakes(self):
        for arguments in ((), ("-m", "x", "1 2 text a"), ("-r", "70000", "1 2 text a"),
                          ("-i", "-1", "1 2 text a"), ("-q", "1 2 text a"), ("-r",)):
            with self.subTest(arguments):
                status, text = run(*arguments)
                self.assertEqual(status, 1)
                self.assertIn("Usage:", text)

    def test_nobody_there(self):
        status, text = run("-H", "127.0.0.1", "-r", str(free_port()), "1 2 text a")
        self.assertEqual(status, 1)
        self.assertIn("Connection refused", text)


class Messages(GatewayTest):
    def setUp(self):
        port = free_port()
        self.gw = self.gateway(smsc=[dict(smsc="fake", smsc_id="f1", port=port,
                                          connect_allow_ip="127.0.0.1")])
        self.gw.start_bearerbox()
        self.box = self.peer(BoxPeer(self.gw.box_port))
        self.box.answer = 0
        self.port = str(port)

    def start(self, *arguments):
        process = Process("fakesmsc", [FAKESMSC, "-H", "127.0.0.1", "-r", self.port]
                          + list(arguments), self.gw.dir)
        self.addCleanup(process.stop)
        return process

    def test_both_directions(self):
        process = self.start("-i", "0", "-m", "250", "-z", "7", "12 34 text word")
        sms = self.box.wait("sms", 250)
        self.assertTrue(all(re.fullmatch(r"12\d+", m["sender"]) for m in sms))
        self.assertTrue(all(re.fullmatch(rb"word ?\d+", m["msgdata"]) for m in sms))
        self.assertGreater(len({m["receiver"] for m in sms}), 50)
        self.gw.wait_link("f1")
        self.box.send_sms(sender="1", receiver="2", msgdata="back")
        wait_for(lambda: "Got message 1: <1 2 text back>" in process.output(),
                 what=process.output)
        self.box.stop()  # bearerbox waits for its boxes
        self.gw.stop()
        self.assertEqual(process.wait(), 0)

    def test_interval(self):
        self.start("-i", "0.05", "-m", "3", "1 2 text a")
        self.assertEqual(len(self.box.wait("sms", 3)), 3)


if __name__ == "__main__":
    unittest.main()
