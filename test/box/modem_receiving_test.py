# SPDX-License-Identifier: Apache-2.0
"""Receiving through a modem: every way in which it can hand a message over, and what
may go wrong there. What an application gets it gets once; nothing is lost."""
import datetime
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import pdu  # noqa: E402
from http_peer import HttpPeer  # noqa: E402
from modem_test import ModemCase  # noqa: E402

DIRECT = "[[0,1,2],[0,2],[0],[0,1],[0]]"
SILENT = "[[0],[0],[0],[0],[0]]"


class ReceivingCase(ModemCase):
    def setUp(self):
        super().setUp()
        self.app = self.peer(HttpPeer())

    def listen(self, **link):
        self.start(smsc=link, service=[{
            "keyword": "default", "max_messages": 0,
            "get_url": "http://127.0.0.1:%d/mo?text=%%a" % self.app.port}])

    def texts(self, count):
        """So many texts, and no more."""
        self.app.wait(count, timeout=40)
        self.modem.wait_stats(lambda s: s["memories"]["SM"][0] == 0 and not s["waiting"]
                              and not s["unacknowledged"])
        return sorted(r.query["text"] for r in self.app.requests)

    def empty_memories(self):
        self.modem.wait_stats(lambda s: all(not used for used, _ in s["memories"].values()))


class HandedOver(ReceivingCase):
    def test_directly_with_acknowledgement(self):
        self.modem.ctl("set cnmi-offer " + DIRECT)
        self.listen()
        for n in range(3):
            self.modem.inject("+4930", "message %d" % n)
        self.assertEqual(self.texts(3), ["message %d" % n for n in range(3)])
        self.assertEqual(self.modem.ctl("stats")["counts"]["acknowledged"], 3)

    def test_directly_without(self):
        self.modem.ctl("set cnmi-offer " + DIRECT)
        self.modem.ctl("set csms-offer [0]")
        self.listen()
        self.modem.inject("+4930", "direct")
        self.assertEqual(self.texts(1), ["direct"])
        self.gw.wait_log("hands messages over without an acknowledgement")

    def test_flash(self):
        self.listen()
        self.modem.inject("+4930", "flash", **{"class": 0})
        self.assertEqual(self.texts(1), ["flash"])

    def test_not_told_at_all(self):
        self.modem.ctl("set cnmi-offer " + SILENT)
        self.modem.inject("+4930", "silent")
        self.listen()
        self.gw.wait_log("does not tell of new messages")
        self.assertEqual(self.texts(1), ["silent"])

    def test_in_the_middle_of_sending(self):
        self.listen()
        for n in range(5):
            self.modem.ctl('at-send %d inject {"from": "+4930", "text": "in %d"}' % (n + 1, n))
        self.send_all(5)
        self.assertEqual(self.texts(5), ["in %d" % n for n in range(5)])
        self.assertEqual(len(self.modem.sent_parts()), 5)

    def test_one_octet_at_a_time(self):
        self.modem.ctl("chunk 1 0")
        self.modem.ctl("set cnmi-offer " + DIRECT)
        self.listen()
        self.modem.ctl("set echo on")
        self.modem.inject("+4930", "slowly")
        self.assertEqual(self.texts(1), ["slowly"])

    def test_a_setting_that_is_lost_is_set_again(self):
        self.modem.ctl("set cnmi-offer " + DIRECT)
        self.listen()
        self.modem.ctl("reboot 0.3")
        self.modem.inject("+4930", "after it")
        self.assertEqual(self.texts(1), ["after it"])

    def test_broadcasts_are_counted(self):
        self.listen()
        for lines in ("+CBM: 88\r\n" + "00" * 88, "+CBM: 1,2,3,1,1\r\nThe weather",
                      '+CBMI: "BM",1'):
            self.modem.ctl("raw " + ("\r\n%s\r\n" % lines).encode().hex())
        self.modem.inject("+4930", "a message")
        self.assertEqual(self.texts(1), ["a message"])
        self.gw.wait_status("broadcasts 3")

    def test_repeated_ones_are_counted(self):
        self.listen()
        one, = self.modem.inject("+4930", "once")
        self.assertEqual(self.texts(1), ["once"])
        self.modem.ctl("inject-pdu " + one)
        self.gw.wait_status("repeated 1")
        self.assertEqual(self.texts(1), ["once"])


class Parts(ReceivingCase):
    TEXT = "A long message in parts. " * 12

    def test_out_of_order_and_doubled(self):
        self.listen()
        self.modem.inject("+4930", self.TEXT, order=[2, 1, 2, 1])
        self.assertEqual(self.texts(1), [self.TEXT.strip()])

    def test_days_between_by_the_clock_of_the_network(self):
        parts = [pdu.encode_deliver({"from": "+4930", "text": self.TEXT, "ref": 9,
                                     "scts": datetime.datetime(2026, 3, day, 10,
                                                                tzinfo=datetime.timezone.utc)})
                 for day in (2, 9)]
        self.listen()
        self.modem.ctl("inject-pdu " + parts[1][1])
        self.modem.ctl("inject-pdu " + parts[0][0])
        self.assertEqual(self.texts(1), [self.TEXT.strip()])

    def test_across_restarts(self):
        parts = pdu.encode_deliver({"from": "+4930", "text": self.TEXT, "ref": 7})
        self.listen()
        self.modem.ctl("inject-pdu " + parts[1])
        self.gw.wait_status(r"received 1 |rcvd: sms 1 ")
        self.gw.stop()
        self.gw.start()
        self.gw.wait_link("m1")
        self.modem.ctl("inject-pdu " + parts[0])
        self.assertEqual(self.texts(1), [self.TEXT.strip()])


class Stored(ReceivingCase):
    def store(self, memory, status, text):
        one, = pdu.encode_deliver({"from": "+4930", "text": text, "smsc": "+491710760000"})
        self.modem.ctl("store %s %d %s" % (memory, status, one))

    def test_all_memories_at_the_start(self):
        for memory in ("SM", "ME"):
            self.store(memory, 0, "unread in " + memory)
            self.store(memory, 1, "read in " + memory)
        self.listen()
        self.assertEqual(self.texts(4), ["read in ME", "read in SM", "unread in ME",
                                         "unread in SM"])
        self.empty_memories()

    def test_read_ones_stay(self):
        self.store("SM", 0, "unread")
        self.store("ME", 1, "read")
        self.listen(sim_messages="unread")
        self.modem.inject("+4931", "new")
        self.assertEqual(self.texts(2), ["new", "unread"])
        self.assertEqual(self.modem.ctl("stats")["memories"]["ME"][0], 1)

    def test_all_stay(self):
        self.store("ME", 0, "unread")
        self.store("ME", 1, "read")
        self.listen(sim_messages="leave")
        self.modem.inject("+4931", "new")
        self.assertEqual(self.texts(1), ["new"])
        self.modem.ctl("reboot 0.3")
        self.modem.inject("+4931", "newer")
        self.assertEqual(self.texts(2), ["new", "newer"])
        self.assertEqual(self.modem.ctl("stats")["memories"]["ME"][0], 2)

    def test_lists_that_are_cut(self):
        self.modem.ctl("set list-at-most 2")
        for n in range(7):
            self.store("SM", 0, "message %d" % n)
        self.listen()
        self.assertEqual(self.texts(7), ["message %d" % n for n in range(7)])

    def test_no_lists(self):
        self.modem.ctl("set lacks +CMGL")
        for n in range(3):
            self.store("SM", n % 2, "message %d" % n)
        self.listen()
        self.assertEqual(self.texts(3), ["message %d" % n for n in range(3)])

    def test_full_while_it_works(self):
        self.modem.ctl("set capacity SM=1")
        self.listen()
        for n in range(6):
            self.modem.inject("+4930", "message %d" % n)
        self.assertEqual(self.texts(6), ["message %d" % n for n in range(6)])

    def test_own_messages_in_the_memory_are_not_touched(self):
        own = pdu.encode_submit({"da": "+4930", "text": "a draft"})["parts"][0]["pdu"]
        self.modem.ctl("store ME 2 " + own)
        self.listen()
        self.modem.inject("+4930", "new")
        self.assertEqual(self.texts(1), ["new"])
        self.assertEqual(self.modem.ctl("stats")["memories"]["ME"][0], 1)


if __name__ == "__main__":
    import unittest
    unittest.main()
