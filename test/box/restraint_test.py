# SPDX-License-Identifier: Apache-2.0
"""
Limits and quiet hours of a connection: what goes, what waits, what another
connection takes over, and what is remembered over a restart and a crash.
"""
import os
import re
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from gateway import GatewayTest, build_directory, free_ports, wait_for  # noqa: E402
from modem_peer import VirtualModem  # noqa: E402
from smsc_peer import FakeSmsc  # noqa: E402


def around_now(before=60, after=60):
    """A range of the day that holds this moment, so many minutes on each side."""
    def clock(seconds):
        return time.strftime("%H:%M", time.localtime(time.time() + seconds))
    return "%s-%s" % (clock(-before * 60), clock(after * 60))


class Fakes(GatewayTest):
    """Connections a, b, ... to fake SMSCs."""

    def start(self, *links, **more):
        first = free_ports(len(links))
        groups = [{"smsc": "fake", "smsc_id": "abc"[i], "port": first + i, **link}
                  for i, link in enumerate(links)]
        self.gw = self.gateway(smsc=groups, **more)
        self.gw.start()
        self.smscs = [self.peer(FakeSmsc(first + i)) for i in range(len(links))]
        for group in groups:
            self.gw.wait_link(group["smsc_id"])

    def send(self, count, **more):
        for n in range(count):
            self.gw.sendsms(to="123", text="number %d" % n, **more)


class Limits(Fakes):
    def test_used_up(self):
        self.start({"limit_month": 2})
        self.send(5)
        self.smscs[0].wait(2)
        page = self.gw.wait_status(r"limit-month \(2\) is used up until \d{4}-\d\d-01 00:00")
        self.assertRegex(page.string, r"a\[a\].*online.*queued 3 msgs")
        self.assertIn("limit month 2/2", page.string)
        self.gw.wait_status(r"limited 3\b")
        self.assertIn("<limit>month 2/2</limit>", self.gw.status("xml"))
        self.gw.wait_log("SMSC <FAKE:%s> is online: limit-month (2) is used up" % re.search(
            r"FAKE:(\d+)", page.string).group(1))

    def test_parts_count_and_what_has_begun_is_finished(self):
        self.start({"limit_month": 2})
        self.gw.sendsms(to="123", text="long " * 80)  # three parts
        self.smscs[0].wait(3)
        self.gw.wait_status(r"limit month 3/2")
        self.send(1)
        self.gw.wait_status(r"queued 1 msgs")

    def test_another_connection_takes_over(self):
        self.start({"limit_month": 2, "preferred_prefix": "1"}, {})
        self.send(5)
        self.smscs[0].wait(2)
        self.smscs[1].wait(3)
        self.gw.wait_status(r"store size 0\b")

    def test_remembered_over_a_restart(self):
        self.start({"limit_month": 3})
        self.send(2)
        self.smscs[0].wait(2)
        self.gw.wait_status(r"limit month 2/3")
        self.gw.stop()
        self.gw.start()
        port = int(self.gw.wait_status(r"FAKE:(\d+)").group(1))
        smsc = self.peer(FakeSmsc(port))
        self.gw.wait_link("a")
        self.gw.wait_status(r"limit month 2/3")
        self.send(2)
        smsc.wait(1)
        self.gw.wait_status(r"limit month 3/3")
        self.gw.wait_status(r"queued 1 msgs")

    def test_a_crash_forgets_seconds_only(self):
        self.start({"limit_month": 3})
        self.send(2)
        self.smscs[0].wait(2)
        names = wait_for(lambda: [name for name in os.listdir(self.gw.dir)
                                  if name.endswith(".limits-a")], 30, "the file of the limits")
        self.assertEqual(len(names), 1)
        self.gw.kill("bearerbox")
        self.gw.start_bearerbox()
        self.gw.wait_status(r"limit month 2/3")

    def test_connections_of_one_name_have_a_count_each(self):
        self.start({"smsc_id": "same", "limit_month": 1}, {"smsc_id": "same", "limit_month": 1})
        self.send(3)
        for smsc in self.smscs:
            smsc.wait(1)
        self.gw.wait_status(r"(?s)limit month 1/1.*limit month 1/1")
        self.gw.wait_status(r"queued 1 msgs")

    def test_counted_by_sim(self):
        modem = self.peer(VirtualModem())
        gw = self.gateway(smsc=[{"smsc": "at", "smsc_id": "m1", "device": modem.device,
                                 "limit_month": 1}])
        gw.start()
        gw.wait_link("m1")
        gw.sendsms(to="+4917012345", text="one")
        gw.sendsms(to="+4917012345", text="two")
        modem.wait_sent(1)
        gw.wait_status(r"limit month 1/1")
        modem.ctl("set iccid 8949011234567899999")
        modem.ctl("vanish 0.5")  # with another SIM the other one goes
        self.assertEqual(modem.wait_sent(2)[1]["text"], "two")
        modem.ctl("set iccid 89490112345678900001")
        modem.ctl("vanish 0.5")
        gw.wait_log("another SIM: its ICCID is 89490112345678900001")
        gw.wait_status(r"\[m1\].*\(online")
        gw.wait_status(r"limit month 1/1")
        gw.sendsms(to="+4917012345", text="three")
        gw.wait_status(r"limit-month \(1\) is used up")
        gw.wait_status(r"queued 1 msgs")

    def test_mistakes_are_told(self):
        gw = self.gateway(smsc=[{"smsc": "fake", "smsc_id": "a", "port": free_ports(1),
                                 "limit_day": 0, "quiet_hours": "22 to 7"}])
        text = self.check(gw)
        self.assertIn("limit-day", text)
        gw = self.gateway(smsc=[{"smsc": "fake", "smsc_id": "a", "port": free_ports(1),
                                 "quiet_hours": "22 to 7"}])
        self.assertIn("'22 to 7' is no time of day like 22:00-07:00", self.check(gw))
        for wrong, words in (({"balance_code": "*1#"}, "cannot ask the network"),
                             ({"balance_least": 5}, "needs balance-code"),
                             ({"balance_code": "*1#", "balance_every": "often"},
                              "'often' is neither a duration like 6h nor a time")):
            gw = self.gateway(smsc=[{"smsc": "fake", "smsc_id": "a", "port": free_ports(1),
                                     **wrong}])
            self.assertIn(words, self.check(gw))

    @staticmethod
    def check(gw):
        gw.write()
        done = subprocess.run([os.path.join(build_directory(), "bearerbox"), "--check-config",
                               gw.conf], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=30, check=False)
        if done.returncode == 0:
            raise AssertionError("no mistake was found: %s" % done.stdout)
        return done.stdout.decode()


class QuietHours(Fakes):
    def test_messages_wait_and_those_of_priority_pass(self):
        self.start({"quiet_hours": around_now(), "quiet_hours_exempt_priority": 2})
        self.send(1, priority=1)
        self.send(1)
        self.gw.sendsms(to="123", text="urgent", priority=2)
        line, = self.smscs[0].wait(1)
        self.assertIn("urgent", repr(line))
        page = self.gw.wait_status(r"quiet hours until \d\d:\d\d")
        self.assertRegex(page.string, r"online.*queued 2 msgs")
        self.gw.wait_status(r"limited 2\b")
        self.smscs[0].text("100", "200", "incoming all the same")
        self.gw.wait_status(r"rcvd: sms 1 ")

    def test_not_now(self):
        self.start({"quiet_hours": "%s; %s" % (around_now(-60, 120), around_now(180, -60))})
        self.send(1)
        self.smscs[0].wait(1)

    def test_another_connection_takes_over(self):
        self.start({"quiet_hours": around_now(), "preferred_prefix": "1"}, {})
        self.send(3)
        self.smscs[1].wait(3)


class SetAside(GatewayTest):
    """Two SIMs, one of them without credit."""

    def start(self, ids=("m", "m"), bound=False, **more):
        self.modems = [self.peer(VirtualModem()) for _ in range(2)]
        self.gw = self.gateway(core={"sms_resend_freq": 1, "sms_resend_retry": -1}, smsc=[
            {"smsc": "at", "smsc_id": ids[n], "smsc_admin_id": "m%d" % (n + 1),
             "device": modem.device, **({"allowed_smsc_id": ids[n]} if bound else {}), **more}
            for n, modem in enumerate(self.modems)])
        self.gw.start()
        for name in ("m1", "m2"):
            self.gw.wait_status(r"\[%s\].*\(online" % name)

    def send(self, count, first=0):
        for n in range(first, first + count):
            self.gw.sendsms(to="+49170%05d" % n, text="number %d" % n)

    def refused(self):
        return self.modems[0].ctl("stats")["counts"]["refused"]

    def sent(self, n):
        return sorted(part["text"] for part in self.modems[n].sent_parts())

    def test_it_stands_aside_and_goes_on_when_it_is_needed(self):
        self.start(balance_code="*100#")
        self.modems[0].ctl("ussd *100# 0 Balance: 0.00 EUR")
        self.modems[0].ctl("reports refuse 38")
        self.send(30)
        page = self.gw.wait_status(r"set aside until \d\d:\d\d: 3 messages in a row met "
                                   r"\+CMS ERROR: 38 \(.*\), while m2 sends", 60)
        self.assertRegex(page.string, r"m1.*online")
        self.gw.wait_status("set-aside 1")
        self.modems[1].wait_sent(30, timeout=60)
        self.assertEqual(self.sent(1), sorted("number %d" % n for n in range(30)))
        refused = self.refused()
        self.gw.wait_log("the network says: Balance: 0.00 EUR")
        self.send(10, 30)
        self.modems[1].wait_sent(40, timeout=60)
        self.assertEqual(self.refused(), refused)
        self.modems[0].ctl("reports auto")
        self.modems[1].ctl("vanish 3600")
        self.gw.wait_status(r"\[m2\].*\(re-connecting", 40)
        self.send(1, 40)
        self.modems[0].wait_sent(1, timeout=60)

    def test_not_when_no_other_sends(self):
        self.start()
        for modem in self.modems:
            modem.ctl("reports refuse 38")
        self.send(6)
        wait_for(lambda: self.refused() >= 6, 60, "six refusals")
        self.assertNotIn("aside", self.gw.status())
        self.modems[0].ctl("reports auto")
        self.modems[1].ctl("reports auto")
        wait_for(lambda: len(self.sent(0)) + len(self.sent(1)) >= 6, 60, "all of them")

    def test_not_when_the_other_may_not_take_over(self):
        self.start(ids=("a", "b"), bound=True)
        self.modems[0].ctl("reports refuse 38")
        for n in range(6):
            self.gw.sendsms(to="+4917000%03d" % n, text="bound %d" % n, smsc="a")
            self.gw.sendsms(to="+4917000%03d" % n, text="free %d" % n, smsc="b")
        wait_for(lambda: self.refused() >= 6 and self.sent(1), 60, "six refusals")
        self.assertNotIn("aside", self.gw.status())
        self.modems[0].ctl("reports auto")
        self.modems[0].wait_sent(1, timeout=60)

    def test_not_for_one_receiver(self):
        self.start()
        for modem in self.modems:
            modem.ctl("fate +4966 refuse 38")
        self.gw.sendsms(to="+4966", text="never")
        self.send(10)
        wait_for(lambda: len(self.sent(0)) + len(self.sent(1)) >= 10, 60, "all of them")
        wait_for(lambda: self.refused() >= 4, 60, "four refusals")
        self.assertNotIn("aside", self.gw.status())


if __name__ == "__main__":
    unittest.main()
