# SPDX-License-Identifier: Apache-2.0
"""
A mute modem whose USB device is reset, when that is allowed.
"""
import os
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from device_tree import DeviceTree  # noqa: E402
from gateway import GatewayTest  # noqa: E402
from modem_bridge import Line  # noqa: E402
from modem_peer import VirtualModem  # noqa: E402
from rescue_case import PATIENCE  # noqa: E402


class Usb(GatewayTest):
    def setUp(self):
        self.tree = DeviceTree()
        self.addCleanup(self.tree.close)
        self.modem = self.peer(VirtualModem(tcp=True))
        self.line = self.peer(Line(self.modem.address))
        self.tree.usb("1-1", "1e0e:9000", [(0xff, "option", "ttyUSB0")], serial="S1")
        self.tree.node("ttyUSB0", self.line.device)
        self.heard = []

    def pull_the_plug_when_told(self):
        """What Linux does with `authorized`: the port goes and comes back."""
        path = self.tree.path("sys/bus/usb/devices/1-1/authorized")
        os.mkfifo(path)

        def serve():
            while "1" not in self.heard:
                with open(path, encoding="ascii") as f:
                    for word in f.read().split():
                        self.heard.append(word)
                        if word == "0":
                            os.unlink(self.tree.path("dev/ttyUSB0"))
                            self.line.vanish()
            self.line.heal()
            self.line.appear()
            self.tree.node("ttyUSB0", self.line.device)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        return thread

    def start(self, **link):
        gw = self.gateway(smsc=[{"smsc": "at", "smsc_id": "m1", "device": "usb:1e0e:9000",
                                 "device_root": self.tree.root, "keepalive": 1, **link}],
                          core={"sms_resend_freq": 1})
        gw.start()
        gw.wait_link("m1", 60)
        return gw

    def test_by_a_reset_of_the_device(self):
        thread = self.pull_the_plug_when_told()
        gw = self.start(usb_reset=True)
        self.line.mute = True
        gw.wait_status(r"(?s)m1.*step 4 of 4, USB reset", PATIENCE)
        thread.join(PATIENCE)
        gw.wait_status(r"(?s)m1.*\(online", PATIENCE)
        gw.wait_status(r"(?s)m1.*usb-reset 1\b")
        self.assertEqual(self.heard, ["0", "1"])

    def test_only_when_it_is_allowed(self):
        self.pull_the_plug_when_told()
        gw = self.start()
        self.line.mute = True
        gw.wait_status(r"(?s)m1.*step 3 of 3, AT\+CFUN", PATIENCE)
        gw.wait_status(r"(?s)m1.*reopened [3-9]", PATIENCE)
        self.line.heal()
        gw.wait_status(r"(?s)m1.*\(online", PATIENCE)
        self.assertEqual(self.heard, [])


if __name__ == "__main__":
    import unittest
    unittest.main()
