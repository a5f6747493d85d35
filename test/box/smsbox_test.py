# SPDX-License-Identifier: Apache-2.0
"""What smsbox promises beyond Kannel: nothing is acknowledged before it was
taken, the link comes back by itself, ids stay, answers come in time."""

import os
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from smsbox_peers import Application, Bearer
from smsbox_process import PROGRAM, Smsbox, free_port

CORE = """
group = core
smsbox-port = 13001

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = %(bearer)d
sendsms-port = %(port)d
http-queue-delay = 1
%(smsbox)s

group = sendsms-user
username = tester
password = foobar
max-messages = 3
%(user)s

%(services)s
"""


def service(keyword, action, *more):
    return "\n".join(["group = sms-service", "keyword = %s" % keyword, action,
                      "catch-all = true"] + list(more)) + "\n\n"


class SmsboxTest(unittest.TestCase):
    def start(self, services="", smsbox="", user="", bearer=True, answer=None):
        self.bearer = Bearer()
        self.addCleanup(lambda: self.bearer.close())
        self.application = Application(
            answer or (lambda request: (200, [("Content-Type", "text/plain")], b"OK", 0)))
        self.addCleanup(self.application.close)
        if not bearer:
            self.bearer.close()
        self.port = free_port()
        services = services.replace("URL", "http://127.0.0.1:%d" % self.application.port)
        self.smsbox = Smsbox(CORE % {"bearer": self.bearer.port, "port": self.port,
                                     "smsbox": smsbox, "user": user, "services": services},
                             self.port)
        self.addCleanup(self.smsbox.close)
        if bearer:
            self.assertTrue(self.bearer.connected.wait(20))

    def get(self, headers=None, **params):
        params = dict({"username": "tester", "password": "foobar", "to": "123", "from": "1",
                       "text": "hello"}, **params)
        url = "http://127.0.0.1:%d/cgi-bin/sendsms?%s" % (self.port,
                                                          urllib.parse.urlencode(params))
        request = urllib.request.Request(url, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def get_later(self, **params):
        """The request in a thread; result() waits for the answer."""
        box = []
        thread = threading.Thread(target=lambda: box.append(self.get(**params)), daemon=True)
        thread.start()

        def result():
            thread.join(30)
            self.assertTrue(box, "no answer")
            return box[0]
        return result

    def restart_bearer(self):
        """A new bearerbox on the same port."""
        port = self.bearer.port
        self.bearer.close()
        self.bearer.drop()
        deadline = time.monotonic() + 10
        while True:
            try:
                listener = socket.create_server(("127.0.0.1", port))
                break
            except OSError:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)
        new = Bearer()
        new.listener.close()
        new.listener, new.port = listener, port
        new.default_ack = self.bearer.default_ack
        new.connected = threading.Event()
        threading.Thread(target=new._accept, daemon=True).start()
        self.bearer = new

    def messages(self, count, timeout=20):
        items = self.bearer.wait_for(
            lambda items: sum(k == "sms" for k, _ in items) >= count, timeout)
        return [f for k, f in items if k == "sms"]

    def acks(self, count=1, timeout=20):
        items = self.bearer.wait_for(
            lambda items: sum(k == "ack" for k, _ in items) >= count, timeout)
        return [f for k, f in items if k == "ack"]

    def wait_log(self, text, count=1):
        deadline = time.monotonic() + 20
        while self.smsbox.log_text().count(text) < count:
            self.assertLess(time.monotonic(), deadline, self.smsbox.log_text())
            time.sleep(0.02)


class Link(SmsboxTest):
    def test_without_bearerbox_clients_are_told_to_repeat(self):
        self.start(bearer=False)
        self.assertEqual(self.get(), (503, "Temporal failure, try again later."))
        self.wait_log("Couldn't connect to bearerbox")
        self.assertEqual(self.get(), (503, "Temporal failure, try again later."))
        self.assertEqual(self.smsbox.log_text().count("Couldn't connect to bearerbox"), 1)

    def test_identifies_itself_first(self):
        self.start(smsbox="smsbox-id = box1")
        self.assertEqual(self.bearer.drain()[0], ("admin", {"command": 3, "boxc_id": b"box1"}))

    def test_lost_link_comes_back_and_gets_the_same_ids(self):
        self.start()
        self.bearer.default_ack = None
        result = self.get_later()
        first = self.messages(1)[0]
        self.restart_bearer()
        self.assertTrue(self.bearer.connected.wait(20))
        again = self.messages(1)[0]
        self.assertEqual(again, first)
        self.bearer.ack(again, 3)
        self.assertEqual(result(), (202, "3: Queued for later delivery"))

    def test_admin_restart_means_connect_again(self):
        self.start()
        self.bearer.drain()
        self.bearer.send("admin", {"command": 4})
        items = self.bearer.wait_for(lambda items: any(k == "admin" for k, _ in items))
        self.assertEqual(items[-1][1]["command"], 3)
        self.assertEqual(self.get(), (202, "0: Accepted for delivery"))

    def test_admin_shutdown_ends_it(self):
        self.start()
        self.bearer.send("admin", {"command": 0})
        self.assertEqual(self.smsbox.process.wait(20), 0)

    def test_garbage_only_costs_the_connection(self):
        self.start()
        self.bearer.conn.sendall(b"\xff\xff\xff\xff garbage")
        self.bearer.connected.clear()
        self.assertTrue(self.bearer.connected.wait(20))
        self.assertEqual(self.get(), (202, "0: Accepted for delivery"))


class Sendsms(SmsboxTest):
    def test_answer_waits_for_all_receivers(self):
        for acks, wanted in (([0, 0], (202, "0: Accepted for delivery")),
                             ([3, 3], (202, "3: Queued for later delivery")),
                             ([0, 3], (202, "3: Queued for later delivery")),
                             ([1, 1], (403, "Not routable. Do not try again.")),
                             ([1, 0], (202, "0: Accepted for delivery")),
                             ([0, 2], (503, "Temporal failure, try again later.")),
                             ([2, 1], (503, "Temporal failure, try again later.")),
                             ([9, 9], (503, "Temporal failure, try again later."))):
            with self.subTest(acks):
                if not hasattr(self, "port"):
                    self.start()
                self.bearer.acks = list(acks)
                self.assertEqual(self.get(to="123 456"), wanted)

    def test_idempotency_key_makes_the_same_ids(self):
        self.start()
        for key, to in (("a", "123"), ("a", "123"), ("b", "123"), ("a", "456")):
            self.assertEqual(self.get(headers={"Idempotency-Key": key}, to=to)[0], 202)
        ids = [f["id"] for f in self.messages(4)]
        self.assertEqual(ids[0], ids[1])
        self.assertEqual(len(set(ids)), 3)

    def test_log_lines_that_scripts_count(self):
        self.start()
        self.assertEqual(self.get(to=""),
                         (400, "Empty receiver number not allowed, rejected"))
        self.assertEqual(self.get(username=""), (403, "Authorization failed for sendsms"))
        text = self.smsbox.log_text()
        self.assertEqual(text.count("got empty <to> cgi variable"), 1)
        self.assertEqual(text.count("<Authorization failed for sendsms>"), 1)

    def test_access_log(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "access.log")
        self.start(smsbox='access-log = "%s"' % path)
        self.get(text="a\nb", to="123 456")
        self.get(mclass="9")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn(" send-SMS request added - sender:tester:1 127.0.0.1 target:123 "
                      "request: 'a?b'\n", text)
        self.assertIn(" target:456 ", text)
        self.assertIn(" send-SMS request failed - MClass field misformed, rejected\n", text)

    def test_term_waits_for_what_is_under_way(self):
        self.start()
        self.bearer.default_ack = None
        result = self.get_later()
        message = self.messages(1)[0]
        self.smsbox.process.terminate()
        self.wait_log("SIGTERM received")
        self.assertIsNone(self.smsbox.process.poll())
        self.bearer.ack(message, 0)
        self.assertEqual(result(), (202, "0: Accepted for delivery"))
        self.assertEqual(self.smsbox.process.wait(20), 0)


class Incoming(SmsboxTest):
    MO = {"sender": "123", "receiver": "999", "sms_type": 0, "coding": 0, "smsc_id": "s"}

    def test_acknowledged_after_the_application_and_the_reply(self):
        release = threading.Event()

        def answer(request):
            release.wait(20)
            return 200, [("Content-Type", "text/plain")], b"done", 0
        self.start(service("slow", "get-url = URL/?t=%a"), answer=answer)
        self.bearer.default_ack = None
        self.bearer.send_sms(dict(self.MO, msgdata="slow one"))
        while not self.application.requests:
            time.sleep(0.01)
        self.assertEqual([k for k, _ in self.bearer.drain() if k != "admin"], [])
        release.set()
        reply = self.messages(1)[0]
        self.assertEqual(reply["msgdata"], b"done")
        self.assertEqual(self.bearer.drain(), [])
        self.bearer.ack(reply, 0)
        self.assertEqual(self.acks()[0]["nack"], 0)

    def test_mo_that_comes_again_is_not_served_twice(self):
        release = threading.Event()

        def answer(request):
            release.wait(20)
            return 200, [("Content-Type", "text/plain")], b"done", 0
        self.start(service("slow", "get-url = URL/"), answer=answer)
        mo = dict(self.MO, msgdata="slow", id="368fa5dc-c2d7-443a-a3c8-4c82db1a17df", time=1000)
        self.bearer.send_sms(mo)
        while not self.application.requests:
            time.sleep(0.01)
        self.restart_bearer()
        self.assertTrue(self.bearer.connected.wait(20))
        self.bearer.send_sms(mo)
        release.set()
        self.assertEqual(self.acks()[0], {"nack": 0, "time": 1000, "id": mo["id"].encode()})
        self.bearer.send_sms(mo)  # as if the acknowledgement had been lost
        self.assertEqual(self.acks()[0]["nack"], 0)
        self.assertEqual(len(self.application.requests), 1)

    def test_same_mo_gives_the_reply_the_same_id(self):
        ids = []
        for _ in range(2):
            self.start(service("hi", "text = hello"))
            self.bearer.send_sms(dict(self.MO, msgdata="hi",
                                      id="368fa5dc-c2d7-443a-a3c8-4c82db1a17df"))
            ids.append(self.messages(1)[0]["id"])
        self.assertEqual(ids[0], ids[1])

    def test_reply_that_bearerbox_cannot_take_now_is_kept(self):
        self.start(service("hi", "text = hello"))
        self.bearer.default_ack = None
        self.bearer.send_sms(dict(self.MO, msgdata="hi"))
        first = self.messages(1)[0]
        self.restart_bearer()
        self.bearer.default_ack = 0
        self.assertTrue(self.bearer.connected.wait(20))
        items = self.bearer.wait_for(lambda items: any(k == "ack" for k, _ in items))
        self.assertEqual([f["id"] for k, f in items if k == "sms"], [first["id"]])

    def test_without_sender_refused(self):
        self.start(service("default", "text = hello"))
        self.bearer.send_sms({"receiver": "999", "msgdata": "x", "sms_type": 0})
        self.assertEqual(self.acks()[0]["nack"], 1)

    def test_unset_text_is_empty_text(self):
        self.start(service("default", "text = <%a>"))
        self.bearer.send_sms({"sender": "1", "receiver": "999", "sms_type": 0})
        self.assertEqual(self.messages(1)[0]["msgdata"], b"<>")

    def test_handset_with_a_blank_is_one_receiver(self):
        self.start(service("default", "text = hello"))
        self.bearer.send_sms(dict(self.MO, sender="My Shop", msgdata="x"))
        self.assertEqual([m["receiver"] for m in self.messages(1)], [b"My Shop"])

    def test_what_waits_is_forgotten_when_the_link_is_lost(self):
        release = threading.Event()

        def answer(request):
            release.wait(20)
            return 200, [("Content-Type", "text/plain")], b"", 0
        self.start(service("slow", "get-url = URL/%a"), smsbox="max-pending-requests = 1",
                   answer=answer)
        for text in ("slow 1", "slow 2"):
            self.bearer.send_sms(dict(self.MO, msgdata=text))
        while not self.application.requests:
            time.sleep(0.01)
        self.restart_bearer()
        self.assertTrue(self.bearer.connected.wait(20))
        release.set()
        self.acks()
        self.bearer.send_sms(dict(self.MO, msgdata="slow 3"))
        self.acks()
        self.assertEqual([r["target"] for r in self.application.requests],
                         ["/slow+1", "/slow+3"])

    def test_no_service(self):
        self.start()
        self.bearer.send_sms(dict(self.MO, msgdata="what"))
        items = self.bearer.wait_for(lambda items: any(k == "ack" for k, _ in items))
        self.assertEqual([f["msgdata"] for k, f in items if k == "sms"], [b"Request Failed"])
        self.wait_log("No translation found for <what> from <123> to <999>")

    def test_exec_arguments_are_not_a_shell(self):
        self.start(service("run", "exec = \"printf '%%s|' %S 'two words' %S\""))
        self.bearer.send_sms(dict(self.MO, msgdata="run $(id);'\" *"))
        # '*' becomes '~', as Kannel has it
        self.assertEqual(self.messages(1)[0]["msgdata"], b"$(id);'\"|two words|~|")

    def test_file_stays_in_its_folder(self):
        self.start(service("file", "file = /tmp/%S"), smsbox="reply-emptymessage = none")
        self.bearer.send_sms(dict(self.MO, msgdata="file ../etc/passwd"))
        self.assertEqual(self.messages(1)[0]["msgdata"], b"none")


class Reports(SmsboxTest):
    REPORT = {"sender": "1", "receiver": "123", "sms_type": 3, "dlr_mask": 1, "service": "tester",
              "msgdata": "x"}

    def report(self, **fields):
        self.bearer.send_sms(dict(self.REPORT, **fields))
        return self.acks(timeout=30)[0]["nack"]

    def url(self, path):
        return "http://127.0.0.1:%d%s" % (self.application.port, path)

    def test_taken_when_the_application_answers(self):
        statuses = {"/ok": 200, "/gone": 404, "/broken": 500}
        self.start(answer=lambda request: (statuses[request["target"]], [], b"", 0))
        self.assertEqual(self.report(dlr_url=self.url("/ok")), 0)
        self.assertEqual(self.report(dlr_url=self.url("/gone")), 0)
        self.assertEqual(self.report(dlr_url=self.url("/broken")), 2)
        self.assertEqual(self.report(dlr_url="http://127.0.0.1:%d/" % free_port()), 2)
        self.assertEqual(self.report(dlr_url="nonsense"), 0)
        self.assertEqual(self.report(), 0)

    def test_url_of_the_user_and_of_the_service(self):
        self.start(service("svc", "text = x", 'name = "my service"',
                           'dlr-url = "URL/service?p=%p&P=%P"'),
                   user="name = People\n")
        self.assertEqual(self.report(service="my service"), 0)
        self.assertEqual([r["target"] for r in self.application.requests],
                         ["/service?p=123&P=1"])

    def test_repeated_before_it_is_given_back(self):
        self.start(smsbox="http-request-retry = 1", answer=lambda request: (503, [], b"", 0))
        self.assertEqual(self.report(dlr_url=self.url("/x")), 2)
        self.assertEqual(len(self.application.requests), 2)

    def test_peer_that_does_not_postpone(self):
        self.start(answer=lambda request: (503, [], b"", 0))
        fields = dict(self.REPORT, dlr_url=self.url("/x"),
                      id="368fa5dc-c2d7-443a-a3c8-4c82db1a17df", time=1)
        for _ in range(2):  # Kannel's bearerbox sends it again at once
            self.bearer.send_sms(fields)
            if _ == 0:
                self.assertEqual(self.acks()[0]["nack"], 2)
        self.wait_log("repeats postponed messages at once")
        while len(self.application.requests) < 2:
            time.sleep(0.01)
        started = time.monotonic()
        self.assertEqual(self.acks()[0]["nack"], 2)
        self.assertGreater(time.monotonic() - started, 5)


class Start(unittest.TestCase):
    def check(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(text)
            file.flush()
            done = subprocess.run([PROGRAM, "--check-config", file.name], capture_output=True,
                                  timeout=60, check=False)
            return done.returncode, (done.stdout + done.stderr).decode()

    GOOD = CORE % {"bearer": 1, "port": 0, "smsbox": "", "user": "", "services": ""}

    def test_good(self):
        status, text = self.check(self.GOOD)
        self.assertEqual(status, 0)
        self.assertTrue(text.endswith(": no errors\n"), text)

    def test_a_comment_behind_a_value_is_told(self):
        status, text = self.check(self.GOOD + service("x", "text = hello # to all"))
        self.assertEqual(status, 0)
        self.assertIn("a comment needs a line of its own", text)
        self.assertNotIn("'#'", self.check(self.GOOD + service("x", 'text = "hello # all"'))[1])

    def test_open_quote_in_exec(self):
        status, text = self.check(self.GOOD + service("x", "exec = \"echo 'x\""))
        self.assertEqual(status, 1)
        self.assertIn("'exec'", text)

    def test_shell_syntax_in_exec_is_told(self):
        status, text = self.check(self.GOOD + service("x", "exec = \"echo x | wc\""))
        self.assertEqual(status, 0)
        self.assertIn("'|'", text)

    def test_bad_keyword(self):
        status, text = self.check(self.GOOD + service("(", "text = x"))
        self.assertEqual(status, 1)
        self.assertIn("'keyword'", text)

    def test_second_user_of_a_name_is_told(self):
        status, text = self.check(
            self.GOOD + "group = sendsms-user\nusername = tester\npassword = other\n")
        self.assertEqual(status, 0)
        self.assertIn("WARNING", text)


if __name__ == "__main__":
    unittest.main()
