# SPDX-License-Identifier: Apache-2.0
"""What tries to break bearerbox's promises by odd orders of events: boxes that do
not read, ends while everything is under way, connections that go and come."""

import socket
import threading
import time
import unittest

from bearerbox_test import BearerboxTest
from smsbox_peers import pack
from gateway import wait_for
from reports_test import Hasty, SmppTest
from smsc_peer import FakeSmsc


class Hardship(BearerboxTest):
    def test_a_box_that_never_reads_is_disconnected(self):
        self.start()
        with socket.socket() as deaf:
            # Before connecting: a window that shrinks later can make the kernel drop the
            # other side's acknowledgements, and then nothing moves any more.
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.settimeout(60)
            deaf.connect(("127.0.0.1", self.gw.box_port))
            # refused at once, so that only the answers cost anything
            one = pack("sms", {"sender": "1", "msgdata": "x", "time": 1, "sms_type": 2,
                               "id": "00000000-0000-0000-0000-000000000001"})
            end = time.monotonic() + 120
            with self.assertRaises(OSError):
                while time.monotonic() < end:
                    deaf.sendall(one * 2000)
        self.gw.wait_log("does not read its acknowledgements, disconnected")
        smsc, box = self.smsc(), self.box()
        self.assertEqual(box.wait_ack(box.submit(msgdata="others go on")), 0)
        smsc.wait()

    def test_an_end_while_suspended_does_not_wait_for_boxes_that_go(self):
        self.start()
        box = self.box()
        self.gw.wait_status("smsbox:")
        self.assertEqual(self.gw.admin("suspend"), "Kannel suspended")
        threading.Thread(target=lambda: (box.commands.get(timeout=20), box.stop()),
                         daemon=True).start()
        started = time.monotonic()
        self.assertEqual(self.gw.bearerbox.stop(), 0)
        self.assertLess(time.monotonic() - started, 8)
        self.assertNotIn("did not end in time", self.gw.log())

    def test_an_end_while_the_administration_is_busy(self):
        self.start()
        box = self.box()
        for _ in range(300):
            box.submit()
        threads = [threading.Thread(target=self.ask, args=(command,), daemon=True)
                   for command in ("store-status?password=foo", "suspend?password=wrong",
                                   "suspend?password=wrong", "suspend?password=wrong",
                                   "reload-lists?password=bar")]
        for thread in threads:
            thread.start()
        box.stop()
        self.assertEqual(self.gw.bearerbox.stop(), 0)
        for thread in threads:
            thread.join(20)

    def ask(self, command):
        try:
            self.gw.http(self.gw.admin_port, "/" + command, timeout=15)
        except OSError:
            pass

    def test_boxes_and_smscs_that_come_and_go_under_load(self):
        self.start(ids=("f1", "f2"))
        steady = self.box()
        peers, sent = [], []
        for turn in range(8):
            peer = FakeSmsc(self.ports["f1" if turn % 2 else "f2"])
            peers.append(self.peer(peer))
            fickle = self.box("fickle", answer=None)
            for i in range(100):
                sent.append("a%d-%d" % (turn, i))
                steady.submit(msgdata=sent[-1])
                sent.append("b%d-%d" % (turn, i))
                fickle.submit(msgdata=sent[-1], boxc_id="fickle", dlr_mask=31, dlr_url="x")
            acks = [fickle.wait_ack() for _ in range(100)]  # then it is known to be stored
            self.assertTrue(set(acks) <= {0, 3})
            fickle.stop()
            peer.socket.shutdown(socket.SHUT_WR)  # it goes, and takes what is on its way
            wait_for(lambda p=peer: p.ended, what="the gateway to close")
        acks = [steady.wait_ack() for _ in range(800)]
        self.assertTrue(set(acks) <= {0, 3})
        last = [self.smsc("f1"), self.smsc("f2")]
        self.box("fickle")  # takes the reports
        self.gw.wait_status(r"store size 0", timeout=60)
        wait_for(lambda: {m.text for p in peers + last for m in p.received} == set(sent),
                 what="every message")


class Breaks(Hasty):
    """Hangs up when it is given a message to 666, and answers nothing behind it."""

    def _submitted(self, session, sequence, message):
        if message.destination_addr == b"666":
            session.broken = True
            with self.changed:
                self.submitted.append(message)
            session.socket.shutdown(socket.SHUT_RDWR)
        elif not getattr(session, "broken", False):
            super()._submitted(session, sequence, message)


class OneThatBreaksTheConnection(SmppTest):
    SMSC = Breaks

    def test_it_does_not_keep_the_others_from_going(self):
        self.start(core={"sms_resend_freq": 1}, reconnect_delay=1)
        self.smsc.account = ("somebody", "else")
        self.smsc.disconnect()
        self.gw.wait_status(r"s1.*\((re-|)connecting")
        for receiver in ("666", "1", "2", "3", "4", "5"):
            self.assertEqual(self.client.wait_ack(self.client.submit(receiver=receiver)), 3)
        self.smsc.account = None
        wait_for(lambda: len(self.rows("select 1 from history where state = 'accepted'")) == 5,
                 60, lambda: "5 accepted: %r" % self.rows("select receiver, state from history"))
        self.assertGreaterEqual(len([m for m in self.smsc.submitted
                                     if m.destination_addr == b"666"]), 2)


if __name__ == "__main__":
    unittest.main()
