# SPDX-License-Identifier: Apache-2.0
"""
What a modem tells of itself, its SIM and the network: on the status page, and
never at the cost of a message.
"""
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from gateway import GatewayTest  # noqa: E402
from modem_peer import VirtualModem  # noqa: E402


class Facts(GatewayTest):
    def setUp(self):
        self.modem = self.peer(VirtualModem())

    def start(self):
        gw = self.gateway(smsc=[{"smsc": "at", "smsc_id": "m1", "device": self.modem.device,
                                 "reconnect_delay": 1}])
        gw.start()
        gw.wait_link("m1")
        return gw

    def test_on_the_status_page(self):
        gw = self.start()
        # 20 is -113 + 2 * 20 dBm (3GPP TS 27.007, section 8.5).
        page = gw.wait_status(r"signal -73\b").string
        for fact in ("model KANTELE VIRTUAL GSM MODEM 1.0", "imei 356938035640001",
                     "imsi 262011234560001", "iccid 89490112345678900001",
                     "number +491709990001", "service-centre +491710760000",
                     "operator VIRTUAL", "registration home"):
            self.assertIn(fact, page)
        xml = gw.status("xml")
        self.assertIn("<operator>VIRTUAL</operator>", xml)
        self.assertIn("<signal>-73</signal>", xml)

    def test_operator_with_reserved_characters(self):
        self.modem.ctl("set operator <b>&co, OK")
        gw = self.start()
        gw.wait_status(r"operator <b>&co, OK")
        self.assertIn("<operator>&lt;b&gt;&amp;co, OK</operator>", gw.status("xml"))

    def test_weak_signal_is_said(self):
        self.modem.ctl("set csq 3")
        gw = self.start()
        gw.wait_log("the signal is weak, -107 dBm")
        gw.wait_status(r"signal -107\b")

    def test_a_search_with_its_signal(self):
        self.modem.ctl("set creg 2")
        gw = self.gateway(smsc=[{"smsc": "at", "smsc_id": "m1", "device": self.modem.device}])
        gw.start_bearerbox()
        gw.wait_status(r"(?s)m1.*not registered in the network.*imei 356938035640001.*"
                       r"registration searching")
        self.modem.ctl("set creg 1")
        gw.wait_status(r"(?s)m1.*online.*registration home")

    def test_roaming(self):
        self.modem.ctl("set creg 5")
        gw = self.start()
        gw.wait_status(r"registration roaming")

    def test_another_sim(self):
        gw = self.start()
        gw.wait_status(r"iccid 89490112345678900001")
        self.modem.ctl("set iccid 8949011234567899999")
        self.modem.ctl("vanish 0.5")
        gw.wait_log("another SIM: its ICCID is 8949011234567899999, "
                    "it was 89490112345678900001")
        gw.wait_status(r"iccid 8949011234567899999\b")

    def test_lte_signal_and_a_numeric_operator(self):
        self.modem.ctl('answer +CSQ {"lines": ["+CSQ: 99,99"]}')
        self.modem.ctl('answer +CESQ {"lines": ["+CESQ: 99,99,255,255,20,46"]}')
        self.modem.ctl('answer +CCID {"lines": [], "final": "ERROR"}')
        self.modem.ctl('answer +ICCID {"lines": [], "final": "ERROR"}')
        self.modem.ctl('answer ^ICCID? {"lines": ["^ICCID: 98941021436587092143"]}')
        self.modem.ctl('answer +CGMM {"lines": ["+CGMM: KANTELE X1"]}')
        self.modem.ctl("set cops-format 2")
        gw = self.start()
        page = gw.wait_status(r"signal -95\b").string  # -141 + 46, 3GPP TS 27.007, 8.69
        for fact in ("model KANTELE X1 1.0", "iccid 89490112345678901234"):
            self.assertIn(fact, page)
        gw.wait_status(r"operator VIRTUAL")

    def test_a_sim_that_is_busy_at_first(self):
        self.modem.ctl('answer +CIMI {"lines": [], "final": "+CME ERROR: 14"}')
        self.modem.ctl('answer +CCID {"lines": [], "final": "ERROR"}')
        self.modem.ctl('answer +ICCID {"lines": [], "final": "ERROR"}')
        gw = self.start()
        gw.sendsms(to="+4917012345", text="goes all the same")
        self.modem.wait_sent(1)
        gw.wait_status(r"operator VIRTUAL")
        self.assertNotIn("imsi", gw.status())

    def test_what_is_not_answered_is_not_asked_again(self):
        self.modem.ctl('answer +CCID {"final": null}')
        gw = self.start()
        gw.wait_status(r"iccid 89490112345678900001")  # by another question
        gw.wait_status(r"operator VIRTUAL")
        self.modem.ctl("vanish 0.5")
        gw.wait_status(r"(?s)m1.*lost 1")
        gw.wait_status(r"(?s)m1.*online.*operator VIRTUAL")
        self.assertEqual(gw.log().count("--> AT+CCID"), 1)

    def test_isolated(self):
        gw = self.start()
        gw.admin("isolate")
        self.modem.inject("+4930", "waits")
        gw.sendsms(to="+4917012345", text="goes")
        self.modem.wait_sent(1)
        gw.admin("resume")
        gw.wait_status(r"SMS: received 1 ")

    def test_messages_go_while_questions_are_refused(self):
        self.modem.ctl("set csq 99")
        gw = self.start()
        gw.sendsms(to="+4917012345", text="through")
        self.assertEqual(self.modem.wait_sent(1)[0]["text"], "through")
        page = gw.wait_status(r"operator VIRTUAL").string
        self.assertNotIn("signal", page)


if __name__ == "__main__":
    unittest.main()
