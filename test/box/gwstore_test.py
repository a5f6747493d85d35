# SPDX-License-Identifier: Apache-2.0
"""gwstore: what an operator can ask of the store and do with it, beside a running
gateway, and what it salvages of damaged files. DAMAGE_CASES says how many."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import time
import unittest

from bearerbox_test import BearerboxTest
from gateway import build_directory, wait_for

NOTHING, FAILED, DAMAGED, PARTIAL, USAGE = 1, 2, 3, 4, 64


class GwstoreTest(BearerboxTest):
    def gwstore(self, *arguments, store=None, status=0, lines=None):
        done = subprocess.run(
            [os.path.join(build_directory(), "gwstore"), "--store", store or self.gw.store,
             *arguments], input=lines, capture_output=True, text=True, errors="replace",
             timeout=60)
        allowed = status if isinstance(status, tuple) else (status,)
        self.assertIn(done.returncode, allowed, f"{arguments}: {done.stdout}{done.stderr}")
        self.said = done
        return done.stdout

    def objects(self, *arguments, **more):
        return [json.loads(line) for line in self.gwstore("export", *arguments, **more).splitlines()]

    def queue(self, count=3, **fields):
        """Messages that wait, since no SMSC is connected."""
        box = self.box()
        for i in range(count):
            box.submit(msgdata=f"text number {i}", receiver=f"35840{i:04d}", **fields)
        wait_for(lambda: len(self.rows("select number from entry")) >= count, what="rows")
        return box


class Looking(GwstoreTest):
    def test_status_list_and_show(self):
        self.start()
        self.queue()
        self.assertIn("mt     queued             3", self.gwstore("status"))
        self.assertEqual(len(self.gwstore("list", "--state", "queued").splitlines()), 3)
        self.assertIn("text number 1", self.gwstore("list", "--number", "358400001"))
        self.gwstore("list", "--state", "dead", status=NOTHING)
        self.gwstore("list", "--state", "nonsense", status=USAGE)
        number = str(self.rows("select min(number) from entry")[0][0])
        story = self.gwstore("show", number)
        self.assertIn("waits for an SMSC", story)
        uuid = self.objects(number)[0]["id"]
        self.assertEqual(self.gwstore("show", uuid), story)
        self.gwstore("show", "999999", status=NOTHING)
        self.assertIn("sound, 3 messages", self.gwstore("check"))

    def test_every_filter(self):
        self.start(ids=("f1", "f2"))
        self.queue(4)
        self.smsc("f1").wait(4)
        wait_for(lambda: len(self.objects("--state", "accepted", status=(0, NOTHING))) == 4,
                 what="all to be accepted")
        day = 24 * 3600 * 1000
        with sqlite3.connect(self.gw.store) as store:  # one a day, the last one today
            store.execute("update entry set accepted_ms = accepted_ms - (4 - number) * ?", (day,))
        moments = [row[0] // 1000 for row in
                   self.rows("select accepted_ms from entry order by number")]

        def texts(*arguments):
            return [m["msgdata"][-1] for m in self.objects(*arguments, status=(0, NOTHING))]
        self.assertEqual(texts("--since", str(moments[2])), ["2", "3"])
        self.assertEqual(texts("--until", str(moments[2])), ["0", "1"])
        self.assertEqual(texts("--since", str(moments[1]), "--until", str(moments[3])), ["1", "2"])
        local = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moments[3]))
        self.assertEqual(texts("--since", local), ["3"])
        self.assertEqual(texts("--limit", "3"), ["0", "1", "2"])
        self.assertEqual(texts("--number", "358400002"), ["2"])
        self.assertEqual(texts("--smsc", "f1"), ["0", "1", "2", "3"])
        self.assertEqual(texts("--smsc", "f2"), [])
        self.assertEqual(texts("--kind", "mo"), [])
        self.assertEqual(texts("--kind", "mt", "--state", "accepted", "--limit", "1"), ["0"])
        self.gwstore("list", "--since", "yesterday", status=USAGE)
        self.gwstore("list", "--kind", "fax", status=USAGE)

    def test_the_command_line(self):
        self.start()
        self.gwstore("nonsense", status=USAGE)
        self.gwstore("cancel", status=USAGE)
        self.gwstore("status", store="/nowhere", status=FAILED)
        self.gwstore("import", status=FAILED, lines="")
        self.assertIn("in use by another bearerbox", self.said.stderr)
        self.assertIn("usage: gwstore", self.gwstore("--help", "status"))


class Changing(GwstoreTest):
    def test_cancelled_is_not_sent_and_requeued_is(self):
        self.start()
        self.queue()
        numbers = [str(row[0]) for row in self.rows("select number from entry order by 1")]
        self.assertEqual(self.gwstore("cancel", numbers[0], numbers[1]), "2 messages cancelled\n")
        smsc = self.smsc()
        self.assertIn("text number 2", smsc.wait()[0].line)
        self.assertEqual(self.gwstore("requeue", numbers[0]), "1 messages wait again\n")
        self.assertIn("text number 0", smsc.wait(2)[1].line)
        self.assertEqual(self.gwstore("purge", "--state", "cancelled"), "1 messages deleted\n")
        self.assertEqual(self.rows("select count(*) from content"), [(2,)])

    def test_held_messages_wait_for_an_operator(self):
        self.start(core={"uncertain-policy": "hold"})
        self.queue(2)
        self.gw.bearerbox.kill()
        with sqlite3.connect(self.gw.store) as store:  # as if they had been with the SMSC
            store.execute("update entry set state = 12, guard = null, link = 'f1'")
        self.gw.start_bearerbox()
        smsc = self.smsc()
        self.assertIn("2 messages held", self.gw.status())
        self.assertEqual(len(self.gwstore("list", "--state", "held").splitlines()), 2)
        self.gwstore("requeue", "--state", "held")
        self.assertEqual(len(smsc.wait(2)), 2)
        self.assertNotIn("held", self.gw.status())


class Moving(GwstoreTest):
    def test_export_import_and_backup(self):
        self.start()
        self.queue(3, udhdata=b"\x05\x00\x03\x01\x02\x01")
        before = self.objects()
        copy = self.gw.store + ".copy"
        self.gwstore("backup", "--output", copy)
        self.assertEqual(self.objects(store=copy), before)
        self.gwstore("backup", "--output", copy, status=FAILED)
        lines = self.gwstore("export")
        fresh = self.gw.store + ".fresh"
        self.gwstore("import", store=fresh, lines=lines)
        self.assertEqual(self.objects(store=fresh), before)
        self.gwstore("import", store=fresh, lines=lines + "{}\nno json\n", status=PARTIAL)
        self.assertEqual(self.objects(store=fresh), before)


class Damage(GwstoreTest):
    def damaged(self, octets, rng):
        octets = bytearray(octets)
        if rng.random() < 0.3:
            del octets[rng.randrange(len(octets)):]
        for _ in range(rng.choice((1, 1, 2, 10))):
            if octets:
                octets[rng.randrange(len(octets))] ^= rng.randrange(1, 256)
        return bytes(octets)

    def test_never_silently_wrong_and_salvaged(self):
        self.start()
        box = self.queue(60)
        for i in range(4):
            box.submit(msgdata=f"{i}" * 9000, receiver="35850")
        wait_for(lambda: len(self.rows("select number from entry")) == 64, what="rows")
        self.assertEqual(self.gw.bearerbox.stop(), 0)
        whole = {message["number"]: message for message in self.objects()}
        with open(self.gw.store, "rb") as file:
            sound = file.read()
        path, new = self.gw.store + ".damaged", self.gw.store + ".new"
        kept = 0
        cases = int(os.environ.get("DAMAGE_CASES", "20"))
        for seed in range(cases):
            for name in (path, new):
                for suffix in ("", "-wal", "-shm"):
                    if os.path.exists(name + suffix):
                        os.unlink(name + suffix)
            with open(path, "wb") as file:
                file.write(self.damaged(sound, random.Random(seed)))
            with self.subTest(seed=seed):
                self.gwstore("check", store=path, status=(0, FAILED, DAMAGED))
                if self.said.returncode == 0:
                    self.assertEqual({m["number"]: m for m in self.objects(store=path)}, whole)
                self.gwstore("recover", "--output", new, store=path, status=(0, PARTIAL))
                got = {m["number"]: m for m in self.objects(store=new, status=(0, NOTHING))}
                kept += len(got)
                for number, message in got.items():
                    self.assertEqual(message["msgdata"], whole[number]["msgdata"])
                    self.assertEqual(message["receiver"], whole[number]["receiver"])
                    self.assertIn(message["state"], ("queued", "held"))
        self.assertGreater(kept, cases * len(whole) * 0.6)

    def test_bearerbox_refuses_and_names_the_tool(self):
        self.start()
        self.queue(60)
        self.assertEqual(self.gw.bearerbox.stop(), 0)
        with open(self.gw.store, "r+b") as file:
            file.seek(0, os.SEEK_END)
            file.truncate(file.tell() // 2)
        with self.assertRaises(AssertionError):
            self.gw.start_bearerbox()
        self.assertIn("recover --output NEW", self.gw.log())


del BearerboxTest  # its own tests are elsewhere

if __name__ == "__main__":
    unittest.main()
