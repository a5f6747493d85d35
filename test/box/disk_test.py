# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, and a file that cannot be written: every sender is told to
try later, what is under way goes on where it can, nothing acknowledged is lost, and
when there is room again it goes on by itself.

The disk is a small file system of the bearerbox's own, in a mount namespace that ends
with it. The file that cannot be written is one that may not grow (RLIMIT_FSIZE)."""

import json
import os
import resource
import stat
import subprocess
import sys
import unittest

from gateway import wait_for
from http_peer import HttpPeer
from modem_test import ModemCase
from reports_test import DELIVERED, SmppTest

TEMPORARY = 0x64  # ESME_RX_T_APPN
THROTTLED = 0x58
LATER = (503, "Temporal failure, try again later.")
MAY_MOUNT = subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL,
                           check=False).returncode == 0


class Trouble:
    """What the two kinds of trouble have in common."""

    def told(self):
        self.gw.wait_status(r"Store: in trouble, ")

    def over(self):
        wait_for(lambda: "in trouble" not in self.gw.status(), 60, self.gw.status)

    def send(self, text="x"):
        return self.gw.sendsms(to="4670", text=text)

    def refused(self):
        """Sends until the answer is that of a disk in trouble."""
        answers = []

        def again():
            answers.append(self.send("filling " * 20))
            return answers[-1] == LATER
        wait_for(again, 60, lambda: "a refusal: %r" % answers[-3:])
        return len([a for a in answers if a[0] == 202])


class Limit:
    """The files of a process may not grow."""

    def __init__(self, pid):
        self.pid = pid
        self.before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def end(self):
        try:
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, self.before)
        except ProcessLookupError:
            pass  # it has ended meanwhile


class CannotBeWritten(Trouble, SmppTest):
    def test_everybody_is_told_to_try_later_and_it_goes_on(self):
        self.start()
        self.gw.start_smsbox()
        pid = self.gw.bearerbox.child.pid
        self.assertEqual(self.send()[0], 202)
        self.smsc.wait_submitted(1)
        message, = self.submit(mask=DELIVERED)
        self.wait_state("sent", view="awaited")
        limit = Limit(pid)
        self.addCleanup(limit.end)
        self.assertEqual(self.refused(), 0)
        self.told()
        self.assertIn("<store-trouble>", self.gw.status("xml"))
        box = self.box("b2")
        self.assertEqual(box.wait_ack(box.submit()), 2)
        self.assertEqual(self.smsc.wait_acknowledged(self.smsc.deliver(b"49", b"1000", b"mo")),
                         TEMPORARY)
        self.assertEqual(self.smsc.wait_acknowledged(self.smsc.receipt(message)), TEMPORARY)
        limit.end()
        self.over()
        self.assertEqual(self.send("again")[0], 202)
        self.receipt(message, "DELIVRD")
        self.assertEqual(self.event(), DELIVERED)
        self.assertEqual(self.smsc.wait_acknowledged(self.smsc.deliver(b"49", b"1000", b"mo")), 0)
        self.assertEqual(self.gw.bearerbox.child.pid, pid)
        self.assertTrue(self.gw.bearerbox.running())

    def test_what_is_under_way_to_the_smsc_is_known_afterwards(self):
        self.start()
        self.smsc.silent = True
        for _ in range(3):
            self.client.submit(dlr_mask=8, boxc_id="b1")
        self.smsc.wait_submitted(3)
        limit = Limit(self.gw.bearerbox.child.pid)
        self.addCleanup(limit.end)
        box = self.box("b2")
        self.assertEqual(box.wait_ack(box.submit()), 2)
        for unanswered in self.smsc.unanswered:
            self.smsc.answer(*unanswered)
        limit.end()
        self.over()
        self.assertEqual([self.event() for _ in range(3)], [8, 8, 8])
        self.smsc.silent = False
        self.restart()
        self.smsc.wait_bound()
        self.assertEqual(self.gw.store_size(), 0)
        self.assertEqual(len(self.smsc.submitted), 3)

    def test_what_could_not_be_handed_over_was_no_try(self):
        self.start(core={"sms_resend_retry": 1, "sms_resend_freq": 1}, reconnect_delay=1)
        self.smsc.account = ("somebody", "else")
        self.smsc.disconnect()
        self.gw.wait_status(r"s1.*\((re-|)connecting")
        self.assertEqual(self.client.wait_ack(self.client.submit()), 3)
        limit = Limit(self.gw.bearerbox.child.pid)
        self.addCleanup(limit.end)
        self.assertEqual(self.client.wait_ack(self.client.submit()), 2)
        self.smsc.statuses, self.smsc.account = [THROTTLED], None
        self.gw.wait_link("s1")  # and tries to note that it is sending
        self.assertEqual(self.client.wait_ack(self.client.submit()), 2)
        limit.end()
        self.over()
        self.smsc.wait_submitted(2, timeout=60)
        self.wait_state("accepted")


class ModemAndFile(Trouble, ModemCase):
    def test_no_acknowledgement_and_no_loss(self):
        app = self.peer(HttpPeer())
        self.start(service=[{"keyword": "default", "max_messages": 0,
                             "get_url": "http://127.0.0.1:%d/mo?text=%%a" % app.port}])
        self.modem.inject("+4930", "before")
        app.wait(1)
        self.empty()
        before = self.modem.ctl("stats")["counts"]["acknowledged"]
        limit = Limit(self.gw.bearerbox.child.pid)
        self.addCleanup(limit.end)
        self.modem.inject("+4930", "during")
        self.told()
        self.assertEqual(self.modem.ctl("stats")["counts"]["acknowledged"], before)
        limit.end()
        self.over()
        app.wait(2, timeout=90)
        self.assertEqual([r.query["text"] for r in app.requests], ["before", "during"])


@unittest.skipUnless(MAY_MOUNT, "needs a mount namespace of its own (root)")
class FullDisk(Trouble, SmppTest):
    SIZE = 12 * 1024 * 1024

    def start(self, **more):
        self.disk = None
        super().start(**more)

    def gateway(self, core=None, **more):
        gw = super().gateway(core=core, **more)
        disk = os.path.join(gw.dir, "disk")
        os.mkdir(disk)
        gw.core["store_location"] = gw.store = os.path.join(disk, "kannel.store")
        gw.write()
        script = os.path.join(gw.dir, "on-small-disk")
        with open(script, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\nexec unshare -m sh -c 'mount -t tmpfs -o size=%d tmpfs \"$0\" && "
                    "exec \"$@\"' \"%s\" \"%s\" \"$@\"\n" % (self.SIZE, disk, gw.binaries[0]))
        os.chmod(script, stat.S_IRWXU)
        gw.binaries = (script, gw.binaries[1])
        return gw

    def inside(self, name):
        """A path on the small disk, which only the bearerbox sees."""
        return "/proc/%d/root%s" % (self.gw.bearerbox.child.pid,
                                    os.path.join(os.path.dirname(self.gw.store), name))

    def rows(self, query):
        done = subprocess.run(
            ["nsenter", "-t", str(self.gw.bearerbox.child.pid), "-m", "-r", sys.executable, "-c",
             "import json, sqlite3, sys\n"
             "print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))",
             self.gw.store, query], capture_output=True, check=True, timeout=60)
        return [tuple(row) for row in json.loads(done.stdout)]

    def fill(self):
        with open(self.inside("filler"), "ab", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError:
                pass

    def test_full_and_room_again(self):
        self.start()
        self.gw.start_smsbox()
        accepted = 1
        self.assertEqual(self.send()[0], 202)
        self.smsc.wait_submitted(1)
        message, = self.submit(mask=DELIVERED)
        self.wait_state("sent", view="awaited")
        self.fill()
        accepted += self.refused()
        self.told()
        self.fill()
        # In the room of the reserve: the report is stored and handed on.
        self.receipt(message, "DELIVRD")
        self.assertEqual(self.event(), DELIVERED)
        self.assertEqual(self.smsc.wait_acknowledged(self.smsc.deliver(b"49", b"1000", b"mo")),
                         TEMPORARY)
        box = self.box("b2")
        self.assertEqual(box.wait_ack(box.submit()), 2)
        os.unlink(self.inside("filler"))
        self.over()
        self.assertEqual(self.send("again")[0], 202)
        self.assertEqual(self.smsc.wait_acknowledged(self.smsc.deliver(b"49", b"1000", b"mo")), 0)
        self.gw.wait_status(r"store size 0")
        texts = [message.short_message for message in self.smsc.submitted]
        self.assertEqual(len([text for text in texts if text.startswith(b"filling")]),
                         accepted - 1)
        self.assertEqual(texts.count(b"again"), 1)
        self.assertTrue(os.path.exists(self.inside("kannel.store.reserve")))


if __name__ == "__main__":
    unittest.main()
