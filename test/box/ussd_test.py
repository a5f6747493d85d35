# SPDX-License-Identifier: Apache-2.0
"""
Questions to the network through a modem: the command ussd, menus, the forms that
modems speak, and balance checks that stop sending.
"""
import os
import sys
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from gateway import GatewayTest  # noqa: E402
from modem_peer import VirtualModem  # noqa: E402


class UssdCase(GatewayTest):
    def setUp(self):
        self.modem = self.peer(VirtualModem())

    def start(self, **more):
        self.gw = self.gateway(smsc=[{"smsc": "at", "smsc_id": "m1",
                                      "device": self.modem.device, **more}])
        self.gw.start()
        self.gw.wait_link("m1")

    def ask(self, **parameters):
        return self.gw.admin("ussd", smsc="m1", **parameters)


class Ussd(UssdCase):
    def test_a_code(self):
        self.start()
        self.assertEqual(self.ask(code="*100#"), "Balance 5.00 EUR")
        self.assertEqual(self.ask(code="*999#"),
                         "Could not ask the network: the network does not know this")

    def test_a_menu(self):
        self.modem.ctl(r"ussd *123# 1 1: Balance\n2: Top up")
        self.modem.ctl("ussd *123#>2 1 Amount?")
        self.modem.ctl("ussd *123#>2>10 0 Thanks")
        self.start()
        more = "\n(The network waits for an answer.)"
        self.assertEqual(self.ask(code="*123#"), "1: Balance\n2: Top up" + more)
        self.assertEqual(self.ask(answer="2"), "Amount?" + more)
        self.assertEqual(self.ask(answer="10"), "Thanks")
        self.assertEqual(self.ask(answer="1"), "Could not ask the network: "
                         "the network asked nothing, or does not wait any more")

    def test_a_menu_is_left(self):
        self.modem.ctl("ussd *123# 1 Which?")
        self.start()
        self.ask(code="*123#")
        self.assertEqual(self.ask(answer=""), "")
        self.modem.wait_events("ussd-cancel", 1)
        self.ask(code="*123#")
        self.assertEqual(self.ask(code="*100#"), "Balance 5.00 EUR")
        self.modem.wait_events("ussd-cancel", 2)

    def test_packed_and_ucs2(self):
        self.modem.ctl("set ussd-form packed")
        self.modem.ctl("ussd *7# 0 Seven..")
        self.start()
        self.assertEqual(self.ask(code="*100#"), "Balance 5.00 EUR")
        self.assertEqual(self.ask(code="*7#"), "Seven..")
        self.assertIn("AA180C3602", self.gw.log())

    def test_a_text_that_looks_like_other_lines(self):
        self.modem.ctl(r'ussd *5# 0 Your plan "Max" is\nOK\nRDY or not')
        self.start()
        self.assertEqual(self.ask(code="*5#"), 'Your plan "Max" is\nOK\nRDY or not')
        self.gw.wait_link("m1")

    def test_messages_flow_while_the_network_is_silent(self):
        self.modem.ctl("set ussd-silent 1")
        self.start()
        answers = []
        asking = threading.Thread(target=lambda: answers.append(self.ask(code="*100#")))
        asking.start()
        self.addCleanup(asking.join)
        self.modem.wait_events("ussd")
        self.assertEqual(self.ask(code="*100#"),
                         "Could not ask the network: another question waits for its answer")
        self.modem.inject("+4930", "meanwhile")
        self.gw.wait_status(r"received 1 ")
        self.assertEqual(answers, [])
        self.gw.sendsms(to="+4917012345", text="later")
        asking.join(60)
        self.assertEqual(answers, ["Could not ask the network: "
                                   "the network did not answer in time"])
        self.modem.wait_sent(1, text="later")

    def test_what_cannot_be_asked(self):
        self.start()
        self.assertEqual(self.gw.admin("ussd"), "SMSC id not given")
        self.assertEqual(self.ask(), "Code not given")
        self.assertEqual(self.gw.admin("ussd", smsc="m9", code="*1#"),
                         "No SMSC `m9' is online")
        for code in ('*1#",15;+CFUN=0', "*1#\rAT+CFUN=0", "1" * 200, "Ж"):
            self.assertIn("characters that cannot be sent", self.ask(code=code))
        self.assertEqual(self.gw.http(self.gw.admin_port, "/ussd?smsc=m1&code=*100%23")[1],
                         "Denied")

    def test_the_gateway_ends_meanwhile(self):
        self.modem.ctl("set ussd-silent 1")
        self.start()
        asking = threading.Thread(target=self.ask_or_nothing)
        asking.start()
        self.addCleanup(asking.join)
        self.modem.wait_events("ussd")
        self.gw.stop()

    def ask_or_nothing(self):
        try:
            self.ask(code="*100#")
        except OSError:
            pass


class Balance(UssdCase):
    def test_it_is_asked_and_shown(self):
        self.modem.ctl("ussd *101# 0 Your credit on 01.02. is EUR 1.234,50")
        self.start(balance_code="*101#", balance_pattern=r"EUR ([0-9.,]+)", balance_least=10)
        self.gw.wait_status(r"balance 1234\.50\b")
        self.assertIn('kantele_smsc_balance{smsc="m1"} 1234.50\n',
                      self.gw.admin("metrics"))
        self.gw.sendsms(to="+4917012345", text="paid")
        self.modem.wait_sent(1)

    def test_too_low_and_back(self):
        self.modem.ctl("ussd *100# 0 Balance 1,20 EUR")
        self.start(balance_code="*100#", balance_least="2.5")
        page = self.gw.wait_status(r"the balance 1\.20 is below balance-least \(2\.50\)")
        self.assertRegex(page.string, r"m1.*\(online")
        self.gw.wait_log("nothing is sent until it is back")
        self.gw.sendsms(to="+4917012345", text="waits")
        self.gw.wait_status(r"queued 1 msgs")
        self.modem.inject("+4930", "comes in all the same")
        self.gw.wait_status(r"received 1 ")
        self.assertEqual(self.modem.sent_parts(), [])
        self.modem.ctl("ussd *100# 0 Balance 20 EUR")
        self.assertEqual(self.ask(code="*100#"), "Balance 20 EUR")
        self.modem.wait_sent(1, text="waits")
        self.gw.wait_status(r"balance 20\.00\b")
        self.gw.wait_log("the balance is back, 20.00")

    def test_it_is_asked_again(self):
        self.start(balance_code="*100#", balance_every="1s")
        self.modem.wait_events("ussd", 3, text="*100#")

    def test_a_menu_behind_the_amount_is_left(self):
        self.modem.ctl(r"ussd *100# 1 Balance 7.00\n1: Top up")
        self.start(balance_code="*100#")
        self.modem.wait_events("ussd-cancel")
        self.gw.wait_status(r"balance 7\.00\b")

    def test_an_answer_without_an_amount(self):
        self.modem.ctl("ussd *100# 0 Come back later")
        self.start(balance_code="*100#", balance_least=5)
        self.gw.wait_log("balance-pattern finds no amount in: Come back later")
        self.gw.sendsms(to="+4917012345", text="goes")
        self.modem.wait_sent(1)


if __name__ == "__main__":
    unittest.main()
