# SPDX-License-Identifier: Apache-2.0
"""Other connections while the process works: add-smsc, remove-smsc,
graceful-restart and SIGHUP; and what operators take out: remove-message,
flush-dlr."""

import signal
import unittest

from bearerbox_test import BearerboxTest
from gateway import free_port, wait_for
from modem_peer import VirtualModem
from smsc_peer import FakeSmsc


class Reload(BearerboxTest):
    def group(self, name, **values):
        self.ports.setdefault(name, free_port())
        return {"smsc": "fake", "smsc_id": name, "port": self.ports[name], **values}

    def rewrite(self, *groups):
        """The file has these smsc groups from now on."""
        self.gw.groups = [("smsc", g) for g in groups] + \
            [g for g in self.gw.groups if g[0] != "smsc"]
        self.gw.write()

    def reload(self, *groups):
        self.rewrite(*groups)
        self.assertEqual(self.gw.admin("graceful-restart"), "Restarting gracefully.....")

    def names(self):
        return [line.split()[0].split("[")[0] for line in self.gw.status().splitlines() if "FAKE:" in line]

    def test_added_removed_and_changed_groups(self):
        self.start(ids=("f1", "f2"), group={"f1": {"allowed_smsc_id": "f1"}})
        kept = self.smsc("f1")
        self.smsc("f2")
        same = self.group("f1", connect_allow_ip="127.0.0.1", allowed_smsc_id="f1")
        self.reload(same, self.group("f3", denied_smsc_id="f1"))  # else it may take "old"
        self.gw.wait_log("is removed")
        new = self.smsc("f3")
        self.assertEqual(self.names(), ["f1", "f3"])
        self.assertRaises(OSError, FakeSmsc, self.ports["f2"], 0)
        box = self.box()
        self.assertEqual(box.wait_ack(box.submit(smsc_id="f1", msgdata="old")), 0)
        self.assertEqual(kept.wait()[0].text, "old")  # its connection was left alone
        self.assertEqual(box.wait_ack(box.submit(smsc_id="x", msgdata="new")), 0)
        self.assertEqual(new.wait()[0].text, "new")
        # the same port and id, another rule: started again when the old one is down
        self.reload({**same, "allowed_smsc_id": "f1;y"}, self.group("f3", denied_smsc_id="f1;y"))
        wait_for(lambda: kept.ended, what="the changed connection to restart")
        again = self.smsc("f1")
        self.assertEqual(box.wait_ack(box.submit(smsc_id="y", msgdata="changed")), 0)
        self.assertEqual(again.wait()[0].text, "changed")

    def test_sighup_does_the_same(self):
        self.start()
        self.rewrite(self.group("f1", connect_allow_ip="127.0.0.1"), self.group("f9"))
        self.gw.bearerbox.signal(signal.SIGHUP)
        self.smsc("f9")
        self.smsc("f1")

    def test_a_mistake_changes_nothing(self):
        self.start()
        kept = self.smsc()
        self.rewrite(self.group("f2"), {"smsc": "fake", "smsc_id": "f3", "prot": 1})
        self.assertIn("errors", self.gw.admin("graceful-restart"))
        self.assertEqual(self.gw.admin("add-smsc", smsc="f2"), "Could not add smsc-id `f2'")
        self.gw.wait_log("'prot'")
        self.assertEqual(self.names(), ["f1"])
        box = self.box()
        self.assertEqual(box.wait_ack(box.submit()), 0)
        kept.wait()

    def test_what_waits_for_a_removed_one_goes_elsewhere(self):
        self.start(ids=("f1", "f2"), group={"f1": {"allowed_smsc_id": "f1"},
                                            "f2": {"allowed_smsc_id": "f2"}})
        box = self.box()
        ids = [box.submit(smsc_id="f1", msgdata="m%d" % i) for i in range(1500)]  # over a window
        self.assertEqual({box.wait_ack(i) for i in ids}, {3})
        self.reload(self.group("f2", allowed_smsc_id="f1;f2"))
        got = self.smsc("f2").wait(1500)
        self.assertEqual({m.text for m in got}, {"m%d" % i for i in range(1500)})
        self.assertEqual(len(got), 1500)
        self.gw.wait_status(r"store size 0")

    def test_an_added_one_helps_with_what_waits(self):
        self.start(group={"f1": {"denied_prefix": "99"}})
        box = self.box()
        for number in ("11", "22"):
            self.assertEqual(box.wait_ack(box.submit(receiver=number)), 3)
        self.rewrite(self.group("f1", connect_allow_ip="127.0.0.1", denied_prefix="99"),
                     self.group("f2", allowed_prefix="22"))
        self.assertEqual(self.gw.admin("add-smsc", smsc="f2"), "SMSC `f2' added")
        self.assertEqual(self.gw.admin("add-smsc", smsc="f2"), "Could not add smsc-id `f2'")
        self.assertEqual([m.receiver for m in self.smsc("f2").wait()], ["22"])
        self.assertEqual([m.receiver for m in self.smsc("f1").wait()], ["11"])

    def test_nobody_takes_it_any_more_so_it_waits(self):
        self.start(ids=("f1", "f2"), group={"f1": {"allowed_smsc_id": "f1"},
                                            "f2": {"allowed_smsc_id": "f2"}})
        box = self.box()
        self.assertEqual(box.wait_ack(box.submit(smsc_id="f1", msgdata="patient")), 3)
        self.assertEqual(self.gw.admin("remove-smsc", smsc="f1"), "SMSC `f1' removed")
        self.assertEqual(self.gw.admin("remove-smsc", smsc="f1"), "Could not remove smsc-id `f1'")
        self.assertEqual(box.wait_ack(box.submit(smsc_id="f1")), 1)
        self.gw.wait_log("not configured any more")
        self.assertEqual(self.gw.admin("add-smsc", smsc="f1"), "SMSC `f1' added")
        self.assertEqual(self.smsc("f1").wait()[0].text, "patient")

    def test_restarting_under_load_loses_nothing(self):
        self.start(ids=("f1", "f2"))
        box = self.box()
        peers, texts = [], set()

        def connect(name):
            peers.append(self.peer(FakeSmsc(self.ports[name])))
        connect("f1")
        connect("f2")
        sent = 0
        for turn in range(6):
            for _ in range(200):
                box.submit(msgdata="t%d" % sent)
                peers[-1].text("1", "2", "mo%d" % sent)
                sent += 1
            self.reload(self.group("f1", throughput=2000 + turn), self.group("f2"))
            connect("f1")
        acks = [box.wait_ack() for _ in range(sent)]
        self.assertTrue(set(acks) <= {0, 3}, set(acks))
        self.gw.wait_status(r"store size 0")
        for peer in peers:
            texts.update(m.text for m in peer.received)
        self.assertEqual(texts, {"t%d" % i for i in range(sent)})

    def test_an_end_while_connections_change(self):
        self.start(ids=("f1", "f2"))
        self.smsc("f1")
        box = self.box()
        for i in range(100):
            box.submit(msgdata="t%d" % i)
        self.reload(self.group("f2", throughput=1), self.group("f4"))
        self.assertEqual(self.gw.bearerbox.stop(), 0)


class Removal(BearerboxTest):
    def test_a_waiting_mt_is_cancelled(self):
        self.start()
        box = self.box()
        ids = [box.submit(msgdata="m%d" % i) for i in range(3)]
        for i in ids:
            box.wait_ack(i)
        self.assertEqual(self.gw.admin("remove-message", id=ids[1]),
                         "Message id `%s' removed" % ids[1])
        self.assertEqual(self.rows("select count(*) from entry where state = 54"), [(1,)])
        self.gw.wait_status(r"store size 2")
        smsc = self.smsc()
        self.assertEqual([m.text for m in smsc.wait(2)], ["m0", "m2"])
        self.gw.wait_status(r"store size 0")
        self.assertEqual(len(smsc.received), 2)

    def test_beyond_the_window(self):
        self.start()
        box = self.box()
        ids = [box.submit(msgdata="m%d" % i) for i in range(1100)]
        for i in ids:
            box.wait_ack(i)
        for i in (ids[0], ids[1050], ids[1099]):
            self.assertEqual(self.gw.admin("remove-message", id=i), "Message id `%s' removed" % i)
        smsc = self.smsc()
        self.assertEqual({m.text for m in smsc.wait(1097)},
                         {"m%d" % i for i in range(1100) if i not in (0, 1050, 1099)})
        self.gw.wait_status(r"store size 0")
        self.assertEqual(len(smsc.received), 1097)

    def test_an_mo_that_a_box_keeps_does_not_come_back(self):
        self.start()
        smsc, silent = self.smsc(), self.box(answer=None)
        smsc.text("1", "2", "gone")
        smsc.text("1", "2", "stays")
        gone, stays = silent.wait_sms(), silent.wait_sms()
        message_id = gone["id"].decode()
        self.assertEqual(self.gw.admin("remove-message", id=message_id),
                         "Message id `%s' removed" % message_id)
        silent.stop()
        other = self.box()
        self.assertEqual(other.wait_sms()["id"], stays["id"])
        self.gw.wait_status(r"store size 0")
        self.assertTrue(other.nothing_waits())

    def test_what_an_smsc_had_is_not_removed(self):
        self.start()
        smsc, box = self.smsc(), self.box("b1")
        sent = box.submit(dlr_mask=3, dlr_url="x", boxc_id="b1", msgdata="sent")
        box.wait_ack(sent)
        smsc.wait()
        box.wait_sms()  # delivered at once: final
        self.assertEqual(self.gw.admin("remove-message", id=sent), "Message id `%s' removed" % sent)
        self.assertEqual(self.rows("select state from entry where kind = 1"), [(51,)])
        self.assertEqual(self.gw.admin("remove-message", id="x" * 36),
                         "Could not remove message id `%s'" % ("x" * 36))

    def test_awaited_reports_are_given_up(self):
        modem = self.peer(VirtualModem("--do", "reports none"))
        self.gw = self.gateway(smsc=[{"smsc": "at", "smsc_id": "vm", "device": modem.device,
                                      "modemtype": "generic"}],
                               more="group = modems\nid = generic\nname = Generic\n")
        self.gw.start_bearerbox()
        self.gw.wait_link("vm")
        box = self.box("b1")
        sent = box.submit(dlr_mask=3, dlr_url="x", boxc_id="b1")
        self.assertIn(box.wait_ack(sent), (0, 3))
        wait_for(lambda: self.rows("select state from entry") == [(13,)], what="state sent")
        self.assertEqual(self.gw.admin("remove-message", id=sent),
                         "Could not remove message id `%s'" % sent)
        self.assertEqual(self.gw.admin("suspend"), "Kannel suspended")
        self.assertEqual(self.gw.admin("flush-dlr"), "DLR queue flushed")
        self.assertEqual(self.rows("select state from entry"), [(50,)])


if __name__ == "__main__":
    unittest.main()
