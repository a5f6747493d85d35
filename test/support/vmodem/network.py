# SPDX-License-Identifier: Apache-2.0
"""
network - the service centre behind one phone: takes what is sent, makes status
reports as told, and hands messages and reports over by the rules of +CNMI, +CSMS
and +CNMA (3GPP TS 27.005 sections 3.2.1, 3.4).

A message or report waits in `waiting` until the phone took it: stored in a
memory with room, or handed over directly and, in service 1, acknowledged. One
that is not acknowledged in time goes back, +CNMI's mt and ds fall to 0, and the
network tries again later.
"""
import time

import pdu

from . import text_commands
from .errors import Refused

ACK_SECONDS = 15.0
RETRY_SECONDS = 30.0


class Fate:
    """
    What becomes of a message, said in words: auto | none | fail [HEX] |
    buffered [SECONDS] | refuse CODE, further delay SECONDS, early, double.
    """

    def __init__(self, words):
        self.steps, self.early, self.refuse = [(0.0, 0x00)], False, None
        delay, double, words = 0.0, False, list(words)

        def number(convert, default):
            try:
                value = convert(words[0])
            except (IndexError, ValueError):
                return default
            del words[0]
            return value
        while words:
            word = words.pop(0)
            if word == "auto":
                self.steps = [(0.0, 0x00)]
            elif word in ("none", "manual"):
                self.steps = []
            elif word == "fail":
                self.steps = [(0.0, number(lambda w: int(w, 16), 0x46))]
            elif word == "buffered":
                after = number(float, None)
                self.steps = [(0.0, 0x30)] + ([(after, 0x00)] if after is not None else [])
            elif word == "refuse":
                self.refuse = number(int, 500)
            elif word == "delay":
                delay = number(float, 0.0)
            elif word == "early":
                self.early = True
            elif word == "double":
                double = True
            else:
                raise ValueError("unknown word %r" % word)
        self.steps = [(delay + after, status) for after, status in self.steps]
        if double:
            self.steps = [step for step in self.steps for _ in (0, 1)]


class Network:
    def __init__(self, phone):
        self.phone = phone
        self.reference = 0            # the last TP-MR
        self.sent = []                # one dictionary a part
        self.joining = {}             # (number, ref, total) -> {seq: text}
        self.fate = Fate(["auto"])
        self.fates = {}               # number -> Fate
        self.next_fates = []
        self.failures = []            # codes for the next sends
        self.triggers = []            # [sends to come, command]
        self.send_seconds = 0.0
        self.ack_seconds = ACK_SECONDS
        self.retry_seconds = RETRY_SECONDS
        self.control = None           # runs a command: set by control
        self.waiting = []             # (kind, pdu)
        self.unacknowledged = None
        self.counts = dict.fromkeys(
            ("submitted", "refused", "injected", "direct", "stored", "reports", "acknowledged",
             "unacknowledged", "discarded"), 0)

    def power_on(self):
        """Direct hand-overs under way are lost to the phone, not to the network."""
        if self.unacknowledged:
            self.waiting.insert(0, self.unacknowledged[0])
            self.unacknowledged = None

    # --- sending -----------------------------------------------------------

    def submit(self, text, taken=lambda: None):
        """Takes a SUBMIT, calls taken(); its reference. Raises Refused."""
        phone = self.phone
        if not phone.registered():
            raise Refused(331)
        try:
            message = pdu.decode(text, "from-te")
        except pdu.PduError as error:
            phone.event("bad-pdu", pdu=text, error=str(error))
            raise Refused(304) from None
        if message["smsc"] is None and not phone.smsc:
            raise Refused(330)
        fate = self._fate_of(message["da"])
        code = self.failures.pop(0) if self.failures else fate.refuse
        if code is not None:
            self.counts["refused"] += 1
            phone.event("refused", number=message["da"], code=code, pdu=text)
            raise Refused(code or None)
        return self._accept(text, message, fate, taken)

    def _fate_of(self, number):
        if self.next_fates:
            return self.next_fates.pop(0)
        return self.fates.get(number, self.fate)

    def _accept(self, text, message, fate, taken):
        taken()
        self.reference = (self.reference + 1) & 255
        self.counts["submitted"] += 1
        record = {"n": len(self.sent) + 1, "time": time.time(), "to": message["da"],
                  "mr": self.reference, "srr": message["srr"], "dcs": message["dcs"],
                  "pid": message["pid"], "alphabet": message["alphabet"], "pdu": text}
        for key in ("class", "udh", "concat", "ports", "vp", "text", "data"):
            if message.get(key) is not None:
                record[key] = message[key]
        self.sent.append(record)
        self._join(record)
        if message["srr"] and fate.steps:
            if fate.early:
                self._report(record, fate.steps[0][1])
                fate_steps = fate.steps[1:]
            else:
                fate_steps = fate.steps
            for delay, status in fate_steps:
                self.phone.reactor.later(delay + 0.001, lambda s=status: self._report(record, s))
        self._pull_triggers()
        return self.reference

    def _pull_triggers(self):
        due = [t for t in self.triggers if t[0] <= 1]
        self.triggers = [[n - 1, command] for n, command in self.triggers if n > 1]
        for _, command in due:
            self.control(self.phone, command)

    def _join(self, record):
        """Tells of a whole message when its last part has come."""
        payload = record.get("text", record.get("data", ""))
        concat = record.get("concat")
        parts = [record]
        if concat:
            key = (record["to"], concat["ref"], concat["total"], concat["bits"])
            have = self.joining.setdefault(key, {})
            have[concat["seq"]] = record
            if len(have) < concat["total"]:
                return
            del self.joining[key]
            parts = [have[i] for i in sorted(have)]
            payload = "".join(p.get("text", p.get("data", "")) for p in parts)
        self.phone.event("sent", to=record["to"], parts=len(parts), pdus=[p["pdu"] for p in parts],
                         **{"text" if "text" in record else "data": payload})

    # --- reports and messages to come ---------------------------------------

    def _report(self, record, status):
        toa = int(record["pdu"][2 * (2 + int(record["pdu"][:2], 16) + 2):][:2], 16)
        self.waiting.append(("report", pdu.encode_report(
            record["mr"], record["to"], status, smsc=self.phone.smsc, toa=toa)))
        self.pump()

    def report(self, n, status):
        self._report(self.sent[n - 1], status)

    def inject(self, text):
        """A DELIVER or STATUS-REPORT from the network, in hex."""
        kind = pdu.decode(text, "to-te")["type"]
        self.counts["injected"] += 1
        self.waiting.append(("report" if kind == "status-report" else "mo", text))
        self.pump()

    def pump(self):
        """Hands over what the phone can take."""
        if not self.phone.usable():
            return
        keep = []
        for item in self.waiting:
            taken = self._hand_over_report(item) if item[0] == "report" \
                else self._hand_over_message(item)
            if not taken:
                keep.append(item)
        self.waiting = keep

    def _hand_over_message(self, item):
        mt = self.phone.cnmi[1]
        dcs = pdu.decode(item[1], "to-te")
        store_only = dcs["class"] == 2 or (dcs.get("mwi") and dcs["dcs"] >> 4 in (13, 14))
        if not store_only and (mt == 2 or (mt == 3 and dcs["class"] == 3)):
            return self._direct(item, self.phone.traits["cmt_header"])
        return self._store(item, self.phone.cpms[2], "+CMTI" if mt else None)

    def _hand_over_report(self, item):
        ds = self.phone.cnmi[3]
        if ds == 1:
            return self._direct(item, self.phone.traits["cds_header"])
        if ds == 2:
            return self._store(item, self.phone.traits["report_memory"], "+CDSI")
        self.counts["discarded"] += 1
        return True

    def _direct(self, item, header):
        if self.unacknowledged:
            return False
        self.counts["direct"] += 1
        self.counts["reports"] += item[0] == "report"
        if self.phone.csms:
            timer = self.phone.later(self.ack_seconds, self._not_acknowledged)
            self.unacknowledged = (item, timer)
        if self.phone.cmgf:
            self.phone.announce(*text_commands.direct_lines(self.phone, *item))
        else:
            self.phone.announce(header.format(length=pdu.tpdu_length(item[1])),
                                self.phone.shown(item[1]))
        self.phone.event("handed-over", kind=item[0], how="direct", pdu=item[1])
        return True

    def _store(self, item, memory, line):
        index = self.phone.memories[memory].add(0, item[1])
        if index is None:
            self.phone.announce_plain(*self.phone.traits["memory_full"])
            return False
        self.counts["stored"] += 1
        self.counts["reports"] += item[0] == "report"
        if line:
            self.phone.announce('%s: "%s",%d' % (line, memory, index))
        self.phone.event("handed-over", kind=item[0], how="stored", memory=memory, index=index)
        return True

    # --- +CNMA --------------------------------------------------------------

    def acknowledge(self, good=True):
        """False when nothing waits for an acknowledgement."""
        if not self.unacknowledged:
            return False
        item, timer = self.unacknowledged
        timer.cancel()
        self.unacknowledged = None
        if good:
            self.counts["acknowledged"] += 1
            self.phone.event("acknowledged", kind=item[0])
        else:
            self._again_later(item)
        # The next one comes after the answer to +CNMA.
        self.phone.reactor.later(0, self.pump)
        return True

    def _not_acknowledged(self):
        item, _ = self.unacknowledged
        self.unacknowledged = None
        self.counts["unacknowledged"] += 1
        self.phone.cnmi[1] = self.phone.cnmi[3] = 0
        self.phone.event("unacknowledged", kind=item[0], pdu=item[1])
        self._again_later(item)

    def _again_later(self, item):
        def again():
            self.waiting.append(item)
            self.pump()
        self.phone.reactor.later(self.retry_seconds, again)
