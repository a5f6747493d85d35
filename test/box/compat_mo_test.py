# SPDX-License-Identifier: Apache-2.0
"""Replays test/data/compat/mo.jsonl: messages that came in, the requests that
Kannel 1.4.5 made for them, its replies, reports and acknowledgements."""

import json
import os
import re
import tempfile
import unittest

from smsbox_peers import Application, Bearer
from smsbox_process import COMPAT, Smsbox, free_port

RECORDED_PORT = "23120"
REFUSED_PORT = "23199"

# (suite or None for both, id): (why, what is right). "reply" replaces fields of
# the recorded reply, "replies" all of them, "headers" values of request headers.
DEVIATIONS = {
    (None, "exec-shell-meta"): (
        "no shell runs the command: the message is one argument, whatever it holds "
        "(GSM 03.38 has no backquote)",
        {"reply": {"msgdata": "out:exe+%24(id)%3B%60id%60+%22q:$(id);?id?:exe\n"}}),
    (None, "exec-fail"): (
        "no shell runs the command: ';' is passed on (and warned of at the start)",
        {"reply": {"msgdata": "failing; exit 3\n"}}),
    ("recode", "reply-json"): ("reply-couldnotrepresent is honoured",
                               {"reply": {"msgdata": "RCNR"}}),
    ("recode", "reply-badcs"): ("reply-couldnotrepresent is honoured",
                                {"reply": {"msgdata": "RCNR"}}),
    (None, "reply-ucs2"): (
        "one character that GSM 03.38 lacks is one '?': Kannel takes the two octets of "
        "UTF-16 for two characters",
        {"reply": {"msgdata": "?"}}),
    ("base", "reply-xml-with-da"): (
        "Kannel's smsbox dies; without accept-x-kannel-headers only the text counts",
        {"replies": [{"sender": "999", "receiver": "0035840123", "msgdata": "xml body!",
                      "smsc_id": "fakeA", "service": "^[ ]*(ctxmlz)[ ]*", "sms_type": 1,
                      "coding": 0, "charset": "UTF-8"}]}),
    ("recode", "reply-xml-with-da"): (
        "Kannel's smsbox dies; without accept-x-kannel-headers only the text counts",
        {"replies": [{"sender": "4242", "receiver": "0035840123", "msgdata": "xml body!",
                      "smsc_id": "fakeA", "service": "^[ ]*(ctxmlz)[ ]*", "sms_type": 1,
                      "coding": 0, "charset": "UTF-8"}]}),
    (None, "alt-charset-post"): ("the header says what the body is in",
                                 {"headers": {"Content-Type":
                                              'text/plain; charset="ISO-8859-1"'}}),
}
# Records of the suite recode into which the repetitions (2, after 1 s each) of
# the message before reached: their own part, by the target of the request.
STRAY = {"reply-refused": "/ct/e204", "service-dlr": "/ct/e404", "post-xml-strip": "/ct/slow"}
# Records that end before the repetitions are over, and what belongs to them.
CUT_OFF = {"url-without-scheme": ("relurl", "RCNF"), "reply-e204": ("cte204z", "RCNF")}


def octets(record):
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
    out = {k: v for k, v in fields.items() if k not in ("id", "time")}
    for name in ("validity", "deferred"):
        if name in out:
            out[name + "_in_s"] = out.pop(name) - fields["time"]
    return out


def neutral(text):
    """Times, ids as the record has them."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", text)
    text = re.sub(r"\d{4}-\d\d-\d\d\+\d\d(:|%3A)\d\d(:|%3A)\d\d", "<utc>", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "<utc YYYY-MM-DD HH:MM:SS>", text)
    text = re.sub(r"&T=\d{10}&", "&T=<epoch>&", text)
    return re.sub(r"<year>\d{4}</year><month>\d\d</month><day>\d\d</day><hour>\d\d</hour>"
                  r"<minute>\d\d</minute><second>\d\d</second>",
                  "<year>YYYY</year><month>MM</month><day>DD</day><hour>hh</hour>"
                  "<minute>mm</minute><second>ss</second>", text)


class CompatMo(unittest.TestCase):
    maxDiff = None

    def answer(self, request):
        """What the recorded server answered, in the record's order."""
        target = neutral(self.recorded_port(request["target"]))
        for i, (wanted, answered) in enumerate(self.answers):
            if wanted == target:
                del self.answers[i]
                body = answered.get("body", "").encode()
                if "body_hex" in answered:
                    body = bytes.fromhex(answered["body_hex"])
                headers = [(n, self.real_port(v)) for n, v in answered["headers"]]
                return answered["status"], headers, body, 6 if "slow" in target else 0
        return 404, [], b"unexpected " + target.encode(), 0

    def real_port(self, text):
        return text.replace(RECORDED_PORT, str(self.application.port))

    def recorded_port(self, text):
        return text.replace(str(self.application.port), RECORDED_PORT)

    def start(self, name):
        self.answers = []
        self.bearer = Bearer()
        self.addCleanup(self.bearer.close)
        self.application = Application(self.answer)
        self.addCleanup(self.application.close)
        files = tempfile.TemporaryDirectory()
        self.addCleanup(files.cleanup)
        for file_name, text in (("reply.txt", "file reply line1\nline2\n"),
                                ("abc.txt", "abc-no-newline")):
            with open(os.path.join(files.name, file_name), "w", encoding="utf-8") as file:
                file.write(text)
        with open(os.path.join(COMPAT, "conf", name), encoding="utf-8") as file:
            text = file.read()
        text = re.sub(r"(?m)^bearerbox-port = .*$", "bearerbox-port = %d" % self.bearer.port, text)
        text = re.sub(r"(?m)^sendsms-port = .*\n", "", text)
        text = self.real_port(text).replace(REFUSED_PORT, str(free_port()))
        text = text.replace("DIR/", files.name + "/")
        self.smsbox = Smsbox(text)
        self.addCleanup(self.smsbox.close)
        self.assertTrue(self.bearer.connected.wait(20), "smsbox does not connect")
        self.bearer.drain()

    def expectation(self, record):
        """(requests, replies, header changes) that are right for a record."""
        suite, name = record["suite"], record["id"]
        requests = list(record["http"])
        replies = [octets(r) for r in record["reply_from_box"]]
        if suite == "recode" and name in STRAY:
            requests = [r for r in requests if r["target"] != STRAY[name]]
            replies = replies[-1:]
        if suite == "recode" and name in CUT_OFF:
            keyword, text = CUT_OFF[name]
            requests = [r for r in requests if r["target"].startswith("/ct/")][:1] * 3
            replies = [octets({"sender": "4242", "receiver": "0035840123", "msgdata": text,
                               "smsc_id": "fakeA", "service": "^[ ]*(%s)[ ]*" % keyword,
                               "sms_type": 1, "coding": 0})]
        if suite == "recode" and name == "max-messages-0-error":
            requests = requests[:1] * 3  # two of them came later
        other = (DEVIATIONS.get((suite, name)) or DEVIATIONS.get((None, name)) or ("", {}))[1]
        if "replies" in other:
            replies = [octets(r) for r in other["replies"]]
        replies = [dict(r, **octets(other.get("reply", {}))) for r in replies]
        return requests, replies, other.get("headers", {})

    def check_request(self, got, wanted, changed):
        self.assertEqual(got["method"], wanted["method"])
        self.assertEqual(neutral(self.recorded_port(got["target"])), wanted["target"])
        names = [n for n, _ in wanted["headers"]]
        values = {n: changed.get(n, v) for n, v in wanted["headers"]}
        have = [[n, v] for n, v in got["headers"] if n in names]
        for name, value in have:
            if name == "Host":
                value = self.recorded_port(value)
            if name != "User-Agent":
                self.assertEqual(neutral(value), values[name], name)
        special = [n for n in names if n not in ("Connection", "User-Agent", "Host",
                                                 "Content-Length")]
        self.assertEqual([n for n, _ in have if n in special], special)
        # keep-alive is what HTTP/1.1 means without the header
        missing = set(names) - {n for n, _ in have} - {"Connection"}
        self.assertEqual(missing, set(), "headers that Kannel sends")
        if "body_hex" in wanted:
            self.assertEqual(got["body"], bytes.fromhex(wanted["body_hex"]))
        elif "body" in wanted:
            self.assertEqual(neutral(got["body"].decode()), wanted["body"])

    def send(self, record_fields):
        fields = octets(record_fields)
        for name in ("dlr_url", "msgdata"):
            if name in fields:
                fields[name] = self.real_port(fields[name].decode("latin-1")).encode("latin-1")
        if fields.get("dlr_mask") == 1 and fields["sms_type"] == 3:
            fields["foreign_id"] = b"368fa5dc-c2d7-443a-a3c8-4c82db1a17df"
        return self.bearer.send_sms(fields).encode()

    def wait_ack(self, id_):
        return self.bearer.wait_for(
            lambda items: any(k == "ack" and f["id"] == id_ for k, f in items), 30)

    def replay(self, record):
        requests, replies, changed = self.expectation(record)
        del self.application.requests[:]
        self.answers = [(r["target"], r["answered"]) for r in requests]
        got = []
        for message in record["mo_to_box"] + record.get("dlr_to_box", []):
            got += self.wait_ack(self.send(message))
        got += self.bearer.drain()
        have = [seen(f) for k, f in got if k == "sms"]
        for reply in have:
            if "dlr_url" in reply:
                reply["dlr_url"] = self.recorded_port(reply["dlr_url"].decode()).encode()
        self.assertEqual(have, replies)
        self.assertEqual([f["nack"] for k, f in got if k == "ack"], record["ack_from_box"])
        self.assertEqual(len(self.application.requests), len(requests),
                         [r["target"] for r in self.application.requests])
        for request, wanted in zip(self.application.requests, requests):
            self.check_request(request, wanted, changed)

    def run_suite(self, suite, configuration):
        self.start(configuration)
        with open(os.path.join(COMPAT, "mo.jsonl"), encoding="utf-8") as file:
            records = [r for r in map(json.loads, file) if r["suite"] == suite]
        self.assertGreater(len(records), 80)
        for record in records:
            with self.subTest(record["id"]):
                self.replay(record)

    def test_base(self):
        self.run_suite("base", "mo.conf")

    def test_recode(self):
        self.run_suite("recode", "mo-recode.conf")


if __name__ == "__main__":
    unittest.main()
