# SPDX-License-Identifier: Apache-2.0
"""Debian's Kannel as the other half: its smsbox under our bearerbox, our smsbox
under its bearerbox, its fakesmsc and test_boxc with us, and its own checks with
our programs in the places where they look for theirs."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from box_client import Box  # noqa: E402
from gateway import DEBIAN, GatewayTest, build_directory, free_port, wait_for  # noqa: E402
from http_peer import HttpPeer  # noqa: E402
from smsc_peer import FakeSmsc  # noqa: E402

KANNEL = "/usr/lib/kannel"
BUILD = build_directory()
OURS = (os.path.join(BUILD, "bearerbox"), os.path.join(BUILD, "smsbox"))


class Mixed(GatewayTest):
    def start(self, binaries):
        self.app = self.peer(HttpPeer())
        self.app.answer("/mo", body="you said it")
        self.port = free_port()
        self.gw = self.gateway(
            binaries=binaries,
            smsc=[{"smsc": "fake", "smsc_id": "f1", "port": self.port,
                   "connect_allow_ip": "127.0.0.1"}],
            smsbox={"smsbox_id": None},
            service=[{"keyword": "default", "catch_all": True,
                      "get_url": self.app.url + "/mo?from=%p&text=%a"}])
        self.gw.start()
        self.smsc = self.peer(FakeSmsc(self.port))
        self.gw.wait_link("f1", 60)

    def exchange(self):
        """MT, MO with its reply, reports."""
        self.assertEqual(
            self.gw.sendsms(to="358401", text="hello there", dlr_mask=31,
                            dlr_url=self.app.url + "/dlr?event=%d&to=%p"),
            (202, "0: Accepted for delivery"))
        self.assertEqual(self.smsc.wait(1, 60)[0].line, "1000 358401 text hello there")
        events = [r.query["event"] for r in self.app.wait(2, "/dlr", 60)]
        self.assertEqual(sorted(events), ["1", "8"])

        self.smsc.text("4917012", "999", "any body there")
        self.assertEqual(self.app.wait(1, "/mo", 60)[0].query,
                         {"from": "4917012", "text": "any body there"})
        self.assertEqual(self.smsc.wait(2, 60)[1].line, "1000 4917012 text you said it")

        text = "a long one " * 40
        self.assertEqual(self.gw.sendsms(to="358402", text=text)[0], 202)
        parts = self.smsc.wait(5, 60)[2:]
        self.assertEqual(b"".join(p.data for p in parts).decode(), text.strip() + " ")
        self.gw.wait_status(r"store size (0|-1)", 60)

    def test_debians_smsbox_under_our_bearerbox(self):
        self.start((OURS[0], DEBIAN[1]))
        self.exchange()

    def test_our_smsbox_under_debians_bearerbox(self):
        self.start((DEBIAN[0], OURS[1]))
        self.exchange()


class Tools(GatewayTest):
    def start(self):
        self.port = free_port()
        self.gw = self.gateway(smsc=[{"smsc": "fake", "smsc_id": "f1", "port": self.port}])
        self.gw.start_bearerbox()

    def run_tool(self, name, *arguments):
        """The tool's output in a file; it ends with the test."""
        path = os.path.join(self.gw.dir, name + ".out")
        with open(path, "wb") as out:
            tool = subprocess.Popen([os.path.join(KANNEL, "test", name), *map(str, arguments)],
                                    stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: (tool.kill(), tool.wait()))

        def output():
            with open(path, encoding="utf-8", errors="replace") as f:
                return f.read()
        return tool, output

    def test_debians_fakesmsc(self):
        self.start()
        box = self.peer(Box(self.gw.box_port))
        _, output = self.run_tool("fakesmsc", "-H", "127.0.0.1", "-r", self.port, "-i", "0.01",
                                  "-m", "5", "123 234 text nop")
        for _ in range(5):
            sms = box.wait_sms()
            self.assertEqual((sms["sender"], sms["receiver"], sms["msgdata"]),
                             (b"123", b"234", b"nop"))
        box.submit(sender="55", receiver="66", msgdata="back")
        wait_for(lambda: "<55 66 text back>" in output(), what=output)

    def test_debians_test_boxc(self):
        """Connects and leaves again, many times: bearerbox does not mind."""
        self.start()
        tool, output = self.run_tool("test_boxc", "-h", "127.0.0.1", "-p", self.gw.box_port,
                                     "-c", "20")
        self.assertEqual(tool.wait(60), 0, output())
        smsc = self.peer(FakeSmsc(self.port))
        self.gw.wait_link("f1")
        box = self.peer(Box(self.gw.box_port))
        box.submit(msgdata="fine")
        self.assertEqual(smsc.wait()[0].text, "fine")


CHECK_CONF = """group = core
admin-port = 13000
smsbox-port = 13001
admin-password = bar
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"

group = smsc
smsc = fake
smsc-id = FAKE
port = 20000
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = 13013
global-sender = 13013

group = sendsms-user
username = tester
password = foobar

group = sms-service
keyword = nop
text = "You asked nothing and I did it!"

group = sms-service
keyword = default
text = "No service specified"
"""


def port_is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("", port))
        except OSError:
            return False
        return True


class Checks(unittest.TestCase):
    """Kannel's own checks; their ports are fixed."""

    def run_check(self, name):
        folder = tempfile.mkdtemp(prefix="kantele-check-")
        self.addCleanup(shutil.rmtree, folder, True)
        for place, program in (("gw/bearerbox", OURS[0]), ("gw/smsbox", OURS[1]),
                               ("test/fakesmsc", os.path.join(BUILD, "fakesmsc")),
                               ("test/test_http", os.path.join(KANNEL, "test", "test_http"))):
            path = os.path.join(folder, place)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(program, path)
        with open(os.path.join(folder, "gw", "smskannel.conf"), "w", encoding="utf-8") as f:
            f.write(CHECK_CONF)
        wait_for(lambda: all(map(port_is_free, (13000, 13001, 13013, 20000))), 120, "the ports")
        check = subprocess.run(["sh", os.path.join(KANNEL, "checks", name)], cwd=folder,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=120, check=False)
        logs = ""
        for file in sorted(os.listdir(folder)):
            if file.endswith(".log"):
                with open(os.path.join(folder, file), encoding="utf-8", errors="replace") as f:
                    logs += "--- %s\n%s\n" % (file, f.read()[-4000:])
        self.assertEqual(check.returncode, 0, check.stdout.decode() + logs)

    def test_check_fakesmsc(self):
        self.run_check("check_fakesmsc.sh")

    def test_check_sendsms(self):
        self.run_check("check_sendsms.sh")


if __name__ == "__main__":
    unittest.main()
