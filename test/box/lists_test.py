# SPDX-License-Identifier: Apache-2.0
"""White and black lists of the bearerbox, in both directions, from files and
over HTTP, and what happens when one cannot be had."""

import http.server
import os
import subprocess
import threading
import unittest

from bearerbox_test import BearerboxTest
from gateway import free_port


class ListServer:
    """Answers every GET with `text`, or with 404 when it is None."""

    def __init__(self, text):
        self.text = text
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = (owner.text or "").encode()
                self.send_response(404 if owner.text is None else 200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/list.txt" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Lists(BearerboxTest):
    def start_with(self, text=None, variable=None, **core):
        """A gateway with one list file (its path in self.path) or more variables."""
        if variable:
            core[variable] = "numbers.txt"  # the working directory is the gateway's
        self.ports = {}
        ports = self.gateway_groups()
        self.gw = self.gateway(smsc=ports, core=core)
        self.path = os.path.join(self.gw.dir, "numbers.txt")
        if text is not None:
            self.write(text)
        self.gw.start_bearerbox()
        return self.smsc(), self.box("b1")

    def gateway_groups(self):
        self.ports["f1"] = free_port()
        return [{"smsc": "fake", "smsc_id": "f1", "port": self.ports["f1"]}]

    def write(self, text):
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(text)

    def test_a_black_sender_is_refused_both_ways(self):
        smsc, box = self.start_with("+49 170-1: spammer\n", "black_list_sender")
        smsc.send_line("491701 99 route b1 bad")
        smsc.send_line("491702 99 route b1 good")
        self.assertEqual(box.wait_sms()["msgdata"], b"good")
        self.assertEqual(box.wait_ack(box.submit(sender="491701", msgdata="no", dlr_mask=16,
                                                 boxc_id="b1")), 1)
        self.assertEqual(box.wait_sms()["msgdata"], b"NACK/black-listed")
        self.assertEqual(box.wait_ack(box.submit(sender="49170", receiver="491701")), 0)
        log = "\n".join(self.gw.access_log())
        self.assertRegex(log, r"REJECTED Receive SMS - black-listed SMS \[SMSC:f1\].*\[from:491701\]")
        self.assertRegex(log, r"REJECTED Send SMS - black-listed SMS .*\[from:491701\]")

    def test_white_receivers_and_patterns(self):
        smsc, box = self.start_with("111\n112\n", "white_list_receiver",
                                    black_list_receiver_regex="2$")
        self.assertEqual(box.wait_ack(box.submit(receiver="+111")), 0)
        self.assertEqual(box.wait_ack(box.submit(receiver="112")), 1)
        self.assertEqual(box.wait_ack(box.submit(receiver="113")), 1)
        smsc.send_line("1 113 route b1 bad")
        smsc.send_line("1 111 route b1 good")
        self.assertEqual(box.wait_sms()["msgdata"], b"good")
        log = "\n".join(self.gw.access_log())
        self.assertIn("REJECTED Send SMS - black-regex-listed SMS", log)
        self.assertIn("REJECTED Send SMS - not white-listed SMS", log)
        self.assertIn("REJECTED Receive SMS - not white-listed SMS", log)

    def test_the_old_names(self):
        _, box = self.start_with("5\n", "white_list", black_list_regex="^6", white_list_regex="5")
        self.assertEqual(box.wait_ack(box.submit(sender="5")), 0)
        self.assertEqual(box.wait_ack(box.submit(sender="6")), 1)

    def test_reload_takes_all_or_nothing(self):
        server = self.peer(ListServer("1\n"))
        _, box = self.start_with("7\n", "black_list_receiver", black_list_sender=server.url)

        def refused(**fields):
            return box.wait_ack(box.submit(**fields)) == 1
        self.assertTrue(refused(sender="1"))
        self.assertTrue(refused(receiver="7"))
        self.write("8\n")
        server.text = None
        self.assertEqual(self.gw.admin("reload-lists"), "Could not re-load lists")
        self.assertTrue(refused(receiver="7"))
        self.assertFalse(refused(receiver="8"))
        server.text = "2\n"
        self.assertEqual(self.gw.admin("reload-lists"), "Black/white lists re-loaded")
        self.assertTrue(refused(sender="2"))
        self.assertFalse(refused(sender="1"))
        self.assertTrue(refused(receiver="8"))
        self.assertFalse(refused(receiver="7"))

    def test_a_list_that_cannot_be_had_ends_the_start(self):
        self.ports = {}
        self.gw = self.gateway(smsc=self.gateway_groups(),
                               core={"white_list_sender": "file:///nowhere/at/all"})
        done = subprocess.run([self.gw.binaries[0], self.gw.conf], cwd=self.gw.dir, timeout=20,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"Number list <file:///nowhere/at/all> cannot be had: No such file",
                      done.stdout)


if __name__ == "__main__":
    unittest.main()
