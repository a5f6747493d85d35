#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
bench - other modems in front of one bearerbox, and a judge.

A Cell is one modem of a family with faults, and its traffic: some MT, some MO
(one of two parts, the second first), one message that lay in its memory before.
A Bench runs many cells on one bearerbox at the same time, each as an smsc group
of its own. What the judge asks of each: every MT once in the network, every MO
once at the box, a final report for each MT whose modem gave it one.

By hand, in a build directory (KANTELE_BUILD):
    bench.py families             every family without a fault
    bench.py faults FAMILY...     every fault on these families
    bench.py cells FAMILY/FAULT[+FAULT][/plain] ...    (plain: no reports)
    bench.py random SEED COUNT    pairs of faults on families
prints a line a cell: verdict, when it was online, seconds from the moment the
modem could work again to the next message, and from the first fault to it,
complaints. -o DIR keeps the log and
the dialogue of cells that failed, -k DIR those of all, -n CELLS at a time, -d SECONDS a cell may take.
"""
import os
import re
import shutil
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from box_client import Box  # noqa: E402
from gateway import Gateway  # noqa: E402
from othermodem import air, device, families, faults, messages  # noqa: E402

LOCKED = ("pin-wrong", "pin-wrong-lost", "puk")


class Cell:
    def __init__(self, family, fault="none", mt=6, mo=4, reports=True):
        self.family, self.faults = families.FAMILIES[family], fault.split("+")
        self.name = "%s.%s%s" % (family, fault.replace("+", "_"), "" if reports else ".plain")
        self.mt_count, self.mo_count, self.reports = mt, mo, reports
        self.texts = ["mt %s %d" % (self.name, i) for i in range(mt)]
        self.expected = []
        self.online = self.took = None

    def plug(self, folder, seed):
        """Starts the modem; its smsc group."""
        family = self.family
        if "pin2" in self.faults:
            family = family.but(ready_word="SIM PIN2")
        arranged, broken = faults.make(*self.faults)
        self.air = air.Air()
        path = os.path.join(folder, self.name)
        self.modem = device.Modem(family, device.Pty(path), self.air, faults=broken, seed=seed)
        for arrange in arranged:
            arrange(self.modem)
        self._fill()
        self.modem.start()
        group = {"smsc": "at", "smsc_id": self.name, "device": path,
                 "allowed_smsc_id": self.name}
        if self.modem.sim.pin:
            group["pin"] = "1234"
        return group

    def is_locked(self):
        """The PIN may not be tried, or is wrong: never online, and rightly so."""
        return (any(name in LOCKED for name in self.faults)
                or "pin-last-try" in self.faults and self.family.tries_told[0] != "")

    def _fill(self):
        store = self.modem.commands.store
        if "sim-full" not in self.faults:
            store(self.family.places[-1], air.deliver("+4917055501", "stored " + self.name))
        for name in set(self.family.places):
            for stored in self.modem.memory[name].values():
                if isinstance(stored.tpdu, bytes):  # else it is no message for us
                    self.expected.append(messages.text_parts(stored.tpdu, "GSM")[2])

    def send_mo(self, number):
        text = "mo %s %d" % (self.name, number)
        sender = "+491705550%d" % number
        if number == 3:
            text += " " + "x" * 200
            for part in (2, 1):
                self.modem.message_arrives(air.deliver(
                    sender, text[150 * (part - 1):150 * part] if part == 1 else text[150:],
                    air.concatenation(number, 2, part)))
        else:
            self.modem.message_arrives(air.deliver(sender, text))
        self.expected.append(text)

    def wants_reports(self):
        commands = self.modem.commands
        return (self.reports and self.family.reports and self.air.policy != "never"
                and (commands.cnmi[3:] and commands.cnmi[3] or self.family.report_memory
                     or self.family.stores_reports))


class Bench:
    def __init__(self, cells, deadline=120, arguments=None):
        self.cells, self.deadline = cells, deadline
        self.folder = tempfile.mkdtemp(prefix="othermodem-")
        groups = [cell.plug(self.folder, seed) for seed, cell in enumerate(cells)]
        self.gateway = Gateway(smsc=groups, **(arguments or {}))
        self.reports, self.mo = {}, {}
        self.lock = threading.Lock()
        self.page, self.page_at = "", 0.0

    def close(self):
        try:
            self.gateway.close()
        finally:
            for cell in self.cells:
                cell.modem.stop()
            shutil.rmtree(self.folder, ignore_errors=True)

    def run(self):
        """All cells; complaints by the cell's name. For close() afterwards."""
        self.gateway.start_bearerbox()
        self.box = Box(self.gateway.box_port)
        threading.Thread(target=self._collect, daemon=True).start()
        threads = [threading.Thread(target=self._drive, args=(cell,)) for cell in self.cells]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.box.stop()
        found = {}
        for cell in self.cells:
            complaints = self.judge(cell)
            if complaints:
                found[cell.name] = complaints
        return found

    def _collect(self):
        while True:
            sms = self.box.received.get()
            text = sms.get("msgdata") or b""
            with self.lock:
                if sms.get("sms_type") in (3, 4):
                    key = (sms.get("dlr_url") or b"").decode()
                    self.reports.setdefault(key, []).append(sms.get("dlr_mask"))
                else:
                    wide = sms.get("coding") == 2
                    text = text.decode("utf-16-be" if wide else "utf-8", "replace")
                    self.mo[text] = self.mo.get(text, 0) + 1

    def is_online(self, name):
        with self.lock:
            if time.monotonic() - self.page_at > 0.3:
                self.page, self.page_at = self.gateway.status() or "", time.monotonic()
            page = self.page
        return re.search(r"(?m)^\s*%s\b.*\(online" % re.escape(name), page)

    def _drive(self, cell):
        begin = time.monotonic()
        end = begin + self.deadline
        locked = cell.is_locked()
        for number, text in enumerate(cell.texts):
            self.box.submit(msgdata=text, receiver="+4917100%05d" % (hash(cell.name) % 10000 * 10
                                                                     + number),
                            smsc_id=cell.name, dlr_mask=31 if cell.reports else None,
                            dlr_url=text if cell.reports else None)
        while not self.is_online(cell.name):
            if time.monotonic() > (begin + 15 if locked else end):
                return
            time.sleep(0.1)
        cell.online = time.monotonic() - begin
        for number in range(cell.mo_count):
            cell.send_mo(number)
            time.sleep(0.7)
        while time.monotonic() < end and not self._is_done(cell):
            time.sleep(0.1)
        cell.took = time.monotonic() - begin
        time.sleep(2.5)  # what comes twice

    def _is_done(self, cell):
        sent = cell.air.texts()
        with self.lock:
            return (all(text in sent for text in cell.texts)
                    and all(text in self.mo for text in cell.expected)
                    and (not cell.wants_reports()
                         or all(self._events(text) & {1, 2} for text in cell.texts)))

    def _events(self, text):
        return set(self.reports.get(text, ()))

    def judge(self, cell):
        """What went wrong: a list."""
        bad = []
        if cell.is_locked():
            if cell.online is not None:
                bad.append("online with a locked SIM")
        elif cell.online is None:
            bad.append("never online")
        else:
            self._judge_traffic(cell, bad)
        attempts = cell.modem.sim.attempts
        if cell.modem.sim.pin not in (None, "1234") and len(attempts) > 1:
            bad.append("a wrong PIN %d times" % len(attempts))
        if re.search(r"AT2\[.*CPIN=.*1234", self.gateway.log()):
            bad.append("the PIN stands in the log")
        if cell.modem.lost_characters:
            bad.append("%d characters too fast" % cell.modem.lost_characters)
        return bad

    def _judge_traffic(self, cell, bad):
        sent = cell.air.texts()
        lost = cell.modem.lost_direct
        for text in cell.texts:
            if sent.count(text) != 1:
                bad.append("%r sent %d times" % (text, sent.count(text)))
            events = self.reports.get(text, [])
            if events.count(1) > 1 or 2 in events or 16 in events:
                bad.append("%r: reports %s" % (text, events))
            elif cell.wants_reports() and 1 not in events and text in sent:
                lost -= 1
                if lost < 0:
                    bad.append("%r: no final report, %s" % (text, events))
        for text in cell.expected:
            if self.mo.get(text, 0) != 1:
                bad.append("%r received %d times" % (text[:60], self.mo.get(text, 0)))
        for text in set(sent) - set(cell.texts):
            bad.append("nobody sent %r" % text[:40])

    def keep(self, cell, folder):
        """Writes down what there is about a cell."""
        os.makedirs(folder, exist_ok=True)
        offset = time.time() - time.monotonic()
        with open(os.path.join(folder, cell.name + ".log"), "w", encoding="utf-8") as f:
            f.writelines(line + "\n" for line in self.gateway.log().splitlines()
                         if cell.name in line)
            for when, kind, what in list(cell.modem.trace):
                f.write("%s %s %r\n" % (time.strftime("%H:%M:%S", time.gmtime(when + offset)),
                                        kind, what))


# --- by hand --------------------------------------------------------------------

def _seconds(value):
    return "-" if value is None else "%.1f" % value


def _report(bench, cell, complaints):
    modem = cell.modem
    after = cell.air.since(modem.able_at) if modem.able_at else None
    names = [fault.name for fault in modem.faults]
    broken = next((when for when, kind, what in modem.trace if kind == "fault" and what in names), None)
    stood = cell.air.since(broken) if broken else None
    idle = [fault.name for fault in modem.faults if not fault.done]
    print("%-4s %-42s online %s took %s next %s stood %s boots %d opens %d%s %s" % (
        "FAIL" if complaints else "ok", cell.name, _seconds(cell.online), _seconds(cell.took),
        _seconds(after), _seconds(stood), modem.boots, modem.opens,
        " (did not happen: %s)" % ", ".join(idle) if idle else "", complaints or ""), flush=True)


def _cells(what, words):
    names = list(families.FAMILIES)
    if what == "families":
        return [Cell(name) for name in names]
    if what == "faults":
        return [Cell(name, fault) for name in words for fault in faults.FAULTS]
    if what == "cells":
        return [Cell(*word.split("/")[:2], reports=not word.endswith("/plain")) for word in words]
    if what == "random":
        import random
        chance = random.Random(int(words[0]))
        good = [fault for fault in faults.FAULTS if fault not in LOCKED + ("none", "pin-last-try")]
        return [Cell(chance.choice(names), "+".join(chance.sample(good, 2)))
                for _ in range(int(words[1]))]
    raise SystemExit(__doc__)


def main(words):
    options = {"-o": None, "-k": None, "-n": "40", "-d": "120"}
    while words and words[0] in options:
        options[words[0]], words = words[1], words[2:]
    if not words:
        raise SystemExit(__doc__)
    cells, failed, size = _cells(words[0], words[1:]), 0, int(options["-n"])
    for first in range(0, len(cells), size):
        bench = Bench(cells[first:first + size], deadline=float(options["-d"]))
        try:
            found = bench.run()
            failed += len(found)
            for cell in bench.cells:
                _report(bench, cell, found.get(cell.name))
                if options["-o"] and cell.name in found:
                    bench.keep(cell, options["-o"])
                if options["-k"]:
                    bench.keep(cell, options["-k"])
        finally:
            bench.close()
    print("%d cells, %d failed" % (len(cells), failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
