# SPDX-License-Identifier: Apache-2.0
"""
A modem that goes mute and comes to itself only by one step of the recovery
ladder: each step in turn. Nothing is lost, nothing is sent twice, and the link is
back by itself.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from rescue_case import PATIENCE, RescueCase  # noqa: E402


class Rescue(RescueCase):
    def test_by_esc_and_at(self):
        self.start()
        self.line.heals_on = b"\x1b"
        self.fall_silent()
        self.assert_healed(r"(?s)m1.*lost 1, .*escaped 1\b")
        self.assertEqual(self.line.opened, 1)

    def test_by_opening_it_again(self):
        self.start()
        self.line.heals_on_reopen = True
        self.fall_silent()
        self.assert_healed(r"(?s)m1.*lost 1, reopened 1\b")

    def test_by_cfun(self):
        self.start()
        self.line.heals_on = b"AT+CFUN=1,1\r"
        self.fall_silent()
        self.gw.wait_status(r"(?s)m1.*step 3 of 3, AT\+CFUN", PATIENCE)
        self.assert_healed(r"(?s)m1.*reset 1\b")

    def test_back_soon_after_it_can_be(self):
        """Whatever rung we are on: a modem that comes to itself is found soon."""
        self.start()
        self.fall_silent()
        self.gw.wait_status(r"(?s)m1.*step 3 of 3, AT\+CFUN", PATIENCE)
        self.line.heal()
        self.assert_healed(r"(?s)m1.*lost 1\b")


if __name__ == "__main__":
    import unittest
    unittest.main()
