# SPDX-License-Identifier: Apache-2.0
"""smstools' smsd on the virtual modem: sends a file, receives one, writes the status
report. Where Kannel takes direct delivery, smsd lets the modem store both messages
and reports, and reads and deletes them."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from gateway import Process, wait_for  # noqa: E402
from modem_peer import VirtualModem  # noqa: E402

SMSD = "/usr/sbin/smsd"
FOLDERS = ("outgoing", "checked", "incoming", "sent", "failed", "report")
CONFIGURATION = """devices = GSM1
%(folders)s
logfile = %(dir)s/smsd.log
infofile = %(dir)s/smsd.running
pidfile = %(dir)s/smsd.pid
loglevel = 7
delaytime = 1
delaytime_mainprocess = 1
errorsleeptime = 1
autosplit = 3
receive_before_send = no
trust_outgoing = yes
[GSM1]
device = %(device)s
init = AT+CNMI=2,0,0,2,1
incoming = yes
report = yes
baudrate = 115200
rtscts = no
send_delay = 0
check_network = no
"""

TIME_LIMIT = 900
# One answer that comes late on a busy machine costs these programs a minute or more.
PATIENCE = 200


class Smstools(unittest.TestCase):
    def setUp(self):
        self.modem = VirtualModem("--do", "set report-memory SM")
        self.addCleanup(self.modem.stop)
        self.dir = tempfile.mkdtemp(prefix="kantele-smsd-")
        self.addCleanup(shutil.rmtree, self.dir, True)
        for name in FOLDERS:
            os.mkdir(os.path.join(self.dir, name))
        conf = os.path.join(self.dir, "smsd.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(CONFIGURATION % {
                "dir": self.dir, "device": self.modem.device,
                "folders": "\n".join("%s = %s/%s" % (n, self.dir, n) for n in FOLDERS)})
        self.smsd = Process("smsd", [SMSD, "-t", "-c", conf], self.dir)
        self.addCleanup(self.stop)

    def stop(self):
        """smsd is a parent with one child for each modem."""
        self.smsd.signal(signal.SIGTERM)
        try:
            self.smsd.wait(40)
        except subprocess.TimeoutExpired:
            self.smsd.kill()
            raise AssertionError("smsd did not end\n" + self.log()) from None

    def log(self):
        path = os.path.join(self.dir, "smsd.log")
        if not os.path.exists(path):
            return self.smsd.output()
        with open(path, encoding="latin-1") as f:
            return f.read()[-5000:]

    def wait_file(self, folder, what, timeout=PATIENCE):
        """The text of the first file in a folder that holds `what`: smsd writes them
        in steps."""
        path = os.path.join(self.dir, folder)

        def text():
            for name in os.listdir(path):
                try:
                    with open(os.path.join(path, name), encoding="latin-1") as f:
                        content = f.read()
                except FileNotFoundError:
                    continue
                if what in content and not name.endswith(".LOCK"):
                    return content
            return None
        return wait_for(text, timeout, lambda: "%s in %s\n%s" % (what, folder, self.log()))

    def send(self, text):
        path = os.path.join(self.dir, "outgoing", "message")
        with open(path + ".new", "w", encoding="latin-1") as f:
            f.write("To: 4917012345\n\n" + text)
        os.rename(path + ".new", path)

    def test_send_report_receive(self):
        text = "smsd sends a long text through the virtual modem. " * 5 + "End."
        self.send(text)
        sent, = self.modem.wait_sent(1, timeout=PATIENCE)
        self.assertEqual((sent["to"], sent["text"], sent["parts"]), ("+4917012345", text, 2))
        self.wait_file("report", "Status: 0,")
        self.wait_file("sent", "Message_id: 2")
        self.modem.inject("+491709999999", "hello smsd")
        received = self.wait_file("incoming", "\n\nhello smsd")
        self.assertIn("From: 491709999999\n", received)
        self.modem.wait_stats(lambda s: s["memories"]["SM"][0] == 0)


if __name__ == "__main__":
    unittest.main()
