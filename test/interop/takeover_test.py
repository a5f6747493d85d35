# SPDX-License-Identifier: Apache-2.0
"""What waits in the store of Debian's Kannel, a file or a spool directory, is there
when our bearerbox starts in its place; and the configuration of a store as it is
found."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from gateway import DEBIAN, GatewayTest, build_directory, free_port, wait_for  # noqa: E402
from smsc_peer import FakeSmsc  # noqa: E402

BUILD = build_directory()
OURS = (os.path.join(BUILD, "bearerbox"), os.path.join(BUILD, "smsbox"))
COUNT = 20


class Takeover(GatewayTest):
    def fill(self, place=None, **core):
        """Debian's Kannel takes messages for an SMSC that is not there, and is killed."""
        self.port = free_port()
        self.gw = gw = self.gateway(
            binaries=DEBIAN, smsbox={"smsbox_id": None}, core=core,
            smsc=[{"smsc": "fake", "smsc_id": "f1", "port": self.port,
                   "connect_allow_ip": "127.0.0.1"}])
        gw.start()
        for i in range(COUNT):
            status, body = gw.sendsms(to="4670%d" % i, text="number %d" % i)
            self.assertEqual((status, body), (202, "3: Queued for later delivery"))
        wait_for(lambda: self.is_written(place or gw.store), 60, what="Kannel's dump")
        gw.kill()
        gw.binaries = OURS

    def is_written(self, path):
        if os.path.isdir(path):
            return sum(len(names) for _, _, names in os.walk(path)) >= COUNT
        return os.path.exists(path) and open(path, "rb").read().count(b"number ") >= COUNT

    def arrived(self):
        smsc = self.peer(FakeSmsc(self.port))
        return sorted(message.text for message in smsc.wait(COUNT, 60))

    def taken_over(self, what):
        self.gw.start_bearerbox()
        said = re.search(r"took over (\d+) waiting messages from Kannel's %s, which is kept as (\S+)"
                         % what, self.gw.log())
        self.assertTrue(said, self.gw.log()[-3000:])
        self.assertEqual(int(said.group(1)), COUNT)
        self.assertEqual(self.arrived(), sorted("number %d" % i for i in range(COUNT)))
        self.gw.wait_status(r"store size 0")
        self.assertTrue(os.path.exists(said.group(2)))
        # Once is enough.
        self.assertEqual(self.gw.bearerbox.stop(), 0)
        before = self.gw.log()
        self.gw.start_bearerbox()
        self.assertNotIn("took over", self.gw.log()[len(before):])
        return said.group(2)

    def test_a_store_file(self):
        self.fill(store_type="file", store_dump_freq=1)
        self.taken_over("store file")

    def test_under_its_old_name(self):
        place = os.path.join(self.folder(), "old.store")
        self.fill(place, store_location=None, store_file=place, store_dump_freq=1)
        self.taken_over("store file")

    def folder(self):
        folder = tempfile.mkdtemp(prefix="kantele-takeover-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def test_a_spool_directory(self):
        spool = self.folder()
        self.fill(spool, store_type="spool", store_location=spool)
        kept = self.taken_over("spool directory")
        self.assertEqual(sum(len(names) for _, _, names in os.walk(kept)), COUNT)
        self.assertEqual([name for name in os.listdir(spool) if name.isdigit()], [])

    def imported(self, path):
        """By hand, into a store of ours: how many, twice."""
        store = os.path.join(self.folder(), "ours")
        open(store, "w").close()
        said = []
        for _ in range(2):
            done = subprocess.run([os.path.join(BUILD, "gwstore"), "--store", store,
                                   "import-kannel", path], capture_output=True, text=True,
                                  check=True, timeout=60)
            said.append(done.stdout)
        listed = subprocess.run([os.path.join(BUILD, "gwstore"), "--store", store, "list",
                                 "--state", "queued"], capture_output=True, text=True, check=True,
                                timeout=60).stdout.splitlines()
        self.assertEqual(sorted(re.search("number .*", line).group().rstrip() for line in listed),
                         sorted("number %d" % i for i in range(COUNT)))
        self.assertEqual(said, ["%d waiting messages imported\n" % COUNT,
                                "0 waiting messages imported\n"])

    def test_a_spool_directory_by_hand(self):
        spool = self.folder()
        self.fill(spool, store_type="spool", store_location=spool)
        self.imported(spool)

    def test_a_store_file_by_hand(self):
        self.fill(store_type="file", store_dump_freq=1)
        self.imported(self.gw.store)

    def test_a_file_that_was_cut_off(self):
        self.fill(store_type="file", store_dump_freq=1)
        with open(self.gw.store, "r+b") as file:
            file.truncate(os.path.getsize(self.gw.store) - 10)
        self.gw.start_bearerbox()
        self.assertIn("cut off or damaged", self.gw.log())
        self.gw.wait_status(r"store size %d" % (COUNT - 1))


class Configuration(GatewayTest):
    def start(self, **core):
        self.port = free_port()
        self.gw = self.gateway(core=core, smsc=[{"smsc": "fake", "smsc_id": "f1", "port": self.port,
                                                 "connect_allow_ip": "127.0.0.1"}])
        self.gw.start()

    def test_without_a_store_it_warns_and_forgets(self):
        self.start(store_type="none")
        self.assertIn("store-type is none: messages that wait are lost", self.gw.log())
        self.gw.sendsms(to="1", text="x")
        self.gw.wait_status(r"\(1 queued\), store size -1")
        self.gw.kill()
        self.gw.start()
        self.gw.wait_status(r"sent 0 \(0 queued\), store size -1")
        self.assertFalse(os.path.exists(self.gw.store))

    def test_without_a_place_it_is_durable_and_says_where(self):
        if os.path.isdir("/var/spool/kannel"):
            self.skipTest("/var/spool/kannel is there, with a store that is not ours to touch")
        self.start(store_location=None)
        self.assertIn("messages are kept in <kannel.store>", self.gw.log())
        self.assertTrue(os.path.exists(os.path.join(self.gw.dir, "kannel.store")))
        self.assertIn("store size 0", self.gw.status())

    def test_every_storage_of_reports_is_ours(self):
        for storage in ("internal", "mysql", "redis", "spool"):
            with self.subTest(storage):
                self.start(dlr_storage=storage)
                self.assertIn("dlr-storage = %s: delivery reports are matched by the store"
                              % storage, self.gw.log())


if __name__ == "__main__":
    unittest.main()
