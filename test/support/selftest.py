# SPDX-License-Identifier: Apache-2.0
"""
selftest - what `quickstart --selftest` checks on the running demo: a message goes
out, one comes in and is answered by a program, a delivery report calls back, the
status page tells. Prints a line for each check and "N passed, N failed".
"""
import argparse
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from gateway import wait_for  # noqa: E402
from http_peer import HttpPeer  # noqa: E402
from vmodem.control import client  # noqa: E402

import urllib.request  # noqa: E402

TEXT = "Kantele says hello: äöü €5 {ok}"
LONG = "A long message is sent in parts and read as one. " * 6


class Selftest:
    def __init__(self, options):
        self.options, self.passed, self.failed = options, 0, 0
        self.app = HttpPeer()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def check(self, what, run):
        try:
            run()
        except Exception as error:  # pylint: disable=broad-except
            self.failed += 1
            print("FAILED  %s\n        %s: %s" % (what, type(error).__name__, error), flush=True)
        else:
            self.passed += 1
            print("ok      %s" % what, flush=True)

    # --- asking --------------------------------------------------------------

    def get(self, port, path, **query):
        url = "http://127.0.0.1:%d%s?%s" % (port, path, urllib.parse.urlencode(query))
        with self.opener.open(url, timeout=30) as answer:
            return answer.status, answer.read().decode()

    def status(self, form):
        return self.get(self.options.admin_port, "/status." + form,
                        password=self.options.password)[1]

    def sendsms(self, **query):
        return self.get(self.options.sendsms_port, "/cgi-bin/sendsms", username="demo",
                        password=self.options.password, **query)

    def sent(self, number):
        """The texts that the modem sent to a number, parts joined; None if one is missing."""
        parts = [p for p in client(self.options.control, "sent")["sent"] if p["to"] == number]
        total = parts[0].get("concat", {}).get("total", 1) if parts else 0
        if not parts or len(parts) < total:
            return None
        return "".join(p["text"] for p in sorted(
            parts, key=lambda p: p.get("concat", {}).get("seq", 1)))

    # --- the checks ------------------------------------------------------------

    @staticmethod
    def same(got, want):
        if got != want:
            raise AssertionError("%r, not %r" % (got, want))

    def accepted(self):
        self.same(self.sendsms(**{
            "to": "+491701111111", "text": TEXT, "dlr-mask": "31",
            "dlr-url": self.app.url + "/report?event=%d&to=%p"}), (202, "0: Accepted for delivery"))

    def sent_right(self):
        self.same(wait_for(lambda: self.sent("+491701111111"), 30, "the modem to send"), TEXT)

    def sent_long(self):
        self.same(self.sendsms(to="+491702222222", text=LONG)[0], 202)
        self.same(wait_for(lambda: self.sent("+491702222222"), 30, "the modem to send"), LONG)

    def called_back(self):
        def events():
            return {r.query.get("event") for r in self.app.to("/report")} >= {"8", "1"}
        wait_for(events, 30, lambda: "callbacks with event 8 and 1; there were %s"
                 % self.app.to("/report"))
        self.same({r.query["to"] for r in self.app.to("/report")}, {"+491701111111"})

    def answered(self):
        answer = client(self.options.control, "inject +491703333333 good morning")
        self.same(answer["ok"], True)
        self.same(wait_for(lambda: self.sent("+491703333333"), 30, "the answer to be sent"),
                  "Hello +491703333333, you wrote: good morning")

    def program_ran(self):
        client(self.options.control, "inject +491704444444 time")
        text = wait_for(lambda: self.sent("+491704444444"), 30, "the answer to be sent")
        if not re.search(r"\d\d:\d\d:\d\d", text):
            raise AssertionError("no time in %r" % text)

    def status_page(self):
        page = self.status("txt")
        for pattern in (r"Status: running", r"smsbox:demo", r"modem.*online",
                        r"SMS: received 2 .*sent [4-9]"):
            if not re.search(pattern, page):
                raise AssertionError("no %r in\n%s" % (pattern, page))
        for form, mark in (("html", "</html>"), ("xml", "</gateway>")):
            if mark not in self.status(form):
                raise AssertionError("status.%s does not end with %s" % (form, mark))

    def nothing_left(self):
        wait_for(lambda: re.search(r"store size 0\b", self.status("txt")), 30,
                 lambda: "an empty store:\n" + self.status("txt"))

    def run(self):
        self.check("sendsms is accepted", self.accepted)
        self.check("the modem sent the right text", self.sent_right)
        self.check("a long text goes out in parts", self.sent_long)
        self.check("the delivery report calls back", self.called_back)
        self.check("a received message is answered by a script", self.answered)
        self.check("a keyword runs its program", self.program_ran)
        self.check("the status page tells", self.status_page)
        self.check("nothing is left in the store", self.nothing_left)
        self.app.stop()
        print("%d passed, %d failed" % (self.passed, self.failed), flush=True)
        return 1 if self.failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sendsms-port", type=int, required=True)
    parser.add_argument("--admin-port", type=int, required=True)
    parser.add_argument("--control", required=True, help="the virtual modem's socket")
    parser.add_argument("--password", required=True)
    return Selftest(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
