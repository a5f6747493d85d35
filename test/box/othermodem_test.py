# SPDX-License-Identifier: Apache-2.0
"""
The AT driver with modems that it was not written with: test/support/othermodem,
another emulator made from the specifications alone. Many modems at once on one
bearerbox; each must send every MT once, receive every MO once and get its
reports, whatever its family and its fault. The whole matrix is longer:
test/support/othermodem/bench.py.
"""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from gateway import wait_for  # noqa: E402
from othermodem.bench import Bench, Cell  # noqa: E402
from othermodem.families import FAMILIES  # noqa: E402

# Their messages are found by the look into the memory once a minute.
POLLED = ("no-cnmi", "novatel-u727")

FAULTS = """
huawei-e173/reboot-after  huawei-e173/vanish-after    huawei-e173/settings-lost
huawei-e173/sim-full      huawei-e173/noise-inside    huawei-e173/noise-in-gap
huawei-e173/pin-last-try  huawei-e173/pin-lost        huawei-e173/wrap-255
quectel-ec25/vanish-renamed  quectel-ec25/reboot-silent  quectel-ec25/cnmi-2-refused
quectel-ec25/cnma-340     quectel-ec25/pin-wrong      quectel-ec25/cms-332-taken
quectel-ec25/cms-332-lost quectel-ec25/reports-double quectel-ec25/csms-refused
simcom-sim800/answer-lost simcom-sim800/reboot-prompt simcom-sim800/cms-515
simcom-sim800/prompt-missing  simcom-sim800/pin-right simcom-sim800/reports-late
siemens-tc35/ring         siemens-tc35/ok-twice       siemens-tc35/glued-answer
siemens-tc35/settings-lost    siemens-tc35/cms-322    siemens-tc35/echo-stays
wavecom-fastrack/stray-error  wavecom-fastrack/cms-303  wavecom-fastrack/one-octet
wavecom-fastrack/reports-before  wavecom-fastrack/pin-wrong-lost
ublox-sara/cmgr-hangs     ublox-sara/mute-after       ublox-sara/sim-absent
zte-mf190/cmgd-fails      zte-mf190/cmgl-fails        zte-mf190/garbage
parrot/noise-before      odd-spacing/vanish-idle     text-only/reboot-after
text-only/ring            nokia-6310/settings-lost    phase-one/reboot-prompt
nokia-6310/ok-twice       simcom-sim800/ok-twice      huawei-e173/smsc-empty
quectel-ec25/ok-alone     huawei-e3372/cmgs-quoted    siemens-tc35/cmgs-then-error
zte-mf190/length-zero     quectel-ec25/error-late     simcom-sim800/ctrl-z-lost
ublox-sara/mute-read      telit-ge864/foreign-stored  option-icon225/close-renamed
sierra-mc8790/cmgs-twice  cinterion-bgs2/answer-15    simcom-sim7600/mute-list
two-memories/cms-314-prompt   text-only/cmgs-alone    parrot/cmgs-with-time
text-only/ctrl-z-lost
""".split()


class OtherModem(unittest.TestCase):
    def run_cells(self, cells, **arguments):
        bench = Bench(cells, deadline=300, arguments=arguments)
        self.addCleanup(bench.close)
        found = bench.run()
        self.assertFalse(found, "\n" + "\n".join("%s: %s" % pair for pair in found.items()))
        return bench

    def test_families(self):
        self.run_cells([Cell(name, mt=3, mo=0, reports=False) if name in POLLED
                        else Cell(name, mt=3) for name in FAMILIES])

    def test_faults(self):
        bench = self.run_cells([Cell(*word.split("/")) for word in FAULTS])
        idle = [(cell.name, fault.name) for cell in bench.cells for fault in cell.modem.faults
                if not fault.done]
        self.assertFalse(idle, "these faults did not happen")

    def test_without_detours(self):
        cells = [Cell("siemens-tc35", "cnmi-refused", mt=1, mo=0, reports=False),
                 Cell("quectel-ec25", "sms-dead", mt=4, mo=0),
                 Cell("huawei-e173", "mute-until-reopen", mt=4, mo=0)]
        self.run_cells(cells)
        refused, dead, mute = (cell.modem for cell in cells)
        said = [word for _, kind, word in refused.said if kind == "line"]
        variants = [word for word in said if re.match(r"AT\+CNMI=\d", word)]
        self.assertLessEqual(len(variants), 8)
        self.assertEqual(len(variants), len(set(variants)))
        # The prompt is missed twice, also after opening again; then comes the restart.
        self.assertEqual(dead.boots, 1)
        lines = [word for _, kind, word in dead.said if kind == "line"]
        restart = lines.index("AT+CFUN=1,1")
        self.assertEqual(sum(word.startswith("AT+CMGS=") for word in lines[:restart]), 2 + 4)
        # Asked twice in vain, it is opened again, not asked once more.
        fault = next(when for when, kind, what in mute.trace if kind == "fault")
        heard = [(when, what) for when, kind, what in mute.trace if kind == "in" and when > fault]
        self.assertEqual([what for _, what in heard[:3]], [b"AT\r"] * 2 + [b"\x1b\r"])

    def test_an_answer_that_comes_to_the_port_opened_anew(self):
        """Busy with a slow network it hears nothing; no reports, and no doubt in the end."""
        cells = [Cell(name, "answer-late", mt=4, mo=0, reports=False)
                 for name in ("quectel-ec25", "nokia-6310", "text-only", "siemens-tc35")]
        bench = self.run_cells(cells)
        self.assertEqual([cell.modem.opens for cell in cells], [2] * len(cells))
        self.assertEqual([cell.modem.boots for cell in cells], [0] * len(cells))
        self.assertNotIn("uncertain", bench.gateway.status())
        for cell in cells:
            bench.gateway.wait_status(r"%s.*(\n.*){0,3}settled 1\b" % re.escape(cell.name))
            # The next one is waited for longer than this one took.
            patience = re.search(r"%s\b(?:.*\n){0,3}?.*patience (\d+) s" % re.escape(cell.name),
                                 bench.gateway.status())
            self.assertGreater(int(patience.group(1)), 20, cell.name)

    def test_a_wrong_pin_is_sent_once_in_the_life_of_a_sim(self):
        bench = Bench([Cell("nokia-6310", "pin-wrong")])
        self.addCleanup(bench.close)
        modem, gw = bench.cells[0].modem, bench.gateway
        for end in (lambda: gw.kill("bearerbox"), gw.stop, None):
            gw.start_bearerbox()
            gw.wait_status(r"(?s)nokia-6310.pin-wrong.*refused the PIN")
            if end:
                end()
        wait_for(lambda: modem.opens >= 3, what="the third opening")
        self.assertEqual(modem.sim.attempts, ["1234"])


if __name__ == "__main__":
    unittest.main()
