# SPDX-License-Identifier: Apache-2.0
"""Sending through a modem that has its troubles: errors of all classes, prompts that
are late, and the memory as a way to send. Nothing accepted is lost, nothing is
sent twice, nobody restarts anything."""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from gateway import wait_for  # noqa: E402
from http_peer import HttpPeer  # noqa: E402
from modem_test import ModemCase  # noqa: E402

ERRORS = os.path.join(HERE, "..", "data", "at-errors.tsv")


class Errors(ModemCase):
    def test_each_that_passes(self):
        self.start()
        self.send_first()
        codes = (38, 42, 47, 303, 322, 331, 332, 500, 512, 515, 0, -1)
        for n, code in enumerate(codes, 1):
            self.modem.ctl("fail-next %d" % code)
            self.send_all(1, n)
            self.modem.wait_events("refused", n)
            if n == 1:
                self.modem.wait_sent(2)  # shows that failures have no references
        self.assert_once(len(codes) + 1, timeout=90)

    def lose_centre(self, smsc=None):
        self.start(smsc=smsc)
        self.send_first()
        self.modem.ctl("fail-next 330")
        self.send_all(1, 1)
        self.assert_once(2)
        self.assertNotIn("nothing is sent for now", self.gw.log())

    def test_a_lost_service_centre_is_set_again(self):
        self.lose_centre({"sms_center": "+491710760001"})
        self.assertEqual(self.gw.log().count('--> AT+CSCA="+491710760001"'), 2)

    def test_the_service_centre_of_the_sim_is_set_again(self):
        self.lose_centre()
        self.assertIn('--> AT+CSCA="+491710760000"', self.gw.log())

    def test_without_a_service_centre_it_is_said_what_to_do(self):
        self.modem.ctl("set smsc ")
        self.start()
        self.send_all(1)
        self.gw.wait_status(r"(?s)m1.*\(re-connecting.*330.*set sms-center")
        self.modem.inject("+4917055", "still received")
        self.gw.wait_status(r"m1.*rcvd: sms 1 ")
        self.modem.ctl("set smsc +491710760000")
        wait_for(lambda: "message 0" in self.texts(), 120, "the message after all")

    def test_a_full_memory_is_no_fault_of_the_message(self):
        self.start()
        self.modem.ctl("fail-next 322 10")  # each attempt is made twice
        self.send_all(1)
        self.assert_once(1)
        self.assertEqual(self.modem.ctl("stats")["counts"]["refused"], 10)

    def test_a_stop_between_two_parts_is_no_failure(self):
        self.start(sms_resend_retry=0)
        self.modem.ctl("set send-time 2")
        text = "one of three parts, " * 20
        self.send(text)
        self.gw.admin("stop-smsc", smsc="m1")
        self.gw.wait_status(r"m1.*\(dead")
        self.assertLess(len(self.modem.sent_parts()), 3)
        self.modem.ctl("set send-time 0")
        self.gw.admin("start-smsc", smsc="m1")
        wait_for(lambda: len(self.modem.sent_parts()) == 3, 40,
                 lambda: "three parts: %s" % self.modem.sent_parts())
        self.assertEqual("".join(part["text"] for part in self.modem.sent_parts()), text)

    def refusals(self, codes):
        """Receivers that refuse with these codes, one message to each: how often each
        was tried."""
        numbers = {code: "+49%d" % (170000 + code) for code in codes}
        for code, number in numbers.items():
            self.modem.ctl("fate %s refuse %d" % (number, code))
            self.send("never", to=number)
        self.send("message 0")
        self.assert_once(1)
        self.empty()
        self.modem.wait_events("refused", len(codes))
        return {code: len([e for e in self.modem.events
                           if e["event"] == "refused" and e.get("number") == number])
                for code, number in numbers.items()}

    def test_permanent_ones_cost_one_try(self):
        with open(ERRORS, encoding="utf-8") as f:
            rows = [line.split("\t") for line in f]
        codes = [int(row[1]) for row in rows if row[0] == "cms" and row[2] == "perm"] + [531]
        self.assertGreater(len(codes), 20)
        self.start()
        self.assertEqual(self.refusals(codes), {code: 1 for code in codes})

    def test_no_sense_is_doubted_once_on_a_connection(self):
        """The line may have made nonsense of it; after that it is believed, also after
        the modem was opened again."""
        self.start()
        self.send("before")
        self.modem.wait_sent(1)
        self.modem.ctl("fate +491 refuse 304")
        self.send("never", to="+491")
        self.modem.wait_events("refused", 2, number="+491")
        self.empty()
        self.modem.ctl("vanish 0.5")
        self.gw.wait_status(r"(?s)m1.*lost 1")
        self.gw.wait_link("m1", 60)
        for n in (2, 3, 4):
            self.modem.ctl("fate +49%d refuse 304" % n)
            self.send("never", to="+49%d" % n)
        self.empty()
        self.modem.wait_events("refused", 5)
        refused = [e["number"] for e in self.modem.events if e["event"] == "refused"]
        self.assertEqual(refused, ["+491", "+491", "+492", "+493", "+494"])

    def test_a_mode_that_is_lost_is_no_fault_of_the_message(self):
        self.start()
        self.send("before")
        self.modem.ctl("fate +491 refuse 304")
        self.send("never", to="+491")
        self.modem.wait_events("refused", 2, number="+491")
        self.empty()
        self.modem.ctl('answer +CMGF? {"lines": ["+CMGF: 1"], "final": "OK"}')
        self.modem.ctl("fail-next 304")
        self.send("message 0")
        self.modem.wait_sent(2)
        self.assertEqual(self.texts(), ["before", "message 0"])

    def test_validity_that_is_refused_is_not_asked_again(self):
        self.start(smsc={"validityperiod": 167})
        self.modem.ctl("fail-next 199")
        self.send_all(3)
        self.assert_once(3)
        self.assertEqual(self.modem.ctl("stats")["counts"]["refused"], 1)
        self.assertEqual([p.get("vp") for p in self.modem.sent_parts()], [None] * 3)

    def test_a_bar_on_one_receiver_stops_nobody(self):
        self.modem.ctl("fate +49666 refuse 10")
        self.start()
        self.send("barred", to="+49666")
        self.modem.wait_events("refused")
        self.send("message 0")
        self.send("message 1")
        self.assert_once(2, timeout=15)
        self.empty()

    def test_a_barred_sim_stops(self):
        self.modem.ctl("reports refuse 10")
        self.start()
        self.send_all(1)
        self.modem.wait_events("refused")
        self.send_all(1, 1)
        self.gw.wait_status(r"(?s)m1.*\(re-connecting.*call barred")

    def test_a_message_that_always_gets_the_modem_into_trouble(self):
        for n, code in enumerate((300, 331)):
            self.modem.ctl("fate +4966%d refuse %d" % (n, code))
        self.start(sms_resend_freq=60)
        self.send("poison", to="+49660")
        self.send("poison", to="+49661")
        self.send_all(3)
        self.assert_once(3, timeout=90)


class Prompts(ModemCase):
    def test_late_ones(self):
        self.modem.ctl("set prompt-time 3")
        self.start()
        self.send_all(2)
        self.assert_once(2)

    def test_chatter_before_the_answer(self):
        self.start()
        for n, line in enumerate(("+CREG: 1", "RING", "^RSSI: 17", "+CMTI: \"SM\",9", "OK?")):
            self.modem.ctl("at-send 1 noise " + line)
            self.send_all(1, n)
            self.modem.wait_sent(n + 1)
        self.assert_once(5)

    def test_half_a_minute_of_errors_after_its_restart(self):
        self.start()
        self.send_first()
        self.modem.ctl("set sms-ready-time 30")
        self.modem.ctl("at-send 1 reboot 0.5")
        start = time.monotonic()
        self.send_all(2, 1)
        self.assert_once(3, timeout=120)
        self.assertGreater(time.monotonic() - start, 30)
        self.assertIn("+CMS ERROR: 3", self.gw.log())


class FromMemory(ModemCase):
    def test_written_sent_and_deleted(self):
        self.start(smsc={"send_from_memory": True})
        self.send_all(2)
        self.assert_once(2)
        stats = self.modem.wait_stats(lambda s: s["memories"]["SM"][0] == 0)
        self.assertEqual(stats["counts"]["submitted"], 2)
        self.gw.wait_log("AT+CMSS=1")

    def crash(self, command):
        """When the message is written; and what people have put there stays."""
        submit = "0001000C9194711032547600000568656C6C6F"
        self.modem.ctl("store SM 3 00" + submit)
        self.modem.ctl("store SM 2 00" + submit)
        self.start(smsc={"send_from_memory": True})
        self.modem.ctl(command)
        self.send("message 0")
        self.modem.wait_stats(lambda s: s["memories"]["SM"][0] == 3)
        self.gw.wait_log("--> AT+CMSS=3^M")

    def come_back(self):
        self.gw.kill()
        self.modem.ctl("resume")
        self.gw.start()
        self.modem.wait_stats(lambda s: s["memories"]["SM"][0] == 2, timeout=60)
        self.empty()
        self.assertEqual(self.texts(), ["message 0"])
        self.gw.wait_status(r"m1.*rcvd: sms 0 ")
        log = self.gw.log()
        for index in (1, 2):
            self.assertNotIn("--> AT+CMGD=%d^M" % index, log)

    def test_a_crash_when_it_was_sent(self):
        self.crash("at-send 1 hang 3600")
        self.modem.wait_sent(1)
        self.come_back()
        self.gw.wait_log("was sent before the gateway went down")

    def test_a_crash_when_it_was_not_sent(self):
        self.crash('answer +CMSS=3 {"final": null}')
        self.gw.kill()
        self.modem.ctl("answer +CMSS=3 null")
        self.come_back()

    def test_a_modem_that_only_sends_what_is_stored(self):
        self.modem.ctl("set lacks +CMGS")
        self.start()
        self.send_all(2)
        self.assert_once(2)
        self.gw.wait_log("messages are sent from the memory")

    def test_a_modem_that_stores_nothing(self):
        self.modem.ctl("set lacks +CMGW")
        self.start(smsc={"send_from_memory": True})
        self.send_all(2)
        self.assert_once(2)

    def test_the_memory_tells_that_it_was_sent(self):
        self.start(smsc={"send_from_memory": True})
        self.modem.ctl("at-send 1 lose-answer")
        self.send("message 0")
        self.gw.wait_status("settled 1", timeout=60)
        self.empty()
        self.assertEqual(self.texts(), ["message 0"])
        self.modem.wait_stats(lambda s: s["memories"]["SM"][0] == 0)

    def test_the_memory_tells_that_it_was_not_sent(self):
        self.start(smsc={"send_from_memory": True})
        self.modem.ctl("fail-next 332")
        self.send("message 0")
        self.gw.wait_status("settled 1", timeout=60)
        self.empty()
        self.assertEqual(self.texts(), ["message 0"])

    def test_it_restarts_when_it_was_sent(self):
        self.start(smsc={"send_from_memory": True})
        self.send_first()
        self.modem.ctl("at-send 1 reboot 0.5")
        self.send("message 1")
        self.gw.wait_status("settled 1", timeout=60)
        self.assert_once(2)


class Phase1(ModemCase):
    def test_pdus_without_the_field_of_the_service_centre(self):
        app = self.peer(HttpPeer())
        self.modem.ctl("set phase1 on")
        self.start(service=[{"keyword": "default", "max_messages": 0,
                             "get_url": "http://127.0.0.1:%d/mo?text=%%a" % app.port}])
        self.send_all(3)
        self.assert_once(3)
        self.gw.wait_log("the modem wants PDUs without the service centre")
        self.modem.inject("+4930", "incoming")
        self.assertEqual(app.wait(1)[0].query["text"], "incoming")


class LongMessages(ModemCase):
    TEXT = "A long text with € and [brackets]. " * 9

    def test_the_link_is_kept_between_parts(self):
        self.start()
        self.send(self.TEXT)
        self.assertEqual(self.modem.wait_sent(1)[0]["text"], self.TEXT)
        self.gw.wait_log("AT+CMMS=1")

    def test_a_modem_that_does_not_keep_it(self):
        self.modem.ctl("set lacks +CMMS")
        self.start()
        self.send(self.TEXT)
        self.assertEqual(self.modem.wait_sent(1)[0]["text"], self.TEXT)

    def test_an_answer_is_lost_in_the_middle(self):
        self.start()
        self.send_first()
        self.modem.ctl("at-send 2 lose-answer")
        self.send(self.TEXT, dlr_mask=3, dlr_url="http://127.0.0.1:1/")
        sent = self.modem.wait_sent(2, timeout=60)
        self.assertEqual(sent[1]["text"], self.TEXT)
        wait_for(lambda: len(self.modem.sent_parts()) >= 4, 20, "all parts")
        self.empty_but_reports()
        self.assertEqual(len(self.modem.sent_parts()), 4)

    def empty_but_reports(self):
        self.gw.wait_status(r"\(online.*queued 0 msgs", 30)


if __name__ == "__main__":
    import unittest
    unittest.main()
