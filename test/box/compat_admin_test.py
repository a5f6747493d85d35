# SPDX-License-Identifier: Apache-2.0
"""The administration port against the recording of Kannel's
(test/data/compat/admin.jsonl): every answer of the commands that there are, and
the shape of the status pages."""

import json
import os
import re
import unittest

from box_client import Box
from gateway import GatewayTest, free_port
from smsc_peer import FakeSmsc

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "compat")

# status.xml without an Accept header is text/xml here: browsers and parsers want it.
XML_TYPE = "text/xml"
# Answers that depend on what happened before: compared by shape, or elsewhere.
STATUS_PAGES = re.compile(r"^(status|store-status|post-body$|head$)")


def records():
    with open(os.path.join(DATA, "admin.jsonl"), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def shape(page):
    """A status page without what differs: versions, numbers, times, our own names."""
    page = re.sub(r"(Kannel|Kantele) bearerbox version[^<]*?\n(\n|</p>|</version>)", r"VERSION\2",
                  page, flags=re.S)
    page = re.sub(r"\d+(\.\d+)?", "N", page)
    return re.sub(r"[ \t]+\n", "\n", page)


class CompatAdmin(GatewayTest):
    def setUp(self):
        self.ports = [free_port(), free_port()]
        groups = [{"smsc": "fake", "smsc_id": "fake%d" % (i + 1), "port": port,
                   "allowed_smsc_id": "fake%d" % (i + 1)} for i, port in enumerate(self.ports)]
        self.gw = self.gateway(smsc=groups, core={"admin_password": "adm",
                                                  "status_password": "sta"})
        # gateway.py asks with its own password
        self.gw.status = lambda form="txt": self.page("/status.%s?password=sta" % form)
        self.gw.start_bearerbox()
        self.peer(FakeSmsc(self.ports[0]))
        self.gw.wait_link("fake1")

    def page(self, target):
        try:
            return self.gw.http(self.gw.admin_port, target, timeout=5)[1]
        except OSError:
            return None

    def ask(self, record):
        data = b"" if record["method"] == "POST" else None
        return self.gw.http(self.gw.admin_port, record["target"], data,
                            dict(map(tuple, record["headers"])), record["method"])

    def test_answers_of_the_commands(self):
        for record in records():
            name = record["id"]
            if STATUS_PAGES.match(name) or "shutdown" in record["target"] or "shutdown" in name:
                continue
            with self.subTest(name):
                if name == "isolate-again":  # the recording left the first one out
                    self.page("/isolate?password=adm")
                status, body, headers = self.ask(record)
                self.assertEqual(status, record["status"])
                expected = record["body"]
                if name.startswith("unknown"):  # the list of commands is ours
                    expected = expected.split("Possible")[0]
                    body = body.split("Possible")[0]
                self.assertEqual(body, expected)
                if ".xml" in record["target"]:
                    self.assertEqual(headers["Content-Type"], XML_TYPE)
                else:
                    self.assertEqual(headers["Content-Type"], record["content_type"])

    def test_shape_of_the_status_pages(self):
        self.peer(Box(self.gw.box_port, "box1"))
        self.gw.wait_status("smsbox:box1")
        by_name = {record["id"]: record for record in records()}
        for name in ("status.txt", "status-noext-accept-html", "status.xml"):
            with self.subTest(name):
                expected = by_name[name]["body"]
                # the recording has a third connection, of type http
                expected = re.sub(r"\n[^\n]*(hk\[hk\]|<b>hk</b>)[^\n]*", "", expected)
                expected = re.sub(r"<smsc>\n\t\t<name>HTTP.*?</smsc>\n", "", expected, flags=re.S)
                _, body, _ = self.ask(by_name[name])
                # a line and an element that Kannel has not
                body, ours = re.subn(r"(?m)^( <p>)?Store: [\d.]+ MiB on disk(</p>)?\n\n|"
                                     r"\t<store-octets>\d+</store-octets>\n", "", body)
                self.assertEqual(ours, 1)
                self.assertEqual(shape(body), shape(expected))

    def test_store_status_lists_what_waits(self):
        box = self.peer(Box(self.gw.box_port, "box1"))
        sent = box.submit(smsc_id="fake2", receiver="3581", sender="1", msgdata="queued <&>",
                          boxc_id="box1")
        self.assertEqual(box.wait_ack(sent), 3)
        self.assertRegex(self.page("/store-status.txt?password=sta"), re.escape(
            "[%s] [MT-PUSH] [" % sent) + r"[-0-9: ]{19}" + re.escape(
                "] [1] [3581] [fake2] [box1] [-1:0:-1:-1:-1] [] [queued <&>]\n"))
        self.assertIn("<msg-data>queued &lt;&amp;&gt;</msg-data>",
                      self.page("/store-status.xml?password=sta"))
        self.assertIn("<td>queued &lt;&amp;&gt;</td>",
                      self.page("/store-status.html?password=sta"))

    def test_a_wrong_password_delays_only_who_gave_it(self):
        for _ in range(2):
            self.assertEqual(self.page("/suspend?password=wrong"), "Denied")
        self.assertEqual(self.page("/suspend?password=adm"), "Kannel suspended")


if __name__ == "__main__":
    unittest.main()
