# SPDX-License-Identifier: Apache-2.0
"""What comes in and goes out again: the reroute variables of smsc groups, and
the loopback connection."""

import unittest

from bearerbox_test import BearerboxTest
from gateway import wait_for


class Reroute(BearerboxTest):
    def start_pair(self, **reroute):
        """f1 with those variables; f2 takes only what is for f2, f3 for f3."""
        self.start(ids=("f1", "f2", "f3"), group={
            "f1": {"denied_smsc_id": "f1;f2;f3", **reroute},
            "f2": {"allowed_smsc_id": "f2"}, "f3": {"allowed_smsc_id": "f3"}})
        return [self.smsc(name) for name in ("f1", "f2", "f3")]

    def test_every_message_by_smsc_id(self):
        one, two, _ = self.start_pair(reroute_smsc_id="f2")
        one.text("111", "222", "over there")
        self.assertEqual(two.wait()[0].line, "111 222 text over there")
        self.gw.wait_status(r"store size 0")
        self.assertEqual(self.rows("select count(*) from entry where kind = 2"), [(0,)])

    def test_by_receiver_and_the_rest_goes_to_a_box(self):
        one, two, three = self.start_pair(reroute_receiver="f2,222,223; f3,333")
        box = self.box()
        one.text("1", "333", "c")
        one.text("1", "223", "b")
        one.text("1", "444", "a")
        self.assertEqual(two.wait()[0].line, "1 223 text b")
        self.assertEqual(three.wait()[0].line, "1 333 text c")
        self.assertEqual(box.wait_sms()["msgdata"], b"a")

    def test_what_nobody_takes_is_noted(self):
        one, _, _ = self.start_pair(reroute=True)
        one.text("1", "2", "lost")
        wait_for(lambda: self.rows("select state, error from entry where kind = 1")
                 == [(52, "no SMSC")], what="the failed message")
        self.assertTrue(any(line[20:].startswith("DISCARDED SMS")
                            for line in self.gw.access_log()))

    def test_it_survives_a_kill(self):
        self.start(ids=("f1", "f2"), group={"f1": {"denied_smsc_id": "f2", "reroute_smsc_id": "f2"},
                                            "f2": {"allowed_smsc_id": "f2"}})
        one = self.smsc("f1")
        for i in range(20):
            one.text("1", "2", "m%d" % i)
        self.gw.wait_status(r"store size 20")
        self.restart("kill")
        two = self.smsc("f2")
        self.assertEqual({m.text for m in two.wait(20)}, {"m%d" % i for i in range(20)})

    def test_parts_go_on_as_parts(self):
        one, two, _ = self.start_pair(reroute_smsc_id="f2")
        for n in (1, 2):
            one.udh_data("1", "2", bytes((5, 0, 3, 7, 2, n)), b"part%d" % n)
        parts = two.wait(2)
        self.assertEqual([(p.udh[-1], p.data) for p in parts], [(1, b"part1"), (2, b"part2")])


class Loopback(BearerboxTest):
    def start_loop(self, **variables):
        self.gw = self.gateway(smsc=[{"smsc": "loopback", "smsc_id": "loop", **variables}])
        self.gw.start_bearerbox()
        self.gw.wait_link("loop")
        return self.box(), self.box("b1")

    def test_an_mt_comes_back_as_an_mo_and_is_delivered(self):
        other, box = self.start_loop()
        sent = box.submit(sender="12", receiver="34", msgdata="echo", boxc_id="b1", dlr_mask=31,
                          dlr_url="x")
        self.assertEqual(box.wait_ack(sent), 0)
        mo = other.wait_sms()
        self.assertEqual((mo["sender"], mo["receiver"], mo["msgdata"], mo["smsc_id"],
                          mo["sms_type"]), (b"12", b"34", b"echo", b"loop", 0))
        self.assertNotEqual(mo["id"].decode(), sent)
        self.assertEqual(mo.get("dlr_url"), None)
        self.assertEqual([box.wait_sms()["dlr_mask"] for _ in range(2)], [8, 1])

    def test_its_smsc_id_and_long_messages(self):
        other, box = self.start_loop(reroute_smsc_id="elsewhere")
        text = "x" * 400
        self.assertEqual(box.wait_ack(box.submit(msgdata=text, boxc_id="b1")), 0)
        mo = other.wait_sms()
        self.assertEqual((mo["msgdata"], mo["smsc_id"]), (text.encode(), b"elsewhere"))
        self.assertEqual(self.gw.admin("stop-smsc", smsc="loop"), "SMSC `loop' shut down")
        self.gw.wait_status(r"loop.*dead")
        self.assertEqual(self.gw.admin("start-smsc", smsc="loop"), "SMSC `loop' re-started")
        self.gw.wait_link("loop")


if __name__ == "__main__":
    unittest.main()
