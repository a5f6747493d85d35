# SPDX-License-Identifier: Apache-2.0
"""
A GSM modem behind bearerbox and smsbox: messages both ways, reports, and the
faults that modems have. The modem is the virtual one; what it was given is asked
from its control socket, what the gateway thinks is read from the status page.
"""
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from gateway import GatewayTest, wait_for  # noqa: E402
from http_peer import HttpPeer  # noqa: E402
from modem_peer import VirtualModem  # noqa: E402

TUTORIAL = os.path.join(HERE, "..", "data", "compat", "conf", "tutorial-2006.conf")


class ModemCase(GatewayTest):
    ARGUMENTS = ()
    PIN = None

    def setUp(self):
        self.modem = self.peer(VirtualModem(*self.ARGUMENTS))
        self.gw = None

    def start(self, smsc=None, service=(), wait=True, **core):
        link = {"smsc": "at", "smsc_id": "m1", "device": self.modem.device, "my_number": "4711",
                **(smsc or {})}
        self.gw = self.gateway(smsc=[link], service=list(service),
                               smsbox={"mo_recode": True},
                               core={"sms_resend_freq": 1, **core})
        self.gw.start()
        if wait:
            self.gw.wait_link("m1")
        return self.gw

    def send(self, text, to="+4917012345", **more):
        status, body = self.gw.sendsms(to=to, text=text, **more)
        self.assertIn((status, body), ((202, "0: Accepted for delivery"),
                                       (202, "3: Queued for later delivery")))

    def texts(self):
        """All texts that the modem sent, sorted."""
        return sorted(p["text"] for p in self.modem.sent_parts())

    def send_all(self, count, first=0):
        for n in range(first, first + count):
            self.send("message %d" % n, dlr_mask=3, dlr_url="http://127.0.0.1:1/")

    def send_first(self):
        """One message, and its answer has been read: references are known."""
        self.send_all(1)
        self.gw.wait_status(r"m1.*sent: sms 1 ")

    def assert_once(self, count, timeout=40):
        """Each message went out, none twice."""
        want = sorted("message %d" % n for n in range(count))
        wait_for(lambda: set(self.texts()) >= set(want), timeout,
                 lambda: "all of them, not %r\n%s" % (self.texts(), self.gw.log()[-4000:]))
        self.gw.wait_status(r"\(online.*queued 0 msgs", 30)
        self.assertEqual(self.texts(), want)

    def empty(self):
        """Nothing is queued or under way."""
        wait_for(lambda: self.gw.store_size() == 0, 20,
                 lambda: "an empty store\n" + self.gw.status() + self.gw.log()[-4000:])


class Messages(ModemCase):
    def test_one_part_and_its_report(self):
        app = self.peer(HttpPeer())
        self.start()
        self.send("hello", dlr_mask=31, dlr_url="http://127.0.0.1:%d/dlr?type=%%d" % app.port)
        sent, = self.modem.wait_sent(1)
        self.assertEqual((sent["to"], sent["text"], sent["parts"]), ("+4917012345", "hello", 1))
        wait_for(lambda: {r.query.get("type") for r in app.requests} >= {"8", "1"}, 20,
                 lambda: "both reports: %r" % app.requests)
        self.empty()

    def test_long_and_ucs2(self):
        self.start()
        long_text = "A long text with € and [brackets]. " * 9
        cyrillic = "Привет, мир! " * 12
        self.send(long_text)
        self.send(cyrillic, coding=2, charset="UTF-8")
        sent = self.modem.wait_sent(2)
        self.assertEqual([(s["text"], s["parts"]) for s in sent], [(long_text, 3), (cyrillic, 3)])
        self.empty()

    def test_report_of_failure(self):
        app = self.peer(HttpPeer())
        self.modem.ctl("reports fail 46 delay 0.3")
        self.start()
        self.send("late", dlr_mask=3, dlr_url="http://127.0.0.1:%d/dlr?type=%%d" % app.port)
        self.assertEqual(app.wait(1)[0].query["type"], "2")

    def incoming(self, **link):
        app = self.peer(HttpPeer())
        self.start(service=[{"keyword": "default", "max_messages": 0,
                             "get_url": "http://127.0.0.1:%d/mo?from=%%p&text=%%a"
                                        % app.port}], **link)
        return app

    def test_stored_and_told(self):
        app = self.incoming()
        self.modem.inject("+49301", "Grüße {1}")
        self.modem.inject("+49302", "Long one." * 30)
        self.modem.inject("+49303", "Жук" * 50, order=[3, 1, 2])
        app.wait(3)
        self.assertEqual({r.query["from"]: r.query["text"] for r in app.requests},
                         {"+49301": "Grüße {1}", "+49302": "Long one." * 30,
                          "+49303": "Жук" * 50})
        self.assertTrue(any("[to:4711]" in line for line in self.gw.access_log()))
        self.modem.wait_stats(lambda s: s["memories"]["SM"][0] == 0)

    def test_stored_before_the_start(self):
        self.modem.ctl("set creg 1")
        pdus = self.modem.inject("+4930", "was here before")
        self.assertEqual(self.modem.ctl("stats")["memories"]["SM"][0], 1, pdus)
        app = self.incoming()
        self.assertEqual(app.wait(1)[0].query["text"], "was here before")
        self.modem.wait_stats(lambda s: s["memories"]["SM"][0] == 0)

    def test_a_full_memory_loses_nothing(self):
        self.modem.ctl("set capacity SM=2")
        for n in range(5):
            self.modem.inject("+4930", "number %d" % n)
        app = self.incoming()
        app.wait(5)
        self.assertEqual(sorted(r.query["text"] for r in app.requests),
                         ["number %d" % n for n in range(5)])

    def test_the_network_repeats_one(self):
        app = self.incoming()
        pdu, = self.modem.inject("+4930", "once")
        app.wait(1)
        self.modem.ctl("inject-pdu " + pdu)
        self.modem.inject("+4930", "another")
        app.wait(2)
        self.assertEqual([r.query["text"] for r in app.requests], ["once", "another"])


class Tutorial(ModemCase):
    """tutorial-2006.conf as it is; only what names this machine is redirected."""

    def configure(self, device=None):
        gw = self.gateway()
        with open(TUTORIAL, encoding="utf-8") as f:
            text = f.read()
        for old, new in (("/var/log/kannel", gw.dir), ("= 13000", "= %d" % gw.admin_port),
                         ("= 13001", "= %d" % gw.box_port), ("= 13131", "= %d" % gw.sendsms_port)):
            self.assertIn(old, text)
            text = text.replace(old, new)
        if device:
            text = text.replace("/dev/ttyUSB0", device)
        with open(gw.conf, "w", encoding="utf-8") as f:
            f.write(text)
        gw.status = lambda form="txt": self.status(gw, form)
        return gw

    @staticmethod
    def status(gw, form):
        try:
            return gw.http(gw.admin_port, "/status.%s?password=pwd" % form, timeout=5)[1]
        except OSError:
            return None

    def test_without_the_modem(self):
        gw = self.configure()
        gw.start()
        gw.wait_status(r"(?s)linuxku.*waits for /dev/ttyUSB0: No such file or directory")
        status, body = gw.http(gw.sendsms_port, "/cgi-bin/sendsms?username=playsms&password=pwd"
                                                "&from=1&to=12345&text=waits")[:2]
        self.assertEqual((status, body), (202, "3: Queued for later delivery"))
        gw.wait_status(r"store size 1\b")

    def test_the_dialogue_in_the_log(self):
        gw = self.configure(self.modem.device)
        gw.start()
        gw.wait_link("linuxku")
        gw.http(gw.sendsms_port, "/cgi-bin/sendsms?username=playsms&password=pwd"
                                 "&from=1&to=12345&text=tutorial")
        self.assertEqual(self.modem.wait_sent(1)[0]["text"], "tutorial")
        with open(os.path.join(gw.dir, "kannel.log"), encoding="utf-8") as f:
            log = f.read()
        for line in ("AT2[linuxku]: --> AT+CMGF=0^M", "AT2[linuxku]: <-- OK",
                     "AT2[linuxku]: --> AT+CNMI=1,2,0,1,0;+CMEE=1^M"):
            self.assertRegex(log, r"(?m)DEBUG: %s$" % re.escape(line))

    def test_direct_delivery_is_acknowledged_when_stored(self):
        gw = self.configure(self.modem.device)
        gw.start()
        gw.wait_link("linuxku")
        self.modem.inject("+4930", "direct")
        self.modem.wait_events("acknowledged")
        gw.wait_status(r"received 1 ")


class Faults(ModemCase):
    def test_device_gone_and_back(self):
        self.start()
        self.send_first()
        self.modem.ctl("vanish 1.5")
        self.gw.wait_status(r"(?s)m1.*waits for .*No such file or directory", 15)
        self.send_all(2, 1)
        start = time.monotonic()
        self.gw.wait_link("m1")
        self.assertLess(time.monotonic() - start, 15)
        self.assert_once(3)

    def test_device_gone_after_the_network_took_it(self):
        self.start()
        self.send_first()
        self.modem.ctl("at-send 1 vanish 1")
        self.send_all(3, 1)
        self.assert_once(4)

    def test_restart_by_itself_in_a_send(self):
        self.start()
        self.send_first()
        self.modem.ctl("at-send 1 reboot 0.5")
        self.send_all(2, 1)
        self.assert_once(3)

    def test_answer_lost_and_the_next_reference_tells(self):
        self.start()
        self.send_first()
        self.modem.ctl("reports none")
        self.modem.ctl("at-send 1 lose-answer")
        self.send_all(3, 1)
        self.assert_once(4)
        self.assertIn("the message whose answer was lost was sent, its reference is 2",
                      self.gw.log())

    def test_answer_lost_and_the_report_tells(self):
        self.start()
        self.send_first()
        self.modem.ctl("at-send 1 lose-answer")
        self.send_all(1, 1)
        self.modem.wait_sent(2)
        start = time.monotonic()
        self.assert_once(2)
        self.assertLess(time.monotonic() - start, 15)

    def test_unanswered_without_a_report_is_uncertain(self):
        self.start()
        self.send("alone")
        self.gw.wait_status(r"m1.*sent: sms 1 ")
        self.modem.ctl("at-send 1 vanish 0.5")
        self.send("perhaps")
        self.gw.wait_log("the answer for message", timeout=30)
        self.empty()
        self.assertEqual(self.texts(), ["alone", "perhaps", "perhaps"])

    def test_a_prompt_is_lost(self):
        self.start()
        self.modem.ctl("lose-prompt")
        self.send_all(2)
        self.assert_once(2)

    def test_one_octet_at_a_time_and_echo(self):
        self.modem.ctl("chunk 1 0")
        self.start()
        self.modem.ctl("set echo on")
        self.send_all(2)
        self.assert_once(2)

    def test_it_says_nothing_for_a_while(self):
        self.start(smsc={"keepalive": 1})
        self.modem.ctl("hang 8")
        self.gw.wait_status(r"m1.*\(re-connecting", 30)
        self.send_all(2)
        self.assert_once(2)

    def test_not_registered_burns_no_tries(self):
        self.start(sms_resend_retry=1)
        self.modem.ctl("set creg 2")
        self.send_all(2)
        self.gw.wait_status(r"(?s)m1.*\(re-connecting.*(no network service|not registered)")
        self.modem.ctl("set creg 1")
        self.assert_once(2)

    def test_one_that_does_not_look_for_a_network_is_told_to(self):
        self.modem.ctl("set creg 0")
        self.start(wait=False)
        self.gw.wait_log("it does not look for a network: AT+CFUN=1", timeout=120)
        self.assertIn("--> AT+CFUN=1^M", self.gw.log())
        self.modem.ctl("set creg 1")
        self.send_all(1)
        self.assert_once(1)

    def test_temporary_errors(self):
        self.start()
        for code in (38, 42, 500):
            self.modem.ctl("fail-next %d" % code)
        self.send_all(1)
        self.assert_once(1)

    def test_errors_that_a_second_attempt_heals(self):
        self.start()
        for n, code in enumerate((322, 303, 304)):
            self.modem.ctl("fail-next %d" % code)
            self.send_all(1, n)
            self.modem.wait_sent(n + 1, timeout=8)
        self.assert_once(3)

    def test_a_number_that_always_fails(self):
        self.modem.ctl("fate +491700000000 refuse 21")
        self.modem.ctl("fate +491700000001 refuse 1")
        self.start()
        self.send("never", to="+491700000000")
        self.send("nobody", to="+491700000001")
        self.send("message 0")
        self.empty()
        self.assertEqual(self.texts(), ["message 0"])
        self.modem.wait_events("refused", 3, number="+491700000000")
        stats = self.modem.ctl("stats")
        self.assertEqual(stats["counts"]["refused"], 4)

    def test_noise_between_header_and_pdu(self):
        app = self.peer(HttpPeer())
        self.start(service=[{"keyword": "default", "max_messages": 0,
                             "get_url": "http://127.0.0.1:%d/mo?text=%%a" % app.port}])
        pdu = self.modem.inject("+4930", "first")[0]
        app.wait(1)
        pdu = pdu[:-2] + "%02X" % ((int(pdu[-2:], 16) + 1) & 0x7F)
        length = len(pdu) // 2 - 8
        lines = "\r\n+CMT: ,%d\r\n^RSSI: 17\r\n%s\r\n" % (length, pdu)
        self.modem.ctl("raw " + lines.encode().hex())
        app.wait(2)


class Tcp(GatewayTest):
    def test_a_modem_behind_a_tcp_port(self):
        modem = self.peer(VirtualModem(tcp=True))
        host, port = modem.address.split(":")
        gw = self.gateway(smsc=[{"smsc": "at", "smsc_id": "m1", "device": "rawtcp", "host": host,
                                 "port": int(port)}])
        gw.start()
        gw.wait_link("m1")
        gw.sendsms(to="+4917012345", text="one")
        modem.wait_sent(1)
        modem.ctl("vanish 0.5")
        gw.wait_status(r"(?s)m1.*waits for rawtcp .*: Connection refused", 15)
        gw.sendsms(to="+4917012345", text="two")
        self.assertEqual(modem.wait_sent(2)[1]["text"], "two")


class Pin(ModemCase):
    ARGUMENTS = ("--pin", "1234")

    def test_right(self):
        self.start(smsc={"pin": "1234"})
        self.send("unlocked")
        self.modem.wait_sent(1)
        self.assertNotRegex(self.gw.log(), r"(?<!\d)1234(?!\d)")

    def test_wrong_is_given_once_in_the_life_of_a_sim(self):
        self.start(smsc={"pin": "9999"}, wait=False)
        self.gw.wait_status(r"(?s)m1.*refused the PIN")
        self.modem.ctl("vanish 0.2")
        self.modem.wait_events("appear")
        self.gw.stop()
        self.gw.start()
        self.gw.wait_status(r"(?s)m1.*refused the PIN")
        self.assertEqual(self.modem.ctl("stats")["pin_tries"], 2)

    def test_none_configured(self):
        self.start(wait=False)
        self.gw.wait_status(r"(?s)m1.*wants its PIN")
        self.assertEqual(self.modem.ctl("stats")["pin_tries"], 3)


if __name__ == "__main__":
    import unittest
    unittest.main()
