# SPDX-License-Identifier: Apache-2.0
"""A modem that has text mode only, behind bearerbox and smsbox: messages both ways
and reports. The virtual modem speaks it by 3GPP TS 27.005 section 3."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from http_peer import HttpPeer  # noqa: E402
from modem_test import ModemCase  # noqa: E402


class TextMode(ModemCase):
    ARGUMENTS = ("--personality", "textonly")

    def listen(self, **link):
        app = self.peer(HttpPeer())
        self.start(smsc=link, service=[{
            "keyword": "default", "max_messages": 0,
            "get_url": "http://127.0.0.1:%d/mo?from=%%p&text=%%b" % app.port}])
        return app

    def test_texts_of_all_kinds(self):
        self.start()
        texts = ["plain", "Grüße, Ñandù", "brackets [] {} and 5 €", "two\nlines", "OK",
                 "~^\\| @$_"]
        for text in texts:
            self.send(text)
        cyrillic = "Привет, мир! "
        self.send(cyrillic, coding=2, charset="UTF-8")
        sent = self.modem.wait_sent(len(texts) + 1, timeout=40)
        self.assertEqual(sorted(s["text"] for s in sent), sorted(texts + [cyrillic]))
        self.assertEqual({s["to"] for s in sent}, {"+4917012345"})
        self.empty()

    def test_parts_are_messages_of_their_own(self):
        self.start()
        text = "A long text without a header. " * 9
        self.send(text)
        sent = self.modem.wait_sent(2)
        self.assertEqual("".join(s["text"] for s in sent), text)
        self.gw.wait_log("the parts of long messages are messages of their own")

    def test_ucs2_parts_are_joined(self):
        self.start()
        text = "Жук и Лев. " * 12
        self.send(text, coding=2, charset="UTF-8")
        sent, = self.modem.wait_sent(1)
        self.assertEqual((sent["text"], sent["parts"]), (text, 2))

    def test_octets(self):
        self.start()
        self.gw.sendsms(to="+4917012345", coding=1, text=b"\x00\x01\x1a\x1b\xff",
                        udh=b"\x06\x05\x04\x0b\x84\x23\xf0")
        sent, = self.modem.wait_sent(1)
        part, = self.modem.sent_parts()
        self.assertEqual(sent["data"], "00011A1BFF")
        self.assertEqual(part["ports"]["dst"], 2948)

    def test_reports(self):
        app = self.peer(HttpPeer())
        self.start()
        self.modem.ctl("fate +4917012346 fail 46")
        self.send("good", dlr_mask=3, dlr_url="http://127.0.0.1:%d/good?type=%%d" % app.port)
        self.send("bad", dlr_mask=3, to="+4917012346",
                  dlr_url="http://127.0.0.1:%d/bad?type=%%d" % app.port)
        app.wait(2)
        self.assertEqual({(r.path.split("?")[0], r.query["type"]) for r in app.requests},
                         {("/good", "1"), ("/bad", "2")})

    def test_incoming(self):
        texts = {"+49301": "Grüße {1}", "+49302": "OK", "+49303": "Жук", "+49304": "a\nb",
                 "+49305": "+CMTI: \"SM\",1", "Alpha": "from a name", "+49306": "  blanks  "}
        for sender, text in texts.items():
            self.modem.inject(sender, text)
        app = self.listen()
        self.modem.inject("+49307", "later")
        app.wait(len(texts) + 1)
        self.assertEqual({r.query["from"]: r.query["text"] for r in app.requests},
                         {**texts, "+49307": "later"})
        self.modem.wait_stats(lambda s: s["memories"]["SM"][0] == 0)

    def test_incoming_with_less_to_say(self):
        self.modem.ctl("set lacks +CSDH")
        self.modem.ctl("set charsets IRA")
        self.modem.inject("+49301", "plain {1}")
        app = self.listen()
        self.modem.inject("+49302", "OK now")
        app.wait(2)
        self.assertEqual({r.query["from"]: r.query["text"] for r in app.requests},
                         {"+49301": "plain {1}", "+49302": "OK now"})

    def test_handed_over_directly(self):
        self.modem.ctl("set cnmi-offer [[0,1,2],[0,2],[0],[0,1],[0]]")
        app = self.listen()
        self.modem.inject("+49301", "direct")
        self.modem.inject("+49302", "OK")
        app.wait(2)
        self.assertEqual({r.query["text"] for r in app.requests}, {"direct", "OK"})

    def test_an_answer_that_is_lost(self):
        self.start()
        self.send("message 0", dlr_mask=3, dlr_url="http://127.0.0.1:1/")
        self.gw.wait_status(r"m1.*sent: sms 1 ")
        self.modem.ctl("at-send 1 lose-answer")
        self.send("message 1", dlr_mask=3, dlr_url="http://127.0.0.1:1/")
        self.gw.wait_status(r"m1.*sent: sms 2 ", 40)
        self.assertEqual(self.texts(), ["message 0", "message 1"])


if __name__ == "__main__":
    import unittest
    unittest.main()
