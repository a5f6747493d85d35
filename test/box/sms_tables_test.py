# SPDX-License-Identifier: Apache-2.0
"""The tables of gw/sms are what their script makes of the alphabets' data."""
import os
import subprocess
import sys
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "gw", "sms",
                      "make-tables.py")


class TablesTest(unittest.TestCase):
    def test_up_to_date(self):
        done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
