# SPDX-License-Identifier: Apache-2.0
"""The manual pages as mandoc reads them: no mistakes of form."""
import glob
import os
import subprocess
import unittest

DOC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "doc")


class ManualPages(unittest.TestCase):
    def test_no_warnings(self):
        pages = sorted(glob.glob(os.path.join(DOC, "*.[158]")))
        self.assertGreaterEqual(len(pages), 3)
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"] + pages, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual((done.stdout.decode(), done.returncode), ("", 0))


if __name__ == "__main__":
    unittest.main()
