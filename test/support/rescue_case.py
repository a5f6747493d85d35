# SPDX-License-Identifier: Apache-2.0
"""
rescue_case - a gateway with a modem on a line that falls silent, for the tests of
the recovery ladder.
"""
import os

from gateway import GatewayTest
from modem_bridge import Line
from modem_peer import VirtualModem

PATIENCE = 150  # seconds; the whole ladder takes about one minute


class RescueCase(GatewayTest):
    def setUp(self):
        self.modem = self.peer(VirtualModem(tcp=True))
        self.line = self.peer(Line(self.modem.address,
                                   link=os.path.join(self.modem.dir, "line")))

    def start(self, **link):
        self.gw = self.gateway(smsc=[{"smsc": "at", "smsc_id": "m1", "device": self.line.device,
                                      "keepalive": 1, **link}], core={"sms_resend_freq": 1})
        self.gw.start()
        self.gw.wait_link("m1", 60)
        self.send("before")
        self.modem.wait_sent(1, timeout=60)
        self.gw.wait_status(r"m1.*sent: sms 1 ")  # and its answer has been read

    def send(self, text):
        status, body = self.gw.sendsms(to="+4917012345", text=text)
        self.assertEqual(status, 202, body)

    def fall_silent(self):
        """The modem hears nothing any more, and the gateway has noticed."""
        self.line.mute = True
        self.gw.wait_status(r"(?s)m1.*\(re-connecting.*step \d of \d", 60)
        self.send("after")

    def assert_healed(self, tallies):
        self.gw.wait_status(r"(?s)m1.*\(online", PATIENCE)
        self.modem.wait_sent(2, timeout=60)
        self.gw.wait_status(tallies)
        self.assertEqual([p["text"] for p in self.modem.sent_parts()], ["before", "after"])
