# SPDX-License-Identifier: Apache-2.0
"""
A mute modem that only a program of the operator's can help: the power-hook.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from gateway import wait_for  # noqa: E402
from rescue_case import PATIENCE, RescueCase  # noqa: E402


class Hooks(RescueCase):
    def test_by_the_power_hook(self):
        folder = self.gateway().dir
        hook, said = os.path.join(folder, "hook"), os.path.join(folder, "said")
        with open(hook, "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\necho "$SMSC_ID $SMSC_DEVICE $SMSC_REASON $*" >> %s\n' % said)
        os.chmod(hook, 0o755)
        self.start(power_hook=hook + " 'socket 3' off on")
        self.fall_silent()
        wait_for(lambda: os.path.exists(said), PATIENCE,
                 lambda: "the hook to run\n" + self.gw.log()[-3000:])
        self.line.vanish()  # the power is off
        self.gw.wait_status(r"(?s)m1.*waits for", 60)
        self.line.heal()
        self.line.appear()
        self.assert_healed(r"(?s)m1.*power-cycled 1\b")
        with open(said, encoding="utf-8") as f:
            self.assertEqual(f.read(), "m1 %s mute socket 3 off on\n" % self.line.device)

    def test_a_hook_that_fails_is_said(self):
        self.start(power_hook="false")
        self.fall_silent()
        self.gw.wait_log("the power-hook failed: it ended with status 1", timeout=PATIENCE)
        self.line.heal()
        self.assert_healed(r"(?s)m1.*power-cycled 1\b")


if __name__ == "__main__":
    import unittest
    unittest.main()
