# SPDX-License-Identifier: Apache-2.0
"""Debian's Kannel on the virtual modem: a real driver confirms that our modem is
an honest one. Kannel 1.4.5 sends, receives, and gets its reports."""
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from gateway import DEBIAN, GatewayTest  # noqa: E402
from http_peer import HttpPeer  # noqa: E402
from modem_peer import VirtualModem  # noqa: E402

MODEMS = """group = modems
id = generic
name = "generic"
init-string = "AT+CNMI=2,2,0,1,0"
speed = 115200
enable-hwhs = "AT+IFC=0,0"
hardware-flow-control = false

"""

TIME_LIMIT = 900
# One answer that comes late on a busy machine costs these programs a minute or more.
PATIENCE = 200


class KannelOnModem(GatewayTest):
    def start(self, *modem_arguments):
        self.modem = self.peer(VirtualModem(*modem_arguments))
        self.app = self.peer(HttpPeer())
        self.app.answer("/mo", body="you said it")
        self.gw = self.gateway(
            binaries=DEBIAN, more=MODEMS,
            core={"dlr_storage": "internal"},
            smsc=[dict(smsc="at", smsc_id="vm", device=self.modem.device, modemtype="generic",
                       my_number="100", sms_center="+491710760000", pin="1234")],
            service=[dict(keyword="default", catch_all=True, max_messages=3,
                          get_url=self.app.url + "/mo?from=%p&text=%a")])
        self.gw.start()
        self.gw.wait_link("vm", PATIENCE)

    def test_send_receive_and_report(self):
        self.start()
        text = "Kannel sends a long text through the virtual modem. " * 5
        code, body = self.gw.sendsms(to="+4917012345", text=text, dlr_mask=1,
                                     dlr_url=self.app.url + "/dlr?event=%d")
        self.assertEqual((code, body), (202, "0: Accepted for delivery"))
        sent, = self.modem.wait_sent(1, timeout=PATIENCE)
        self.assertEqual((sent["to"], sent["text"], sent["parts"]), ("+4917012345", text, 2))
        self.assertEqual(self.app.wait(1, "/dlr", 60)[0].query, {"event": "1"})

        self.modem.inject("+491709999999", "hello gateway")
        self.assertEqual(self.app.wait(1, "/mo", 60)[0].query,
                         {"from": "+491709999999", "text": "hello gateway"})
        reply, = self.modem.wait_sent(1, timeout=PATIENCE, to="+491709999999")
        self.assertEqual(reply["text"], "you said it")
        counts = self.modem.ctl("stats")["counts"]
        self.assertEqual(counts["unacknowledged"], 0)

    def test_pin(self):
        self.start("--pin", "1234")
        self.assertEqual(self.gw.sendsms(to="123", text="ж", coding=2, charset="UTF-8")[0],
                         202)
        self.assertEqual(self.modem.wait_sent(1, timeout=PATIENCE)[0]["text"], "ж")


if __name__ == "__main__":
    unittest.main()
