# SPDX-License-Identifier: Apache-2.0
"""gwmodem's other commands, with the virtual modem: messages, USSD, a dialogue by hand,
and records that become modems again."""
import json
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from device_tree import ScriptedModem  # noqa: E402
from modem_peer import VirtualModem  # noqa: E402

GWMODEM = os.path.join(os.environ.get("KANTELE_BUILD", "."), "gwmodem")


def gwmodem(*arguments, status=0, text=None):
    done = subprocess.run([GWMODEM, *arguments], input=text or "", capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode != status:
        raise AssertionError("%s: %d\n%s%s" % (arguments, done.returncode, done.stdout,
                                               done.stderr))
    return done.stdout + done.stderr


class WithModem(unittest.TestCase):
    def setUp(self):
        self.modem = VirtualModem()
        self.addCleanup(self.modem.stop)
        self.device = self.modem.device

    def scripted(self, answers):
        modem = ScriptedModem(answers)
        self.addCleanup(modem.close)
        return modem


class Messages(WithModem):
    def test_send(self):
        out = gwmodem("send", self.device, "+4917012345", "Grüße [1]")
        self.assertRegex(out, r"^sent, reference \d+\n$")
        sent = self.modem.wait_sent()[0]
        self.assertEqual((sent["to"], sent["text"]), ("+4917012345", "Grüße [1]"))

    def test_send_long_in_another_script(self):
        text = "Привет мир " * 12
        out = gwmodem("send", self.device, "+4917012345", text)
        self.assertEqual(out.count("sent, reference"), 2)
        self.assertEqual(self.modem.wait_sent()[0]["text"], text)

    def test_send_is_refused(self):
        self.modem.ctl("fail-next 38")
        out = gwmodem("send", self.device, "123", "x", status=1)
        self.assertIn("not sent: +CMS ERROR: 38", out)

    def test_send_to_no_number(self):
        gwmodem("send", self.device, "1" * 30, "x", status=64)

    def test_receive(self):
        self.modem.inject("+4917099", "eins")
        self.modem.inject("+4917099", "два")
        for _ in range(2):
            lines = gwmodem("receive", self.device).splitlines()
            self.assertEqual([line.split("  ")[1:] for line in lines],
                             [["+4917099", "eins"], ["+4917099", "два"]])
        one = gwmodem("--json", "receive", self.device, "--delete")
        self.assertEqual(one.count('"type": "deliver"'), 2)
        self.assertEqual(gwmodem("receive", self.device), "")

    def test_receive_what_comes(self):
        process = subprocess.Popen([GWMODEM, "--wait", "20", "receive", self.device],
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        self.modem.wait_stats(lambda s: s["cnmi"][1] == 1)
        self.modem.inject("+4917099", "new")
        self.assertTrue(process.stdout.readline().endswith("+4917099  new\n"))


class Questions(WithModem):
    def test_info(self):
        answer = json.loads(gwmodem("--json", "info", self.device))
        self.assertEqual(answer["imei"], "356938035640001")
        self.assertEqual(answer["registration"], "registered")
        self.assertEqual(answer["signal_dbm"], -73)
        self.assertEqual(answer["memories"][0], {"name": "SM", "used": 0, "size": 20})
        text = gwmodem("info", self.device)
        self.assertIn("operator             VIRTUAL\n", text)
        self.assertIn("mem1                  SM: 0 of 20 used\n", text)

    def test_no_such_device(self):
        self.assertIn("there is no device", gwmodem("info", "/dev/ttyNONE", status=1))

    def test_mistakes(self):
        for words in ((), ("dance",), ("send", "x"), ("--speed", "fast", "list"), ("--what",)):
            self.assertIn("usage", gwmodem(*words, status=64))
        self.assertIn("doctor", gwmodem("--help"))

    def test_ussd(self):
        self.assertEqual(gwmodem("ussd", self.device, "*100#"), "Balance 5.00 EUR\n")

    def test_ussd_packed_as_huawei_has_it(self):
        modem = self.scripted({"AT+CGMI": "huawei\nOK",
                               'AT+CUSD=1,"AA180C3602",15': 'OK\n+CUSD: 0,"C8329BFD8EC91A",15'})
        self.assertEqual(gwmodem("ussd", modem.device, "*100#"), "Hello12\n")

    def test_ussd_in_ucs2_and_refused(self):
        modem = self.scripted({'AT+CUSD=1,"*1#",15':
                               'OK\n+CUSD: 2,"041F04400438043204350442",72'})
        self.assertEqual(gwmodem("ussd", modem.device, "*1#"), "Привет\n")
        modem = self.scripted({'AT+CUSD=1,"*1#",15': "OK\n+CUSD: 4"})
        self.assertIn("does not know this code", gwmodem("ussd", modem.device, "*1#", status=1))
        self.assertIn("no USSD code", gwmodem("ussd", modem.device, "*1#;", status=64))


class Terminal(WithModem):
    def test_from_a_pipe(self):
        out = gwmodem("terminal", self.device, text="AT+CSQ\nAT+NONSENSE\n")
        self.assertIn("+CSQ: 20,0", out)
        self.assertIn("ERROR", out)

    def test_history(self):
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(GWMODEM, [GWMODEM, "terminal", self.device])
        self.addCleanup(os.close, fd)
        self._until(fd, b"Ctrl-D ends")
        os.write(fd, b"AT+CGMM\r")
        self._until(fd, b"OK\r")
        os.write(fd, b"AT+CXX\x7f\x7fSQ\r")
        self._until(fd, b"+CSQ: 20,0")
        os.write(fd, b"\x1b[A\x1b[A\r")
        self._until(fd, b"VIRTUAL GSM MODEM")
        os.write(fd, b"\x04")
        self.assertEqual(os.waitpid(pid, 0)[1], 0)

    def _until(self, fd, mark):
        seen, end = b"", time.monotonic() + 20
        while mark not in seen:
            ready = select.select([fd], [], [], max(0, end - time.monotonic()))[0]
            self.assertTrue(ready, seen)
            seen += os.read(fd, 4096)


class Records(WithModem):
    def record(self, *commands):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        name = os.path.join(folder.name, "dialogue")
        gwmodem("record", self.device, name, *commands)
        with open(name, encoding="utf-8") as f:
            return name, f.read()

    def test_private_data_is_masked(self):
        self.modem.inject("+4917099123", "secret")
        _, text = self.record("AT+CGSN", "AT+CIMI", "AT+CNUM", 'AT+CPIN="1234"', "AT+CPIN?",
                              "AT+CMGL=4", "AT+CSQ")
        stats = self.modem.ctl("stats")
        self.assertNotIn(stats["imei"], text)
        for private in ("26201123456", "170999", "1234", "4917099123", "9471"):
            self.assertNotIn(private, text)
        self.assertIn("--> AT+CPIN=****\n", text)
        self.assertIn("<-- 000000000000000\n<-- OK\n", text)
        self.assertIn("<-- +CSQ: 20,0\n", text)
        self.assertFalse([line for line in text.splitlines() if re.search(r"[1-9]{8}", line)])

    def test_a_record_is_a_modem(self):
        name, _ = self.record()
        link = name + ".tty"
        process = subprocess.Popen([GWMODEM, "--link", link, "replay", name],
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), link + "\n")
        answer = json.loads(gwmodem("--json", "doctor", link))
        self.assertEqual(answer["verdict"], "ok")
        self.assertIn("KANTELE VIRTUAL GSM MODEM", answer["steps"])
        self.assertIn("ERROR", gwmodem("terminal", link, text="AT+NEVERSEEN\n"))
        process.terminate()
        self.assertEqual(process.wait(10), 0)
        self.assertFalse(os.path.lexists(link))

    def test_no_record(self):
        self.assertIn("is no record", gwmodem("replay", "/dev/null", status=1))
        self.assertIn("No such file", gwmodem("replay", "/nowhere/x", status=1))


class Tables(unittest.TestCase):
    def test_usb_table_is_fresh(self):
        with open(os.path.join(TOP, "test/data/usb-modems.tsv"), "rb") as f:
            fresh = subprocess.run([sys.executable, os.path.join(TOP, "gw/smsc/at/make-usb-table.py")],
                                   stdin=f, capture_output=True, check=True).stdout
        with open(os.path.join(TOP, "gw/smsc/at/usb_table.def"), "rb") as f:
            self.assertEqual(f.read(), fresh)


if __name__ == "__main__":
    unittest.main()
