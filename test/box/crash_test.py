# SPDX-License-Identifier: Apache-2.0
"""kill -9 of bearerbox, smsbox and both at random moments under load, once for
each case of test/crash/crashtest: nothing that was acknowledged is lost, and what is
sent twice, or seen twice by the application, was in the hands of the SMSC or of
smsbox at that moment and is named in the log. `make crash` does the same many
times."""

import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("KANTELE_BUILD") or os.path.join(HERE, "..", "..")
TIME_LIMIT = 400
TIME_LIMIT_OF_CASE = 120
WINDOW = 10  # of an SMPP connection: what can be in the hands of the SMSC


class Crash(unittest.TestCase):
    def crash(self, case, *arguments):
        done = subprocess.run(
            [sys.executable, os.path.join(HERE, "..", "crash", "crashtest"), "-n", "1",
             "-c", case, "--max-run", "1.0", "--mo", "4000",
             "--bearerbox", os.path.join(BUILD, "bearerbox"),
             "--smsbox", os.path.join(BUILD, "smsbox"), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            timeout=TIME_LIMIT_OF_CASE, stdin=subprocess.DEVNULL)
        output = done.stdout.decode("utf-8", "replace")
        first = output.splitlines()[0]
        self.assertTrue(first.startswith("{"), output)
        result = json.loads(first)
        self.assertNotIn("error", result, output)
        self.assertGreater(result["accepted"], 0, output)
        self.assertEqual(result["lost"], 0, output)
        self.assertEqual(result.get("drained", 1), 1, output)
        self.assertEqual(result.get("unlisted", 0), 0, output)
        self.assertNotIn("too_many", result, output)
        return result

    def test_mt_and_the_smsc_is_down(self):
        for kill in ("bb", "sb", "both"):
            with self.subTest(kill):
                self.assertEqual(self.crash("mt-%s-down" % kill)["duplicated"], 0)

    def test_mt_and_the_smsc_is_up(self):
        for kill in ("bb", "sb", "both"):
            with self.subTest(kill):
                self.crash("mt-%s-up" % kill)

    def test_mt_and_the_smsc_is_slow(self):
        for kill in ("bb", "sb", "both"):
            with self.subTest(kill):
                self.assertLessEqual(self.crash("mt-%s-slow" % kill)["duplicated"], WINDOW)

    def test_mo(self):
        for kill in ("bb", "sb", "both"):
            with self.subTest(kill):
                self.crash("mo-%s" % kill)

    def test_reports(self):
        for kill in ("bb", "sb", "both"):
            with self.subTest(kill):
                self.crash("dlr-%s" % kill)

    def test_an_orderly_end_sends_nothing_twice(self):
        self.assertEqual(self.crash("restart")["duplicated"], 0)


if __name__ == "__main__":
    unittest.main()
