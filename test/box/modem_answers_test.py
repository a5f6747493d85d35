# SPDX-License-Identifier: Apache-2.0
"""Answers of a modem that are lost, one after the other, and reports that come when
they like: what was sent is found out, and nothing is sent twice."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import pdu  # noqa: E402
from http_peer import HttpPeer  # noqa: E402
from modem_test import ModemCase  # noqa: E402


class LostAnswers(ModemCase):
    def test_several_in_a_row_and_reports_tell(self):
        self.start()
        self.send_first()
        self.modem.ctl("reports auto delay 60")
        for n in (1, 2):
            self.modem.ctl("at-send %d lose-answer" % n)
        self.send_all(2, 1)
        self.modem.wait_sent(3, timeout=60)
        for n in (2, 3):
            self.modem.ctl("report %d 00" % n)
        self.modem.ctl("reports auto")
        self.send_all(1, 3)
        self.assert_once(4)
        self.gw.wait_status("settled 2")

    def test_several_in_a_row_and_the_next_reference_tells(self):
        self.modem.ctl("set mr 253")
        self.start()
        self.send_first()
        self.modem.ctl("reports none")
        for n in (1, 2):
            self.modem.ctl("at-send %d lose-answer" % n)
        self.send_all(3, 1)
        self.assert_once(4, timeout=90)
        self.gw.wait_status("settled 2")

    def test_a_hang_after_some(self):
        self.start()
        self.send_first()
        self.modem.ctl("at-send 2 hang 4")
        self.send_all(4, 1)
        self.assert_once(5, timeout=60)

    def test_an_answer_that_is_late(self):
        self.start()
        self.send_first()
        self.modem.ctl("reports none")
        self.modem.ctl("at-send 1 set answer-time 16")
        self.send_all(1, 1)
        self.modem.wait_sent(2)
        self.modem.ctl("set answer-time 0")
        self.send_all(1, 2)
        self.assert_once(3, timeout=60)

    def test_perhaps_sent_without_a_report_is_named(self):
        self.start()
        self.send("message 0")
        self.gw.wait_status(r"m1.*sent: sms 1 ")
        self.modem.ctl("fail-next 332")
        self.send("message 1")
        self.gw.wait_log("the answer for message", timeout=30)
        self.gw.wait_status("uncertain 1")
        self.assert_once(2)


class Reports(ModemCase):
    def collect(self, words, count=1):
        app = self.peer(HttpPeer())
        self.modem.ctl("reports " + words)
        self.start()
        self.send("one", dlr_mask=3, dlr_url="http://127.0.0.1:%d/dlr?type=%%d" % app.port)
        app.wait(count)
        return [r.query["type"] for r in app.requests]

    def test_before_the_answer(self):
        self.modem.ctl("set send-time 0.3")
        self.assertEqual(self.collect("auto early"), ["1"])

    def test_late(self):
        self.assertEqual(self.collect("auto delay 3"), ["1"])

    def test_doubled(self):
        self.assertEqual(self.collect("auto double"), ["1"])
        self.gw.wait_status("repeated 1")

    def test_stored_and_told(self):
        self.modem.ctl("set cnmi-offer [[0,1,2],[0,1],[0],[0,2],[0]]")
        self.assertEqual(self.collect("auto"), ["1"])
        self.modem.wait_stats(lambda s: s["memories"]["SR"][0] == 0)

    def test_that_lay_in_the_memory(self):
        app = self.peer(HttpPeer())
        self.modem.ctl("reports none")
        self.start()
        self.send("one", dlr_mask=3, dlr_url="http://127.0.0.1:%d/dlr?type=%%d" % app.port)
        self.modem.wait_sent(1)
        self.gw.wait_status(r"m1.*sent: sms 1 ")
        self.gw.stop()
        self.modem.ctl("set cnmi-offer [[0,1,2],[0,1],[0],[0,2],[0]]")
        # As if it had come while nobody listened.
        part = self.modem.sent_parts()[0]
        self.modem.ctl("store SR 0 " + pdu.encode_report(part["mr"], part["to"], 0))
        self.gw.start()
        app.wait(1)
        self.assertEqual([r.query["type"] for r in app.requests], ["1"])
        self.modem.wait_stats(lambda s: s["memories"]["SR"][0] == 0)

    def test_references_go_round(self):
        app = self.peer(HttpPeer())
        self.modem.ctl("set mr 253")
        self.start()
        for n in range(5):
            self.send("m%d" % n, to="+49170%d" % n, dlr_mask=3,
                      dlr_url="http://127.0.0.1:%d/%d?type=%%d" % (app.port, n))
        app.wait(5)
        self.assertEqual(sorted(r.path.split("?")[0] for r in app.requests),
                         ["/%d" % n for n in range(5)])


if __name__ == "__main__":
    import unittest
    unittest.main()
