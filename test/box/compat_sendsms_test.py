# SPDX-License-Identifier: Apache-2.0
"""Replays test/data/compat/sendsms.jsonl and split.jsonl: the requests that
Kannel 1.4.5 was asked, its answers, and what it submitted to bearerbox."""

import json
import os
import re
import socket
import time
import unittest

from smsbox_peers import Application, Bearer
from smsbox_process import COMPAT, Smsbox, free_port

# What is right where Kannel's recorded behaviour is not to be matched, and why.
# "response" and "submitted" stand for those of the record; "add" is added to
# each recorded message.
FORM_MESSAGE = {"sender": "1", "receiver": "3581", "udhdata_hex": "", "msgdata": "hello",
                "smsc_id": "fake1", "service": "t", "sms_type": 2, "coding": 0, "dlr_url": "",
                "boxc_id": "box1"}
ACCEPTED = {"status": 202, "reason": "Accepted", "body": "0: Accepted for delivery"}
DEVIATIONS = {
    "max-messages-0": ("Kannel never answers the client",
                       {"response": {"status": 202, "reason": "Accepted", "body": "Sent."}}),
    "flash-param-ignored": ("documented as alias of mclass, ignored by 1.4.5",
                            {"add": {"mclass": 1}}),
    "absolute-uri": ("RFC 9112 section 3.2.2: a server must accept the absolute form",
                     {"response": ACCEPTED, "submitted": [dict(FORM_MESSAGE, msgdata="x")]}),
    "post-form": ("urlencoded forms are accepted",
                  {"response": ACCEPTED, "submitted": [FORM_MESSAGE]}),
    "post-form-with-query": ("urlencoded forms are accepted",
                             {"response": ACCEPTED, "submitted": [FORM_MESSAGE]}),
    "post-form-and-query-mixed": ("urlencoded forms are accepted",
                                  {"response": ACCEPTED, "submitted": [FORM_MESSAGE]}),
    "xmlrpc-method": ("Kannel's smsbox dies of it",
                      {"response": {"status": 501, "reason": "Not Implemented",
                                    "body": "XML-RPC is not supported."}}),
}
# Over-the-air settings: sendota-url has no effect, so that /ota is unknown.
NOT_SUPPORTED = {"ota-bookmark", "ota-default", "ota-xml"}
OTA_ANSWER = {"status": 404, "reason": "Not Found", "body": "Unknown request."}


def octets(record):
    """The record's text fields as bytes: names without _hex."""
    out = {}
    for name, value in record.items():
        if name.endswith("_hex"):
            out[name[:-4]] = bytes.fromhex(value)
        elif isinstance(value, str):
            out[name] = value.encode()
        else:
            out[name] = value
    return out


def seen(fields):
    """A submitted message in the record's form."""
    out = {k: v for k, v in fields.items() if k not in ("id", "time")}
    for name in ("validity", "deferred"):
        if name in out:
            out[name + "_in_s"] = out.pop(name) - fields["time"]
    return out


def ask(port, request):
    """Sends the request as it was recorded; status, reason, headers, body."""
    body = request.get("body", "").encode()
    if "body_hex" in request:
        body = bytes.fromhex(request["body_hex"])
    headers = [("Host", "127.0.0.1"), ("Connection", "close")]
    headers += [tuple(h) for h in request.get("headers", [])]
    if body or request["method"] in ("POST", "PUT"):
        headers.append(("Content-Length", str(len(body))))
    head = "%s %s HTTP/1.1\r\n" % (request["method"], request["target"])
    head += "".join("%s: %s\r\n" % h for h in headers) + "\r\n"
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.sendall(head.encode() + body)
        data = b""
        while True:
            piece = s.recv(65536)
            if not piece:
                break
            data += piece
    head, _, answer = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    _, status, reason = lines[0].split(" ", 2)
    fields = [line.split(": ", 1) for line in lines[1:]]
    return int(status), reason, fields, answer.decode("utf-8", "replace")


class CompatSendsms(unittest.TestCase):
    maxDiff = None

    def start(self, name):
        self.bearer = Bearer()
        self.addCleanup(self.bearer.close)
        self.application = Application(
            lambda request: (200, [("Content-Type", "text/plain")], b"35840123456\n", 0))
        self.addCleanup(self.application.close)
        self.port = free_port()
        with open(os.path.join(COMPAT, "conf", name), encoding="utf-8") as file:
            text = file.read()
        text = re.sub(r"(?m)^bearerbox-host = .*$",
                      "bearerbox-host = 127.0.0.1\nbearerbox-port = %d" % self.bearer.port,
                      re.sub(r"(?m)^bearerbox-port = .*\n", "", text))
        text = re.sub(r"(?m)^sendsms-port = .*$", "sendsms-port = %d" % self.port, text)
        text = re.sub(r"127\.0\.0\.1:28020/wl", "127.0.0.1:%d/wl" % self.application.port, text)
        self.smsbox = Smsbox(text, self.port)
        self.addCleanup(self.smsbox.close)
        self.assertTrue(self.bearer.connected.wait(20))
        lists = text.count("/wl.txt")
        self.wait_lists(lists)
        self.bearer.drain()

    def wait_lists(self, count):
        deadline = time.monotonic() + 20
        while self.smsbox.log_text().count(": 1 numbers") < count:
            self.assertLess(time.monotonic(), deadline, "lists are not loaded")
            time.sleep(0.02)

    def check_response(self, record, answer):
        status, reason, headers, body = answer
        self.assertEqual((status, body), (record["status"], record["body"]))
        self.assertEqual(reason, record["reason"])
        have = {name.lower(): value for name, value in headers}
        for name, value in record.get("headers", {}).items():
            if name != "server":
                self.assertEqual(have.get(name), value, name)
        if "content-type" in record.get("headers", {}):
            names = [name.lower() for name, _ in headers]
            self.assertEqual(names, ["server", "date", "content-length", "connection",
                                     "content-type", "pragma", "cache-control"])

    def replay(self, record):
        wanted = dict(record)
        if record["id"] in NOT_SUPPORTED:
            wanted.update(response=OTA_ANSWER, submitted=[])
        _, other = DEVIATIONS.get(record["id"], ("", {}))
        wanted.update({k: v for k, v in other.items() if k != "add"})
        submitted = [dict(octets(m), **other.get("add", {})) for m in wanted["submitted"]]
        self.bearer.acks = [a["nack"] for a in wanted.get("bearerbox_acks", [])]
        request = wanted["request"]
        request["target"] = re.sub(r"localhost:\d+", "127.0.0.1:%d" % self.port, request["target"])
        self.check_response(wanted["response"], ask(self.port, request))
        got = [f for kind, f in self.bearer.wait_for(
            lambda items: len(items) >= len(submitted)) if kind == "sms"]
        got += [f for kind, f in self.bearer.drain() if kind == "sms"]
        for message in submitted:
            message.pop("id", None)
        self.unacknowledged += got
        self.assertEqual([seen(f) for f in got], submitted)
        # one id a message: Kannel gives all receivers of a request the same
        self.assertEqual(len({f["id"] for f in got}), len(got))

    def run_suite(self, suite, configuration, default_ack):
        self.start(configuration)
        self.unacknowledged = []
        self.bearer.default_ack = default_ack
        with open(os.path.join(COMPAT, "sendsms.jsonl"), encoding="utf-8") as file:
            records = [r for r in map(json.loads, file) if r["suite"] == suite]
        self.assertGreater(len(records), 20)
        for record in records:
            with self.subTest(record["id"]):
                self.replay(record)
        if default_ack is None:
            for message in self.unacknowledged:
                self.bearer.ack(message, 0)

    def test_sendsms(self):
        self.run_suite("sendsms", "sendsms.conf", 0)

    def test_immediate(self):
        self.run_suite("immediate", "immediate.conf", None)

    def test_split(self):
        self.start("sendsms.conf")
        with open(os.path.join(COMPAT, "split.jsonl"), encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
        for record in records:
            with self.subTest(record["id"]):
                self.replay_split(record)

    def replay_split(self, record):
        status, _, _, body = ask(self.port, {"method": "GET", "target": record["target"]})
        self.assertEqual((status, body), (record["response"]["status"],
                                          record["response"]["body"]))
        got = [f for _, f in self.bearer.drain()]
        wanted = [octets(m) for m in record["box_to_bearerbox"]]
        for message in wanted:
            message.pop("id")
        names = set().union(*wanted) if wanted else set()
        self.assertEqual([{k: v for k, v in f.items() if k in names} for f in got], wanted)


if __name__ == "__main__":
    unittest.main()
