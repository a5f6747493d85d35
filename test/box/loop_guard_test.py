# SPDX-License-Identifier: Apache-2.0
"""
The loop guard: messages from our own numbers reach no service, and two programs
that answer each other come to an end.
"""
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from gateway import GatewayTest, free_port  # noqa: E402
from modem_peer import VirtualModem  # noqa: E402
from smsc_peer import FakeSmsc  # noqa: E402

SERVICE = {"keyword": "default", "text": "answer", "max_messages": 1}


class LoopGuard(GatewayTest):
    def start(self, core=None, smsbox=None, **link):
        port = free_port()
        self.gw = self.gateway(
            smsc=[{"smsc": "fake", "smsc_id": "f", "port": port, **link}], service=[SERVICE],
            core=core or {}, smsbox=smsbox or {})
        self.gw.start()
        smsc = self.peer(FakeSmsc(port))
        self.gw.wait_link("f")
        return smsc

    def test_own_numbers(self):
        smsc = self.start(core={"own_numbers": "+491701111111; 8888"}, my_number="4711")
        for sender in ("4711", "8888", "00491701111111", "01701111111", "+491702222222"):
            smsc.text(sender, "4711", "hello")
        line, = smsc.wait(1)  # only the stranger has an answer
        self.assertIn("+491702222222", repr(line))
        self.gw.wait_status(r"looped 4\b")
        self.gw.wait_status(r"SMS: received 1 \(0 queued\)")
        self.assertEqual(
            sum("REJECTED Receive SMS - own-number SMS" in line for line in self.gw.access_log()),
            4)
        self.gw.wait_log("from one of our own numbers goes to no service")

    def test_the_number_of_a_sim(self):
        modem = self.peer(VirtualModem())
        self.gw = self.gateway(smsc=[{"smsc": "at", "smsc_id": "m1", "device": modem.device}],
                               service=[SERVICE])
        self.gw.start()
        self.gw.wait_status(r"number \+491709990001")
        modem.inject("+491709990001", "to myself")
        self.gw.wait_status(r"looped 1\b")
        modem.inject("+4930", "from a stranger")
        self.assertEqual(modem.wait_sent(1)[0]["to"], "+4930")
        self.assertEqual(modem.ctl("stats")["memories"]["SM"][0], 0)

    def test_off(self):
        smsc = self.start(core={"loop_guard": False}, my_number="4711")
        smsc.text("4711", "4711", "hello")
        smsc.wait(1)

    def test_so_many_answers_a_minute(self):
        smsc = self.start(smsbox={"loop_guard_answers": 3})
        for _ in range(5):
            smsc.text("100", "200", "I am on holiday")
        self.gw.wait_log("<100> had loop-guard-answers (3) answers to one text in a minute",
                         name="smsbox")
        self.gw.wait_status(r"SMS: received 5 \(0 queued\)")
        smsc.text("101", "200", "I am on holiday")
        smsc.text("100", "200", "something else")
        lines = smsc.wait(5)
        self.assertEqual([line.receiver for line in lines].count("100"), 4)

    def test_two_programs_that_answer_each_other(self):
        smsc = self.start()  # 20 by default
        smsc.text("100", "200", "I am on holiday")
        for n in range(1, 21):
            smsc.wait(n)
            smsc.text("100", "200", "I am on holiday")
        self.gw.wait_status(r"SMS: received 21 \(0 queued\)")
        self.assertEqual(len(smsc.wait(20)), 20)

    def test_any_number_of_answers(self):
        smsc = self.start(smsbox={"loop_guard_answers": 0})
        for _ in range(30):
            smsc.text("100", "200", "again")
        smsc.wait(30)

    def test_many_different_texts_are_no_loop(self):
        smsc = self.start()
        for n in range(30):
            smsc.text("100", "200", "number %d" % n)
        smsc.wait(30)


if __name__ == "__main__":
    unittest.main()
