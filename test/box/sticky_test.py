# SPDX-License-Identifier: Apache-2.0
"""
Sticky senders: several SIMs as one SMSC, and each number always sees the same one.
"""
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from gateway import GatewayTest, free_ports, wait_for  # noqa: E402
from smsc_peer import FakeSmsc  # noqa: E402


class Sticky(GatewayTest):
    def start(self, *more, count=3, **common):
        self.first = free_ports(count)
        groups = [{"smsc": "fake", "smsc_id": "sims", "smsc_admin_id": "sim%d" % i,
                   "port": self.first + i, "sticky_sender": True, "reconnect_delay": 1,
                   **common, **(more[i] if i < len(more) else {})} for i in range(count)]
        self.gw = self.gateway(smsc=groups, service=[
            {"keyword": "default", "text": "answer", "max_messages": 1}])
        self.gw.start()
        self.smscs = [self.peer(FakeSmsc(self.first + i)) for i in range(count)]
        self.gw.wait_status(r"(?s)" + r"\(online.*" * count)

    def counts(self):
        return [len(smsc.received) for smsc in self.smscs]

    def wait_total(self, total):
        return wait_for(lambda: sum(self.counts()) == total and self.counts(), 20,
                        lambda: "%d messages, not %s" % (total, self.counts()))

    def send(self, to, count):
        for n in range(count):
            self.gw.sendsms(to=to, text="to %s, %d" % (to, n), smsc="sims")
            self.total = getattr(self, "total", 0) + 1
            self.wait_total(self.total)

    def test_a_number_stays_with_its_sim(self):
        self.start()
        self.send("111", 12)
        self.assertEqual(sorted(self.counts()), [0, 0, 12])

    def test_numbers_are_spread(self):
        self.start()
        for n in range(30):
            self.gw.sendsms(to="5%02d" % n, text="x", smsc="sims")
        counts = self.wait_total(30)
        self.assertTrue(all(counts), counts)

    def test_without_it_one_number_sees_all(self):
        self.start(sticky_sender=False)
        self.send("111", 30)
        self.assertTrue(all(self.counts()), self.counts())

    def test_an_answer_goes_back_the_way_the_message_came(self):
        self.start()
        for n, smsc in enumerate(self.smscs):
            for _ in range(3):
                smsc.text("77%d" % n, "1", "hello")
        self.wait_total(9)
        self.assertEqual(self.counts(), [3, 3, 3])

    def test_others_take_over_while_it_is_away(self):
        self.start(count=2)
        self.smscs[0].text("111", "1", "hello")
        self.wait_total(1)
        self.total = 1
        self.send("111", 2)
        self.assertEqual(self.counts(), [3, 0])
        self.smscs[0].stop()
        self.gw.wait_status(r"sim0.*connecting")
        self.gw.sendsms(to="111", text="elsewhere", smsc="sims")
        self.smscs[1].wait(1)

    def test_others_take_over_beyond_its_limit(self):
        self.start({"limit_month": 2}, count=2)
        self.smscs[0].text("111", "1", "hello")
        self.wait_total(1)
        self.total = 1
        self.send("111", 3)
        self.assertEqual(self.counts(), [2, 2])

    def test_rules_come_first(self):
        self.start({}, {"preferred_prefix": "111"}, count=2)
        self.smscs[0].text("111", "1", "hello")
        self.smscs[1].wait(1)


if __name__ == "__main__":
    unittest.main()
