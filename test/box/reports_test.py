# SPDX-License-Identifier: Apache-2.0
"""Delivery reports: one for a long message, none lost that comes too early or fits
nothing; and what becomes of a message or report that the application does not take."""

import itertools
import os
import sqlite3
import subprocess
import threading
import unittest
from unittest import mock

from bearerbox_test import BearerboxTest
from gateway import GatewayTest, build_directory, free_port, wait_for
from modem_test import ModemCase
from http_peer import HttpPeer
from smsc_peer import FakeSmsc
from smpp_peer import DELIVER_SM, Message, RESPONSE, SUBMIT_SM, SmppSmsc

DELIVERED, FAILED, BUFFERED, ACCEPTED = 1, 2, 4, 8
LONG = "A long text of three parts. " * 15


class Hasty(SmppSmsc):
    """Sends the receipts in `early` for a message before the answer to its submit;
    keeps in mind what it did not answer."""

    early = ()

    def __init__(self):
        self.unanswered = []  # while it is silent
        super().__init__()

    def answer(self, session, sequence, message):
        session.send(SUBMIT_SM | RESPONSE, 0, sequence, message.id.encode() + b"\0")

    def _submitted(self, session, sequence, message):
        if not self.early:
            if self.silent:
                self.unanswered.append((session, sequence, message))
            super()._submitted(session, sequence, message)
            return
        with self.changed:
            message.id = "%d" % next(self.ids)
            self.submitted.append(message)
        sequences = [self.receipt(message, stat) for stat in self.early]
        # Not before the gateway has said that it has them.
        self._wait_in_thread(session, sequence, message, sequences)

    def _wait_in_thread(self, session, sequence, message, sequences):
        def answer_then():
            for number in sequences:
                self.wait_acknowledged(number)
            self.answer(session, sequence, message)
        threading.Thread(target=answer_then, daemon=True).start()


class SmppTest(BearerboxTest):
    SMSC = Hasty

    def start(self, core=None, **link):
        self.smsc = self.peer(self.SMSC())
        self.smsc.receipts = None
        self.gw = self.gateway(core=core, smsc=[{
            "smsc": "smpp", "smsc_id": "s1", "host": "127.0.0.1", "port": self.smsc.port,
            "smsc_username": "u", "smsc_password": "p", "transceiver_mode": True, **link}])
        self.gw.start_bearerbox()
        self.smsc.wait_bound()
        self.gw.wait_link("s1")
        self.client = self.box("b1")

    def submit(self, text="hello", mask=DELIVERED | FAILED | BUFFERED, parts=1, **fields):
        before = len(self.smsc.submitted)
        self.client.submit(msgdata=text, dlr_mask=mask, boxc_id="b1", **fields)
        return self.smsc.wait_submitted(before + parts)[before:]

    def receipt(self, message, stat):
        """Sent, and taken."""
        self.assertEqual(self.smsc.wait_acknowledged(self.smsc.receipt(message, stat)), 0)

    def gwstore(self, *arguments, lines=None):
        done = subprocess.run([os.path.join(build_directory(), "gwstore"), "--store",
                               self.gw.store, *arguments], input=lines, capture_output=True,
                              text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def event(self):
        return self.client.wait_sms()["dlr_mask"]

    def wait_state(self, state, count=1, view="history"):
        wait_for(lambda: len(self.rows(
            "select 1 from %s where state = '%s'" % (view, state))) == count, 20,
            lambda: "%d %s: %r" % (count, state, self.rows(
                "select number, kind, state, error from %s" % view)))

    def fence(self):
        """What comes to the box before the report of a message of its own."""
        message, = self.submit("fence", receiver="99")
        self.receipt(message, "DELIVRD")
        before = []
        while True:
            sms = self.client.wait_sms()
            if sms["receiver"] == b"99":
                return before
            before.append(sms["dlr_mask"])


class LongMessages(SmppTest):
    def test_delivered_when_every_part_is(self):
        self.start()
        parts = self.submit(LONG, mask=31, parts=3)
        self.assertTrue(all(part.registered_delivery & 1 for part in parts))
        self.assertEqual(self.event(), ACCEPTED)
        for part in (parts[1], parts[2], parts[1]):  # one of them is repeated
            self.receipt(part, "DELIVRD")
        self.assertEqual(self.fence(), [])
        self.assertEqual([row[0] for row in self.rows("select state from parts order by part")],
                         ["sent", "delivered", "delivered"])
        self.receipt(parts[0], "DELIVRD")
        report = self.client.wait_sms()
        self.assertEqual((report["dlr_mask"], report["foreign_id"]),
                         (DELIVERED, parts[0].id.encode()))
        self.wait_state("delivered", 2)
        self.assertEqual(self.fence(), [])

    def test_failed_as_soon_as_one_part_is(self):
        self.start()
        parts = self.submit(LONG, parts=3)
        self.receipt(parts[0], "DELIVRD")
        self.receipt(parts[1], "UNDELIV")
        self.assertEqual(self.event(), FAILED)
        self.receipt(parts[2], "UNDELIV")
        self.receipt(parts[1], "DELIVRD")
        self.assertEqual(self.fence(), [])
        self.wait_state("failed")
        self.assertEqual(self.rows("select count(*) from unmatched"), [(0,)])

    def test_on_its_way_is_told_once(self):
        self.start()
        parts = self.submit(LONG, parts=3)
        for part in parts:
            self.receipt(part, "ACCEPTD")
        self.assertEqual(self.event(), BUFFERED)
        self.assertEqual(self.fence(), [])
        self.wait_state("sent", view="awaited")
        for part in parts:
            self.receipt(part, "DELIVRD")
        self.assertEqual(self.event(), DELIVERED)
        self.assertEqual(self.fence(), [])

    def test_through_a_kill_between_the_parts(self):
        self.start()
        parts = self.submit(LONG, parts=3)
        self.wait_state("sent", view="awaited")
        self.receipt(parts[2], "DELIVRD")
        self.receipt(parts[0], "DELIVRD")
        self.gw.bearerbox.kill()
        self.gw.start_bearerbox()
        self.gw.wait_link("s1")
        self.client = self.box("b1")
        self.receipt(parts[1], "DELIVRD")
        self.assertEqual(self.event(), DELIVERED)

    def test_reports_of_all_parts_at_once(self):
        self.start()
        for _ in range(20):
            parts = self.submit(LONG, parts=3)
            for sequence in [self.smsc.receipt(part, "DELIVRD") for part in parts]:
                self.assertEqual(self.smsc.wait_acknowledged(sequence), 0)
            self.assertEqual(self.event(), DELIVERED)
        self.assertEqual(self.fence(), [])

    def test_one_id_for_all_parts(self):
        self.start()
        ids, self.smsc.ids = self.smsc.ids, iter([7] * 3)
        parts = self.submit(LONG, parts=3)
        self.smsc.ids = ids
        for part in parts:
            self.assertEqual(part.id, "7")
            self.assertTrue(self.client.nothing_waits())
            self.receipt(part, "DELIVRD")
        self.assertEqual(self.event(), DELIVERED)
        self.assertEqual(self.fence(), [])

    def test_parts_without_a_wish_for_reports_leave_nothing(self):
        self.start()
        parts = self.submit(LONG, mask=ACCEPTED, parts=3)
        self.assertFalse(any(part.registered_delivery & 1 for part in parts))
        self.assertEqual(self.event(), ACCEPTED)
        self.assertEqual(self.rows("select count(*) from parts"), [(0,)])


class Early(SmppTest):
    def test_a_report_before_the_answer(self):
        self.start()
        self.smsc.early = ["ACCEPTD", "DELIVRD"]
        self.submit()
        self.assertEqual([self.event(), self.event()], [BUFFERED, DELIVERED])
        self.wait_state("matched", 2)
        self.wait_state("delivered")
        self.assertNotIn("without a message", self.gw.status())

    def test_of_every_part_before_its_answer(self):
        self.start()
        self.smsc.early = ["DELIVRD"]
        self.submit(LONG, parts=3)
        self.assertEqual(self.event(), DELIVERED)
        self.smsc.early = ()
        self.assertEqual(self.fence(), [])

    def test_what_was_committed_and_not_matched_before_a_crash(self):
        self.start()
        message, = self.submit()
        self.wait_state("sent", view="awaited")
        message.id = "777"
        self.receipt(message, "DELIVRD")
        self.gw.wait_status(r"1 reports without a message")
        self.gw.bearerbox.kill()
        with sqlite3.connect(self.gw.store) as store:
            store.execute("update entry set foreign_id = '777' where state = 13")
        self.gw.start_bearerbox()
        self.client = self.box("b1")
        self.assertEqual(self.event(), DELIVERED)
        self.wait_state("matched")

    def test_an_old_one_is_not_taken_for_a_new_message(self):
        """Ids that come again: the report was there before the message was sent."""
        self.start()
        message, = self.submit()
        self.wait_state("sent", view="awaited")
        message.id = "2"  # what the next message will get
        self.receipt(message, "UNDELIV")
        self.gw.wait_status(r"1 reports without a message")
        second, = self.submit("another")
        self.assertEqual(second.id, "2")
        self.receipt(second, "DELIVRD")
        self.assertEqual(self.event(), DELIVERED)
        self.assertEqual(self.fence(), [])
        self.wait_state("unmatched", view="unmatched")


class Repeated(SmppTest):
    """The network sends a receipt again, octet by octet: it did not hear that we have it."""

    def start(self, core=None, **link):
        super().start(core, **link)
        self.smsc.ids = itertools.count(10001)  # such that do not come again

    def again(self, message, stat, times):
        """So many equal ones at once; all are taken."""
        with mock.patch("smpp_peer.time.strftime", lambda form: "2611210500"):
            sequences = [self.smsc.receipt(message, stat) for _ in range(times)]
        for sequence in sequences:
            self.assertEqual(self.smsc.wait_acknowledged(sequence), 0)

    def assert_all_fit(self, repeated):
        self.gw.wait_status(r"repeated[^0-9]*%d\b" % repeated)
        self.assertEqual(self.rows("select count(*) from unmatched"), [(0,)])
        self.assertNotIn("reports without a message", self.gw.status())

    def test_of_a_message_that_is_finished(self):
        self.start()
        message, = self.submit()
        self.again(message, "DELIVRD", 5)
        self.assertEqual(self.event(), DELIVERED)
        self.again(message, "DELIVRD", 2)
        self.assertEqual(self.fence(), [])
        self.assert_all_fit(6)

    def test_of_a_message_on_its_way(self):
        self.start()
        message, = self.submit()
        self.again(message, "ACCEPTD", 3)
        self.assertEqual(self.event(), BUFFERED)
        self.again(message, "DELIVRD", 1)
        self.assertEqual(self.event(), DELIVERED)
        self.assertEqual(self.fence(), [])
        self.assert_all_fit(2)

    def test_after_a_crash(self):
        self.start()
        message, = self.submit()
        self.again(message, "DELIVRD", 1)
        self.assertEqual(self.event(), DELIVERED)
        self.gw.wait_status(r"(?m)store size 0$")
        self.restart("kill")
        self.gw.wait_link("s1")
        self.client = self.box("b1")
        self.again(message, "DELIVRD", 1)
        self.assertEqual(self.fence(), [])
        self.assert_all_fit(1)

    def test_before_the_message_has_its_id(self):
        self.start()
        self.smsc.early = ("DELIVRD", "DELIVRD")
        with mock.patch("smpp_peer.time.strftime", lambda form: "2611210500"):
            self.submit()
            self.assertEqual(self.event(), DELIVERED)
        self.smsc.early = ()
        self.assertEqual(self.fence(), [])
        self.wait_state("delivered", 2)
        wait_for(lambda: self.rows("select count(*) from unmatched") == [(0,)],
                 what="no report without a message")


class Unmatched(SmppTest):
    def strange(self, number):
        return Message(source_addr=b"4917", destination_addr=b"1000", esm_class=4,
                       short_message=b"id:strange%d sub:001 dlvrd:001 submit date:2611210500 "
                                     b"done date:2611210500 stat:DELIVRD err:000 text:" % number)

    def send_strange(self, number):
        sequence = self.smsc._receiver().request(DELIVER_SM, self.strange(number).body())
        self.assertEqual(self.smsc.wait_acknowledged(sequence), 0)

    def test_kept_told_and_bounded_in_number(self):
        self.start(core={"dlr_unmatched_limit": 3})
        for number in range(5):
            self.send_strange(number)
        self.gw.wait_status(r"3 reports without a message")
        self.gw.wait_log("unknown message <strange0>, kept")
        self.gw.wait_log("<strange0> of SMSC <s1> found no message, given up")
        self.wait_state("unclaimed", 2)
        self.assertEqual(self.rows("select foreign_id, smsc from unmatched"),
                         [("strange%d" % n, "s1") for n in (2, 3, 4)])
        self.restart("kill")
        self.gw.wait_status(r"3 reports without a message")

    def test_bounded_in_time(self):
        self.start(core={"dlr_unmatched_time": "1s"})
        self.send_strange(1)
        wait_for(lambda: self.rows("select state from history") == [("unclaimed",)], 60,
                 what="the end of its time")


class Spellings(SmppTest):
    def hexadecimal(self, **link):
        self.start(**link)
        message, = self.submit(receiver="+4917012345")
        self.wait_state("sent", view="awaited")
        return message

    def test_told_by_the_configuration(self):
        message = self.hexadecimal(msg_id_type=2)
        message.id = "%X" % int(message.id)
        self.receipt(message, "DELIVRD")
        self.assertEqual(self.event(), DELIVERED)

    def test_in_the_other_base_for_the_same_handset(self):
        self.start(msg_id_type=0)
        for _ in range(11):
            message, = self.submit(receiver="+4917012345")
        self.wait_state("sent", 11, view="awaited")
        message.id = "000B"  # 11, against msg-id-type
        self.receipt(message, "DELIVRD")
        self.assertEqual(self.event(), DELIVERED)
        message.destination_addr = b"4917099999"
        message.id = "A"  # 10, but another handset
        self.receipt(message, "DELIVRD")
        self.gw.wait_status(r"1 reports without a message")


class Story(SmppTest):
    def long_one(self):
        self.start()
        parts = self.submit(LONG, mask=31, parts=3)
        self.assertEqual(self.event(), ACCEPTED)
        self.receipt(parts[0], "ACCEPTD")
        self.assertEqual(self.event(), BUFFERED)
        self.receipt(parts[0], "DELIVRD")
        return parts

    def test_show_tells_of_parts_and_reports(self):
        parts = self.long_one()
        self.wait_state("handled", 2)
        number = str(self.rows("select number from awaited")[0][0])
        story = self.gwstore("show", number)
        self.assertRegex(story, r"(?m)^state +sent$")
        self.assertRegex(story, r"(?m)^part 1 +delivered  smsc s1  foreign_id %s  was on its way$"
                         % parts[0].id)
        self.assertRegex(story, r"(?m)^part 2 +sent  smsc s1  foreign_id %s$" % parts[1].id)
        self.assertRegex(story, r"(?m)^report \d+ .*event 8  handled  ACK/")
        self.assertRegex(story, r"(?m)^report \d+ .*event 4  handled  (id:|69643a)")  # hex: the text has a NUL
        self.submit("another to the same")  # whose reports are not this one's
        for part in parts[1:]:
            self.receipt(part, "DELIVRD")
        self.assertEqual(self.event(), DELIVERED)
        story = self.gwstore("show", number)
        self.assertRegex(story, r"(?m)^state +delivered$")
        self.assertEqual(len([line for line in story.splitlines()
                              if line.startswith("report ")]), 3, story)

    def test_parts_move_with_their_message(self):
        parts = self.long_one()
        self.wait_state("handled", 2)
        lines = self.gwstore("export", "--state", "sent")
        self.assertEqual(self.gw.bearerbox.stop(), 0)
        os.rename(self.gw.store, self.gw.store + ".old")
        open(self.gw.store, "w").close()
        self.gwstore("import", lines=lines)
        self.assertEqual(self.gwstore("export"), lines)
        self.gw.start_bearerbox()
        self.gw.wait_link("s1")
        self.client = self.box("b1")
        self.receipt(parts[2], "DELIVRD")
        self.receipt(parts[1], "DELIVRD")
        self.assertEqual(self.event(), DELIVERED)

    def test_what_is_sent_anew_has_new_parts(self):
        parts = self.long_one()
        self.receipt(parts[1], "UNDELIV")
        self.assertEqual(self.event(), FAILED)
        self.wait_state("failed")
        self.gwstore("requeue", "--state", "failed")
        again = self.smsc.wait_submitted(6)[3:]
        self.assertEqual(self.event(), ACCEPTED)
        for part in again:
            self.receipt(part, "DELIVRD")
        self.assertEqual(self.event(), DELIVERED)
        self.assertEqual([row[0] for row in self.rows("select foreign_id from parts")],
                         [part.id for part in again])
        self.wait_state("handled", 5)
        self.gwstore("purge", "--state", "delivered")
        self.assertEqual(self.rows("select count(*) from parts"), [(0,)])
        self.assertIn("sound", self.gwstore("check"))

    def test_recovered_with_its_parts(self):
        parts = self.long_one()
        self.assertEqual(self.gw.bearerbox.stop(), 0)
        new = self.gw.store + ".new"
        self.gwstore("recover", "--output", new)
        os.rename(new, self.gw.store)
        self.gw.start_bearerbox()
        self.gw.wait_link("s1")
        self.client = self.box("b1")
        for part in parts[1:]:
            self.receipt(part, "DELIVRD")
        self.assertEqual(self.event(), DELIVERED)

    def test_cancelled_while_parts_are_awaited(self):
        parts = self.long_one()
        self.assertEqual(self.gwstore("cancel", "--state", "sent"), "1 messages cancelled\n")
        for part in parts[1:]:
            self.receipt(part, "DELIVRD")
        self.assertEqual(self.fence(), [])
        self.assertEqual(self.rows("select count(*) from unmatched"), [(0,)])


class Postponed(SmppTest):
    def fail(self, times):
        for _ in range(times):
            self.client.ack(self.client.wait_sms(60), 2)

    def test_dead_after_all_tries_and_given_again(self):
        self.start(core={"mo_retry_first": "1s", "mo_retry_most": "1s", "mo_retry_time": "2s"})
        self.client.stop()
        self.client = self.box("b1", answer=None)
        message, = self.submit(mask=DELIVERED)
        self.receipt(message, "DELIVRD")
        self.fail(1)
        # A box that goes and comes costs no try, nor does a restart.
        wait_for(lambda: self.rows("select attempts from queue") == [(1,)], what="the first try")
        self.client.wait_sms(60)
        self.client.stop()
        self.restart("kill")
        self.client = self.box("b1", answer=None)
        self.fail(2)
        self.gw.wait_status(r"1 messages dead")
        self.gw.wait_log("for box <b1> is dead after 3 tries")
        self.assertIn("report  dead", self.gwstore("list", "--state", "dead"))
        self.assertEqual(self.gwstore("requeue", "--state", "dead"), "1 messages wait again\n")
        self.client.ack(self.client.wait_sms(60), 0)
        self.wait_state("handled")
        self.assertNotIn("dead", self.gw.status())


class Application(GatewayTest):
    """The whole way: an application that is broken gets the message again."""

    def test_a_service_without_replies(self):
        app = self.peer(HttpPeer())
        port = free_port()
        gw = self.gateway(
            smsc=[{"smsc": "fake", "smsc_id": "f1", "port": port,
                   "connect_allow_ip": "127.0.0.1"}],
            core={"mo_retry_first": "1s"},
            service=[{"keyword": "default", "max_messages": 0,
                      "get_url": "http://127.0.0.1:%d/mo?text=%%a" % app.port}])
        gw.start()
        smsc = self.peer(FakeSmsc(port))
        gw.wait_link("f1")
        app.answer("/mo", times=1, status=500)
        app.answer("/mo", times=1, drop=True)
        smsc.text("4917", "999", "kept")
        app.wait(3, timeout=60)
        wait_for(lambda: gw.store_size() == 0, 30, gw.status)
        self.assertEqual([r.query["text"] for r in app.requests], ["kept"] * 3)


class Fake(BearerboxTest):
    def test_a_long_message_is_reported_once(self):
        self.start()
        smsc, box = self.smsc(), self.box("b1")
        for text in (LONG, "short"):
            box.submit(msgdata=text, dlr_mask=31, boxc_id="b1", receiver=str(len(text)))
        smsc.wait(4)
        reports = [box.wait_sms() for _ in range(4)]
        self.assertEqual(sorted((int(r["receiver"]), r["dlr_mask"]) for r in reports),
                         [(5, 1), (5, 8), (len(LONG), 1), (len(LONG), 8)])
        self.gw.wait_status(r"DLR: 0 queued, using")
        self.assertTrue(box.nothing_waits())


class Modem(ModemCase):
    def test_a_long_message_is_reported_once(self):
        app = self.peer(HttpPeer())
        self.start()
        for text in ("x" * 400, "short"):
            self.send(text, dlr_mask=3,
                      dlr_url="http://127.0.0.1:%d/dlr?type=%%d&text=%s" % (app.port, text[:1]))
        app.wait(2)
        self.empty()
        wait_for(lambda: "DLR: 0 queued" in self.gw.status(), what="no report awaited")
        self.assertEqual(sorted((r.query["text"], r.query["type"]) for r in app.requests),
                         [("s", "1"), ("x", "1")])

    def test_a_long_message_fails_once(self):
        app = self.peer(HttpPeer())
        self.modem.ctl("reports fail 46")
        self.start()
        self.send("x" * 400, dlr_mask=3,
                  dlr_url="http://127.0.0.1:%d/dlr?type=%%d" % app.port)
        self.assertEqual(app.wait(1)[0].query["type"], "2")
        self.modem.ctl("reports auto")
        self.send("last", dlr_mask=3, dlr_url="http://127.0.0.1:%d/dlr?type=%%d" % app.port)
        app.wait(2)
        self.assertEqual([r.query["type"] for r in app.requests], ["2", "1"])

    def test_the_network_repeats_what_was_stored_before_a_crash(self):
        app = self.peer(HttpPeer())
        self.start(service=[{"keyword": "default", "max_messages": 0,
                             "get_url": "http://127.0.0.1:%d/mo?text=%%a" % app.port}])
        pdus = self.modem.inject("+4930", "once") + self.modem.inject("+4930", "long." * 40)
        app.wait(2)
        self.empty()
        self.gw.kill("bearerbox")
        self.gw.start_bearerbox()
        self.gw.wait_link("m1")
        for pdu in pdus:
            self.modem.ctl("inject-pdu " + pdu)
        self.modem.inject("+4930", "another")
        app.wait(3)
        self.empty()
        self.modem.wait_stats(lambda s: s["memories"]["SM"][0] == 0)
        self.assertEqual(sorted(r.query["text"] for r in app.requests),
                         sorted(["once", "long." * 40, "another"]))
        self.gw.wait_status(r"repeated[^0-9]*%d" % len(pdus))


if __name__ == "__main__":
    unittest.main()
