# SPDX-License-Identifier: Apache-2.0
"""The virtual modem by its dialogue: what a driver may rely on when it is tested
with it. The expected lines are those of V.250 and 3GPP TS 27.005."""
import os
import select
import socket
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import pdu  # noqa: E402
from modem_peer import PROGRAM, ModemError, VirtualModem  # noqa: E402


class Terminal:
    """A client on the device."""

    def __init__(self, device):
        self.fd = os.open(device, os.O_RDWR | os.O_NOCTTY)
        self.seen = b""

    def close(self):
        os.close(self.fd)

    def write(self, data):
        os.write(self.fd, data)

    def until(self, mark, timeout=10.0):
        """Everything up to and with mark."""
        end = time.monotonic() + timeout
        while mark not in self.seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise AssertionError("no %r in %r" % (mark, self.seen))
            self.seen += os.read(self.fd, 65536)
        at = self.seen.index(mark) + len(mark)
        out, self.seen = self.seen[:at], self.seen[at:]
        return out

    def at(self, command, end=b"OK\r\n"):
        self.write(command.encode() + b"\r")
        return self.until(end)

    def send(self, message, end=b"OK\r\n"):
        self.at("AT+CMGS=%d" % message["tpdu_len"], b"> ")
        self.write(message["pdu"].encode() + b"\x1a")
        return self.until(end)


class ModemTest(unittest.TestCase):
    ARGUMENTS = ()

    def setUp(self):
        self.modem = VirtualModem(*self.ARGUMENTS)
        self.addCleanup(self.modem.stop)
        self.tty = Terminal(self.modem.device)
        self.addCleanup(lambda: self.tty.close())
        self.assertEqual(self.tty.at("ATE0"), b"ATE0\r\r\nOK\r\n")

    def submit(self, text="hello", to="+4917012345", **more):
        return pdu.encode_submit({"da": to, "text": text, **more})["parts"]


class Lines(ModemTest):
    def test_forms_of_answers(self):
        self.assertEqual(self.tty.at("AT"), b"\r\nOK\r\n")
        self.assertEqual(self.tty.at("at+cgsn"), b"\r\n356938035640001\r\n\r\nOK\r\n")
        self.assertEqual(self.tty.at("ATV0", b"0\r"), b"0\r")
        self.assertEqual(self.tty.at("ATQ1V1;+CSQ", b"20,0\r\n"), b"\r\n+CSQ: 20,0\r\n")
        self.assertEqual(self.tty.at("ATQ0"), b"\r\nOK\r\n")
        self.assertEqual(self.tty.at("ATS3?"), b"\r\n013\r\n\r\nOK\r\n")

    def test_repeat_and_backspace(self):
        self.tty.at("AT+CSQ")
        self.tty.write(b"A/")
        self.assertEqual(self.tty.until(b"OK\r\n"), b"\r\n+CSQ: 20,0\r\n\r\nOK\r\n")
        self.assertIn(b"+CSQ", self.tty.at("AT+CSR\bQ"))

    def test_errors_by_cmee(self):
        self.assertEqual(self.tty.at("AT+NOSUCH", b"ERROR\r\n"), b"\r\nERROR\r\n")
        self.assertEqual(self.tty.at("AT+CMGR=7", b"321\r\n"), b"\r\n+CMS ERROR: 321\r\n")

    def test_queries(self):
        for command, want in (("AT+CPIN?", b"+CPIN: READY"), ("AT+CREG?", b"+CREG: 0,1"),
                              ("AT+COPS?", b'+COPS: 0,0,"VIRTUAL"'), ("AT+CSMS=?", b"+CSMS: (0,1)"),
                              ("AT+CNMI=?", b"+CNMI: (0,1,2,3),(0,1,2,3),(0,2),(0,1,2),(0,1)"),
                              ("AT+CPMS?", b'"SM",0,20,"SM",0,20,"SM",0,20')):
            with self.subTest(command):
                self.assertIn(want, self.tty.at(command))

    def test_cnmi_refuses_what_it_does_not_offer(self):
        self.assertIn(b"303", self.tty.at("AT+CNMI=2,7", b"303\r\n"))
        self.tty.at("AT+CNMI=2,1,0,2,0")
        self.assertIn(b"+CNMI: 2,1,0,2,0", self.tty.at("AT+CNMI?"))


class Sending(ModemTest):
    def test_long_text(self):
        text = "A long text with € and {brackets}, " * 8
        for n, part in enumerate(self.submit(text), 1):
            self.assertEqual(self.tty.send(part), b"\r\n+CMGS: %d\r\n\r\nOK\r\n" % n)
        sent, = self.modem.wait_sent(1)
        self.assertEqual((sent["to"], sent["text"], sent["parts"]), ("+4917012345", text, 2))

    def test_escape_sends_nothing(self):
        self.tty.at("AT+CMGS=20", b"> ")
        self.tty.write(b"0011\x1b")
        self.tty.until(b"OK\r\n")
        self.assertEqual(self.modem.sent_parts(), [])

    def test_wrong_length(self):
        part, = self.submit()
        self.tty.at("AT+CMGS=%d" % (part["tpdu_len"] + 1), b"> ")
        self.tty.write(part["pdu"].encode() + b"\x1a")
        self.tty.until(b"+CMS ERROR: 304\r\n")

    def test_store_and_send(self):
        part, = self.submit()
        self.tty.at("AT+CMGW=%d" % part["tpdu_len"], b"> ")
        self.tty.write(part["pdu"].encode() + b"\x1a")
        self.assertIn(b"+CMGW: 1", self.tty.until(b"OK\r\n"))
        self.assertIn(b"+CMSS: 1", self.tty.at("AT+CMSS=1"))
        self.assertIn(b"+CMGR: 3,,", self.tty.at("AT+CMGR=1"))

    def test_failures(self):
        part, = self.submit()
        self.modem.ctl("fail-next 38")
        self.modem.ctl("fail-next 0")
        self.assertIn(b"+CMS ERROR: 38", self.tty.send(part, b"38\r\n"))
        self.assertIn(b"\r\nERROR\r\n", self.tty.send(part, b"ERROR\r\n"))
        self.tty.send(part)
        self.modem.ctl("fate +4917012345 refuse 69")
        self.assertIn(b"69", self.tty.send(part, b"69\r\n"))
        self.modem.ctl("set creg 2")
        self.assertIn(b"331", self.tty.send(part, b"331\r\n"))

    def test_reports(self):
        self.tty.at("AT+CNMI=2,1,0,1,0")
        part, = self.submit(srr=True)
        for words, status in (("auto", b"00"), ("fail 41", b"41"), ("buffered", b"30")):
            with self.subTest(words):
                self.modem.ctl("reports " + words)
                self.tty.send(part)
                self.tty.until(b"+CDS: ")
                report = self.tty.until(b"\r\n") and self.tty.until(b"\r\n")
                self.assertEqual(report.strip()[-2:], status)
        self.modem.ctl("next 1 none")
        self.tty.send(part)
        self.modem.ctl("report 4 00")
        self.tty.until(b"+CDS: ")

    def test_answer_lost_after_acceptance(self):
        part, = self.submit()
        self.modem.ctl("at-send 1 lose-answer")
        self.tty.at("AT+CMGS=%d" % part["tpdu_len"], b"> ")
        self.tty.write(part["pdu"].encode() + b"\x1a")
        self.modem.wait_sent(1)
        self.assertEqual(self.tty.at("AT"), b"\r\nOK\r\n")


class Receiving(ModemTest):
    def test_stored(self):
        self.tty.at("AT+CNMI=2,1,0,0,0")
        self.modem.inject("+49", "stored")
        self.tty.until(b'+CMTI: "SM",1\r\n')
        self.assertIn(b"+CMGL: 1,0,,", self.tty.at("AT+CMGL=4"))
        self.assertIn(b"+CMGR: 1,,", self.tty.at("AT+CMGR=1"))
        self.tty.at("AT+CMGD=1")
        self.assertEqual(self.tty.at("AT+CMGL=4"), b"\r\nOK\r\n")

    def test_full_memory_keeps_messages_in_the_network(self):
        self.tty.at("AT+CNMI=2,1,0,0,0")
        self.modem.ctl("set capacity SM=1")
        self.modem.inject("+49", "one")
        self.modem.inject("+49", "two")
        self.tty.until(b'+CMTI: "SM",1\r\n')
        self.assertEqual(self.modem.ctl("stats")["waiting"], 1)
        self.tty.at("AT+CMGD=1")
        self.tty.until(b'+CMTI: "SM",1\r\n')

    def test_direct_with_acknowledgement(self):
        self.tty.at("AT+CSMS=1")
        self.tty.at("AT+CNMI=2,2,0,1,0")
        self.modem.inject("+49", "one")
        self.modem.inject("+49", "two")
        self.tty.until(b"+CMT: ,")
        stats = self.modem.ctl("stats")
        self.assertEqual((stats["waiting"], stats["unacknowledged"]), (1, True))
        self.tty.at("AT+CNMA")
        self.tty.until(b"+CMT: ,")
        self.tty.at("AT+CNMA")
        self.assertIn(b"340", self.tty.at("AT+CNMA", b"340\r\n"))

    def test_no_acknowledgement_in_time(self):
        self.modem.ctl("set ack-time 0.05")
        self.modem.ctl("set retry-time 0.05")
        self.tty.at("AT+CSMS=1")
        self.tty.at("AT+CNMI=2,2,0,1,0")
        self.modem.inject("+49", "one")
        self.modem.wait_events("unacknowledged")
        self.modem.wait_events("handed-over", how="stored")
        self.assertIn(b"+CNMI: 2,0,0,0,0", self.tty.at("AT+CNMI?"))

    def test_nothing_between_prompt_and_text(self):
        self.tty.at("AT+CNMI=2,2,0,0,0")
        part, = self.submit()
        self.tty.at("AT+CMGS=%d" % part["tpdu_len"], b"> ")
        self.modem.inject("+49", "in between")
        self.modem.wait_events("handed-over")
        self.tty.write(part["pdu"].encode() + b"\x1a")
        self.assertTrue(self.tty.until(b"OK\r\n").startswith(b"\r\n+CMGS"))
        self.tty.until(b"+CMT: ")

    def test_binary_ucs2_and_long(self):
        self.tty.at("AT+CNMI=2,2,0,0,0")
        self.assertEqual(len(self.modem.inject("Info", "ж" * 71)), 2)
        self.assertEqual(len(self.modem.inject("+49", data="00FF")), 1)
        with self.assertRaises(ModemError):
            self.modem.inject("+49", "ж", alphabet="gsm7")


class Faults(ModemTest):
    def test_hang_and_resume(self):
        self.modem.ctl("hang")
        self.tty.write(b"AT\r")
        self.modem.ctl("resume")
        self.assertEqual(self.tty.at("AT"), b"\r\nOK\r\n")

    def test_reboot_forgets_settings(self):
        self.tty.at("AT+CNMI=2,1,0,0,0")
        self.modem.ctl("reboot 0")
        self.assertEqual(self.tty.at("AT+CNMI?"),
                         b"AT+CNMI?\r\r\n+CNMI: 0,0,0,0,0\r\n\r\nOK\r\n")

    def test_vanish(self):
        self.modem.ctl("vanish 0.1 keep")
        poll = select.poll()
        poll.register(self.tty.fd, 0)
        self.assertTrue(poll.poll(10000)[0][1] & select.POLLHUP)
        self.tty.close()
        self.modem.wait_events("appear")
        self.tty = Terminal(self.modem.device)
        self.assertEqual(self.tty.at("AT"), b"\r\nOK\r\n")

    def test_chunks(self):
        self.modem.ctl("chunk 1 1")
        self.assertEqual(self.tty.at("AT+CSQ"), b"\r\n+CSQ: 20,0\r\n\r\nOK\r\n")


class Pin(ModemTest):
    ARGUMENTS = ("--pin", "1234")

    def test_pin(self):
        self.assertIn(b"SIM PIN", self.tty.at("AT+CMEE=1;+CPIN?"))
        self.assertIn(b"311", self.tty.at("AT+CMGL=4", b"311\r\n"))
        self.assertIn(b"16", self.tty.at('AT+CPIN="0000"', b"+CME ERROR: 16\r\n"))
        self.tty.at('AT+CPIN="1234"')
        self.assertIn(b"READY", self.tty.at("AT+CPIN?"))

    def test_three_wrong_pins_lock_the_sim(self):
        for _ in range(3):
            self.tty.at("AT+CPIN=9999", b"ERROR\r\n")
        self.assertIn(b"SIM PUK", self.tty.at("AT+CPIN?"))


class Program(unittest.TestCase):
    def test_tcp(self):
        with VirtualModem(tcp=True) as modem:
            host, port = modem.address.split(":")
            with socket.create_connection((host, int(port)), 5) as s:
                s.sendall(b"AT\r")
                self.assertEqual(s.makefile("rb").read(9), b"AT\r\r\nOK\r\n"[:9])

    def test_many_modems(self):
        with VirtualModem("--count", "3") as modem:
            self.assertEqual(len(modem.ctl("@* stats")["modems"]), 3)
            self.assertNotEqual(modem.ctl("@3 stats")["imei"], modem.ctl("@1 stats")["imei"])
            self.assertTrue(os.path.exists(modem.device + ".3"))

    def test_ctl_from_the_command_line(self):
        with VirtualModem() as modem:
            done = subprocess.run([sys.executable, PROGRAM, "ctl", modem.control, "no-such"],
                                  stdout=subprocess.PIPE, timeout=20, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"unknown command", done.stdout)
            subprocess.run([sys.executable, PROGRAM, "ctl", modem.control, "inject", "+49", "Hi"],
                           stdout=subprocess.PIPE, timeout=20, check=True)
            self.assertEqual(modem.ctl("stats")["counts"]["injected"], 1)


if __name__ == "__main__":
    unittest.main()
