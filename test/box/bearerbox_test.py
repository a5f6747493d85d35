# SPDX-License-Identifier: Apache-2.0
"""What bearerbox promises to boxes and SMSCs: acknowledged means stored, nothing
is lost when anybody goes away, garbage harms only its sender."""

import re
import sqlite3
import struct
import threading
import time
import unittest

from box_client import Box
from gateway import GatewayTest, free_port, wait_for
from smsc_peer import FakeSmsc

NOBODY = "00000000-0000-0000-0000-000000000000"


class BearerboxTest(GatewayTest):
    def start(self, ids=("f1",), core=None, group=None, **more):
        """A bearerbox with fake SMSCs; their ports are in self.ports."""
        self.ports = {name: free_port() for name in ids}
        groups = [dict({"smsc": "fake", "smsc_id": name, "port": port,
                        "connect_allow_ip": "127.0.0.1"}, **(group or {}).get(name, {}))
                  for name, port in self.ports.items()]
        self.gw = self.gateway(smsc=groups, core=core, **more)
        self.gw.start_bearerbox()
        return self.gw

    def smsc(self, name="f1"):
        peer = self.peer(FakeSmsc(self.ports[name]))
        self.gw.wait_link(name)
        return peer

    def box(self, *args, **more):
        return self.peer(Box(self.gw.box_port, *args, **more))

    def rows(self, query):
        with sqlite3.connect(self.gw.store) as store:
            return store.execute(query).fetchall()

    def restart(self, *how):
        """kill -9, or an orderly stop, and a new start."""
        if "kill" in how:
            self.gw.bearerbox.kill()
        else:
            self.assertEqual(self.gw.bearerbox.stop(), 0)
        self.gw.start_bearerbox()


    def given_again(self, when):
        """[(kind, id, sender, receiver, box)] of what the log names."""
        return re.findall(r"(Message|Delivery report) (\S+) from <(.*)> to <(.*)> was in the hands "
                          r"of box <(.*)> %s: given again" % when, self.gw.log())

    def count_given_again(self):
        _, body, _ = self.gw.http(self.gw.admin_port, "/metrics?password=bar")
        return int(re.search(r"^kantele_box_given_again_total (\d+)$", body, re.M).group(1))


class Submit(BearerboxTest):
    def test_an_mt_reaches_the_smsc_and_is_acknowledged(self):
        self.start()
        smsc, box = self.smsc(), self.box()
        sent = box.submit(msgdata="hello world", receiver="3581")
        self.assertEqual(box.wait_ack(sent), 0)
        self.assertEqual(smsc.wait()[0].line, "1000 3581 text hello world")

    def test_the_ack_has_the_time_of_the_message(self):
        self.start()
        box = self.box()
        box.submit(time=1234567890)
        ack = box.acks.get(timeout=20)
        self.assertEqual((ack["time"], ack["nack"]), (1234567890, 3))

    def test_no_connection_means_buffered_and_survives_a_kill(self):
        self.start()
        box = self.box()
        ids = [box.submit(msgdata="text %d" % i) for i in range(20)]
        self.assertEqual([box.wait_ack(i) for i in ids], [3] * 20)
        self.restart("kill")
        smsc = self.smsc()
        self.assertEqual(sorted(m.text for m in smsc.wait(20)),
                         sorted("text %d" % i for i in range(20)))
        self.gw.wait_status(r"store size 0")

    def test_what_was_sent_is_not_sent_again_after_a_stop(self):
        self.start()
        smsc, box = self.smsc(), self.box()
        for i in range(50):
            box.submit(msgdata="m%d" % i)
        smsc.wait(50)
        self.gw.wait_status(r"store size 0")
        smsc.stop()
        self.restart()
        again = self.smsc()
        box = self.box()
        box.submit(msgdata="last")
        self.assertEqual([m.text for m in again.wait()], ["last"])

    def test_no_route_is_refused_with_a_report(self):
        self.start(group={"f1": {"allowed_smsc_id": "f1"}})
        box = self.box("b1")
        sent = box.submit(smsc_id="elsewhere", dlr_mask=31, dlr_url="http://x/", boxc_id="b1",
                          service="svc")
        self.assertEqual(box.wait_ack(sent), 1)
        report = box.wait_sms()
        self.assertEqual((report["dlr_mask"], report["msgdata"], report["service"]),
                         (16, b"NACK/no SMSC", b"svc"))

    def test_a_validity_that_is_over_is_refused(self):
        self.start()
        box = self.box("b1")
        sent = box.submit(validity=int(time.time()) - 5, dlr_mask=16, boxc_id="b1")
        self.assertEqual(box.wait_ack(sent), 1)
        self.assertEqual(box.wait_sms()["msgdata"], b"NACK/validity expired")

    def test_a_message_without_its_parts_is_refused_and_harms_nobody(self):
        self.start()
        smsc, box = self.smsc(), self.box()
        for missing in ("sender", "receiver", "msgdata"):
            self.assertEqual(box.wait_ack(box.submit(**{missing: None})), 1)
        self.assertEqual(box.wait_ack(box.submit(msgdata="")), 0)
        self.assertEqual(smsc.wait()[0].text, "")

    def test_the_same_id_for_the_same_receiver_is_one_message(self):
        self.start()
        smsc, box = self.smsc(), self.box()
        first = box.submit(receiver="111", msgdata="once")
        self.assertEqual(box.wait_ack(first), 0)
        self.assertEqual(box.wait_ack(box.submit(receiver="111", msgdata="once", id=first)), 0)
        box.submit(receiver="222", msgdata="other", id=first)
        box.submit(receiver="111", msgdata="last")
        self.assertEqual([m.text for m in smsc.wait(3)], ["once", "other", "last"])

    def test_messages_without_an_id_are_each_a_message(self):
        self.start()
        smsc, box = self.smsc(), self.box()
        for _ in range(2):
            self.assertEqual(box.wait_ack(box.submit(id=NOBODY)), 0)
        smsc.wait(2)

    def test_a_deferred_message_waits_for_its_time(self):
        self.start()
        smsc, box = self.smsc(), self.box()
        due = int(time.time()) + 3
        box.submit(msgdata="later", deferred=due)
        box.submit(msgdata="now")
        self.assertEqual([m.text for m in smsc.wait(2)], ["now", "later"])
        self.assertGreaterEqual(time.time(), due)

    def test_higher_priority_goes_first(self):
        self.start()
        box = self.box()
        for priority in (0, 1, 3, 2):
            self.assertEqual(box.wait_ack(box.submit(msgdata="p%d" % priority,
                                                     priority=priority)), 3)
        self.assertEqual([m.text for m in self.smsc().wait(4)], ["p3", "p2", "p1", "p0"])

    def test_a_long_text_goes_in_parts_of_one_reference(self):
        self.start()
        smsc, box = self.smsc(), self.box()
        text = "".join("%04d " % i for i in range(80))
        box.submit(msgdata=text)
        parts = smsc.wait(3)
        self.assertEqual(b"".join(p.data for p in parts).decode(), text)
        self.assertEqual({p.udh[:4] for p in parts}, {b"\x05\x00\x03" + parts[0].udh[3:4]})
        self.assertEqual([tuple(p.udh[4:6]) for p in parts], [(3, 1), (3, 2), (3, 3)])

    def test_many_more_than_fit_into_memory(self):
        self.start()
        box = self.box()
        count = 4000
        for i in range(count):
            box.submit(msgdata="n%d" % i)
        for _ in range(count):
            self.assertEqual(box.wait_ack(timeout=60), 3)
        smsc = self.smsc()
        texts = [m.text for m in smsc.wait(count, 60)]
        self.assertEqual(len(set(texts)), count)
        self.gw.wait_status(r"store size 0")
        self.assertEqual(len(smsc.received), count)


class Routing(BearerboxTest):
    def test_ids_and_prefixes_choose_the_connection(self):
        self.start(("a", "b"), group={"a": {"allowed_smsc_id": "a"},
                                      "b": {"denied_prefix": "49", "denied_smsc_id": "a"}})
        a, b, box = self.smsc("a"), self.smsc("b"), self.box()
        box.submit(smsc_id="a", msgdata="to a")
        box.submit(msgdata="to b", receiver="358")
        self.assertEqual(box.wait_ack(), 0)
        self.assertEqual(box.wait_ack(), 0)
        self.assertEqual(box.wait_ack(box.submit(receiver="491")), 1)
        self.assertEqual((a.wait()[0].text, b.wait()[0].text), ("to a", "to b"))

    def test_another_connection_takes_over(self):
        self.start(("a", "b"), group={"a": {"preferred_prefix": "358"}})
        a, b, box = self.smsc("a"), self.smsc("b"), self.box()
        box.submit(receiver="3581", msgdata="preferred")
        self.assertEqual(a.wait()[0].text, "preferred")
        a.stop()
        self.gw.wait_status(r"a\[a\].*re-connecting")
        box.submit(receiver="3581", msgdata="covered")
        self.assertEqual(b.wait()[0].text, "covered")

    def test_waiting_messages_go_to_whoever_comes(self):
        self.start(("a", "b"))
        box = self.box()
        for i in range(10):
            self.assertEqual(box.wait_ack(box.submit(msgdata="w%d" % i)), 3)
        self.assertEqual(len(self.smsc("b").wait(10)), 10)

    def test_a_connection_that_left_the_configuration_loses_no_messages(self):
        self.start(("a", "b"))
        box = self.box()
        self.assertEqual(box.wait_ack(box.submit(msgdata="kept")), 3)
        self.assertEqual(self.gw.bearerbox.stop(), 0)
        self.gw.groups = [g for g in self.gw.groups if g[1].get("smsc_id") not in ("a", "b")]
        self.ports["c"] = free_port()
        self.gw.groups.append(("smsc", {"smsc": "fake", "smsc_id": "c", "port": self.ports["c"]}))
        self.gw.write()
        self.gw.start_bearerbox()
        self.assertEqual(self.smsc("c").wait()[0].text, "kept")

    def test_receivers_are_brought_into_one_form(self):
        self.start(core={"unified_prefix": "+358,00358,0;+,00"})
        smsc, box = self.smsc(), self.box()
        box.submit(receiver="0401")
        self.assertEqual(smsc.wait()[0].receiver, "+358401")


class Reports(BearerboxTest):
    def test_the_reports_that_were_asked_for_come_in_order(self):
        self.start()
        self.smsc()
        box = self.box("b1")
        box.submit(dlr_mask=31, dlr_url="http://x/y", boxc_id="b1", service="svc", account="acc")
        first, second = box.wait_sms(), box.wait_sms()
        self.assertEqual([r["dlr_mask"] for r in (first, second)], [8, 1])
        for report in (first, second):
            self.assertEqual(
                (report["sms_type"], report["sender"], report["receiver"], report["service"],
                 report["dlr_url"], report["boxc_id"], report["smsc_id"], report["meta_data"]),
                (3, b"1000", b"358401", b"svc", b"http://x/y", b"b1", b"f1",
                 b"?orig_msg?dlr_mask=31&"))
            self.assertNotIn("coding", report)
        self.assertEqual((first["msgdata"], second["msgdata"]), (b"ACK/", b""))

    def test_only_what_the_mask_asks_for(self):
        self.start()
        self.smsc()
        box = self.box("b1")
        box.submit(dlr_mask=8, boxc_id="b1", msgdata="x")
        box.submit(dlr_mask=1, boxc_id="b1", msgdata="y")
        self.assertEqual(sorted(box.wait_sms()["dlr_mask"] for _ in range(2)), [1, 8])
        self.gw.wait_status(r"store size 0")
        self.assertTrue(box.nothing_waits())

    def test_a_report_waits_for_its_box_through_a_restart(self):
        self.start()
        self.smsc()
        box = self.box("b1")
        self.assertEqual(box.wait_ack(box.submit(dlr_mask=1, boxc_id="b2")), 0)
        wait_for(lambda: self.rows("select 1 from queue where kind = 'report'"), what="the report")
        self.restart("kill")
        self.assertEqual(self.box("b2").wait_sms()["dlr_mask"], 1)


class Incoming(BearerboxTest):
    def test_an_mo_goes_to_a_box_without_id(self):
        self.start()
        smsc = self.smsc()
        box = self.box()
        smsc.text("4917", "999", "hello")
        sms = box.wait_sms()
        self.assertEqual((sms["sender"], sms["receiver"], sms["msgdata"], sms["smsc_id"],
                          sms["sms_type"], sms["coding"]),
                         (b"4917", b"999", b"hello", b"f1", 0, 0))

    def test_an_identified_box_gets_only_what_is_routed_to_it(self):
        self.start(route=[{"smsbox_id": "b1", "shortcode": "111; 222"},
                          {"smsbox_id": "b2", "smsc_id": "f1", "shortcode": "333"}])
        smsc = self.smsc()
        b1, b2 = self.box("b1"), self.box("b2")
        smsc.text("1", "999", "for nobody yet")
        smsc.text("1", "222", "for b1")
        smsc.text("1", "333", "for b2")
        self.assertEqual(b1.wait_sms()["msgdata"], b"for b1")
        self.assertEqual(b2.wait_sms()["msgdata"], b"for b2")
        self.assertEqual(self.box().wait_sms()["msgdata"], b"for nobody yet")

    def test_what_a_box_did_not_acknowledge_goes_to_the_next(self):
        self.start()
        smsc, silent = self.smsc(), self.box(answer=None)
        smsc.text("1", "999", "twice")
        first = silent.wait_sms()
        silent.stop()
        second = self.box().wait_sms()
        self.assertEqual((first["id"], first["msgdata"]), (second["id"], second["msgdata"]))
        self.gw.wait_status(r"store size 0")
        self.assertEqual(self.given_again("when its connection ended"), [
            ("Message", first["id"].decode(), "1", "999", "")])
        self.assertEqual(self.count_given_again(), 1)

    def test_an_unacknowledged_mo_survives_a_kill(self):
        self.start()
        smsc, silent = self.smsc(), self.box(answer=None)
        smsc.text("1", "999", "kept")
        sms = silent.wait_sms()
        self.restart("kill")
        self.assertEqual(self.box().wait_sms()["msgdata"], b"kept")
        self.assertEqual(self.given_again("when the gateway stopped"), [
            ("Message", sms["id"].decode(), "1", "999", "")])
        self.assertEqual(self.count_given_again(), 1)
        self.gw.wait_status(r"store size 0")
        self.restart("kill")
        self.assertEqual(self.count_given_again(), 0)

    def test_only_what_a_box_had_is_named_after_a_kill(self):
        self.start(core={"smsbox_max_pending": 2})
        self.smsc()
        box = self.box("b", answer=None)
        for _ in range(6):
            self.assertEqual(box.wait_ack(box.submit(dlr_mask=8, boxc_id="b")), 0)
        reports = [box.wait_sms() for _ in range(2)]
        box.ack(reports[0], 0)
        third = box.wait_sms()
        self.gw.wait_status(r"(?m)store size 5$")
        self.restart("kill")
        self.assertEqual(
            sorted(self.given_again("when the gateway stopped")),
            sorted(("Delivery report", sms["id"].decode(), sms["sender"].decode(),
                    sms["receiver"].decode(), "b") for sms in (reports[1], third)))

    def test_a_refused_mo_is_done_with_and_a_postponed_one_comes_again_later(self):
        self.start()
        smsc, box = self.smsc(), self.box(answer=None)
        smsc.text("1", "999", "refused")
        box.ack(box.wait_sms(), 1)
        self.gw.wait_status(r"store size 0")
        smsc.text("1", "999", "postponed")
        started = time.monotonic()
        box.ack(box.wait_sms(), 2)
        again = box.wait_sms()
        self.assertGreater(time.monotonic() - started, 1.0)
        self.assertEqual(again["msgdata"], b"postponed")
        box.ack(again, 0)
        self.gw.wait_status(r"store size 0")

    def test_no_more_than_the_window_is_under_way_to_a_box(self):
        self.start(core={"smsbox_max_pending": 3})
        smsc, box = self.smsc(), self.box(answer=None)
        for i in range(10):
            smsc.text("1", "999", "m%d" % i)
        got = [box.wait_sms() for _ in range(3)]
        self.gw.wait_status(r"IP 127.0.0.1 \(3 queued\)")
        self.gw.wait_status(r"store size 10")
        self.assertTrue(box.nothing_waits())
        for sms in got:
            box.ack(sms, 0)
        self.assertEqual(len([box.wait_sms() for _ in range(3)]), 3)

    def test_parts_are_joined_in_any_order_and_through_a_restart(self):
        self.start()
        smsc = self.smsc()
        smsc.udh_text("1", "999", b"\x05\x00\x03\x2a\x03\x03", "end")
        smsc.udh_text("1", "999", b"\x05\x00\x03\x2a\x03\x01", "begin ")
        self.gw.wait_status(r"store size 2")
        smsc.stop()
        self.restart("kill")
        smsc, box = self.smsc(), self.box()
        smsc.udh_text("1", "999", b"\x05\x00\x03\x2a\x03\x02", "middle ")
        whole = box.wait_sms()
        self.assertEqual((whole["msgdata"], whole["udhdata"]), (b"begin middle end", b""))
        self.gw.wait_status(r"store size 0")

    def test_parts_whose_rest_never_comes_are_handed_on(self):
        self.start(core={"sms_combine_concatenated_mo_timeout": 1})
        smsc, box = self.smsc(), self.box()
        smsc.udh_text("1", "999", b"\x05\x00\x03\x2a\x02\x01", "half")
        self.assertEqual(box.wait_sms(30)["msgdata"], b"half")


class HungBoxes(BearerboxTest):
    def beat(self, box, until):
        """Heartbeats, until told to stop."""
        def run():
            while not until.wait(0.1):
                box.send("heartbeat", {"load": 0})
        thread = threading.Thread(target=run, daemon=True)
        self.addCleanup(thread.join, 20)
        self.addCleanup(until.set)
        thread.start()

    def test_what_a_silent_box_holds_goes_to_another(self):
        self.start(core={"box_silence": 2})
        smsc, hung = self.smsc(), self.box(answer=None)
        hung.send("heartbeat", {"load": 0})
        smsc.text("1", "2", "held")
        held = hung.wait_sms()
        other = self.box()
        self.assertEqual(other.wait_sms()["id"], held["id"])
        self.assertTrue(hung.closed.wait(20))
        self.gw.wait_log("has been silent for")
        self.gw.wait_status(r"store size 0")

    def test_slow_work_is_no_silence(self):
        self.start(core={"box_silence": 1})
        smsc, slow, stop = self.smsc(), self.box(answer=None), threading.Event()
        quiet = self.box("q", answer=None)  # never beats: as before heartbeats were known
        self.beat(slow, stop)
        smsc.text("1", "2", "work")
        work = slow.wait_sms()
        began = time.monotonic()
        self.assertFalse(slow.closed.wait(3))  # the time in which a silent one would be gone
        self.assertGreaterEqual(time.monotonic() - began, 3)
        slow.ack(work, 0)
        self.gw.wait_status(r"store size 0")
        self.assertFalse(quiet.closed.is_set())


class Operators(BearerboxTest):
    def test_suspended_nothing_moves(self):
        self.start()
        smsc, box = self.smsc(), self.box()
        self.assertEqual(self.gw.admin("suspend"), "Kannel suspended")
        self.assertEqual(self.gw.admin("suspend"), "Already suspended")
        box.submit(msgdata="waits")
        smsc.text("1", "999", "waits too")
        self.gw.wait_status(r"Status: suspended")
        self.assertTrue(box.acks.empty() and box.nothing_waits() and not smsc.received)
        self.assertEqual(self.gw.admin("resume"), "Running resumed")
        self.assertEqual(box.wait_ack(), 0)
        self.assertEqual(smsc.wait()[0].text, "waits")
        self.assertEqual(box.wait_sms()["msgdata"], b"waits too")

    def test_isolated_boxes_work_and_smscs_wait(self):
        self.start()
        smsc, box = self.smsc(), self.box()
        self.gw.admin("isolate")
        smsc.text("1", "999", "later")
        box.submit(msgdata="out")
        self.assertEqual(smsc.wait()[0].text, "out")
        self.assertTrue(box.nothing_waits())
        self.gw.admin("resume")
        self.assertEqual(box.wait_sms()["msgdata"], b"later")

    def test_a_connection_is_stopped_and_started(self):
        self.start()
        smsc, box = self.smsc(), self.box()
        self.assertEqual(self.gw.admin("stop-smsc", smsc="f1"), "SMSC `f1' shut down")
        self.gw.wait_status(r"f1\[f1\].*\(dead")
        self.assertEqual(box.wait_ack(box.submit()), 1)
        self.assertEqual(self.gw.admin("start-smsc", smsc="f1"), "SMSC `f1' re-started")
        smsc = self.smsc()
        box.submit(msgdata="again")
        self.assertEqual(smsc.wait()[0].text, "again")

    def test_shutdown_tells_the_boxes_and_ends(self):
        self.start()
        box = self.box()
        self.gw.wait_status("on-line")
        self.assertEqual(self.gw.admin("shutdown"), "Bringing system down")
        self.assertEqual(box.commands.get(timeout=20)["command"], 0)
        box.stop()
        self.assertEqual(self.gw.bearerbox.wait(), 0)


class Garbage(BearerboxTest):
    def expect_disconnected(self, octets):
        bad = self.box(identify=False)
        bad.send_octets(octets)
        self.assertTrue(bad.closed.wait(20), octets)

    def test_a_box_that_sends_garbage_loses_only_itself(self):
        self.start()
        smsc, good = self.smsc(), self.box()
        self.expect_disconnected(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.expect_disconnected(struct.pack(">i", -1))
        self.expect_disconnected(struct.pack(">i", 0))
        self.expect_disconnected(struct.pack(">ii", 4, 77))
        self.expect_disconnected(struct.pack(">iii", 8, 2, 1000))
        good.submit(msgdata="still here")
        self.assertEqual(smsc.wait()[0].text, "still here")
        self.gw.wait_log("ended")

    def test_a_client_of_the_fake_smsc_that_sends_garbage(self):
        self.start()
        smsc, box = self.smsc(), self.box()
        smsc.send_line("")
        smsc.send_line("\x00\x01 \x02")
        smsc.send_line("1 2 nonsense x")
        smsc.text("1", "999", "good")
        self.assertEqual(box.wait_sms()["msgdata"], b"good")


class Store(BearerboxTest):
    def test_every_message_has_a_story_in_the_file(self):
        self.start()
        self.smsc()
        box = self.box()
        box.wait_ack(box.submit(receiver="3581", msgdata="story"))
        self.gw.wait_status(r"store size 0")
        wait_for(lambda: self.rows("select state, receiver, text from history") ==
                 [("accepted", "3581", "story")], what=lambda: self.rows("select * from history"))

    def test_a_second_bearerbox_on_the_same_store_is_refused(self):
        self.start()
        other = self.gateway(core={"store_location": self.gw.store})
        with self.assertRaisesRegex(AssertionError, "status 1"):
            other.start_bearerbox()
        self.assertRegex(other.log(), "(?i)store.*(lock|use|another)")

    def test_a_port_in_use_is_told(self):
        self.start()
        other = self.gateway(core={"admin_port": self.gw.admin_port})
        with self.assertRaisesRegex(AssertionError, "status 1"):
            other.start_bearerbox()
        self.assertRegex(other.log(), "admin-port: .*%d" % self.gw.admin_port)


if __name__ == "__main__":
    unittest.main()
