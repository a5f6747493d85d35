# SPDX-License-Identifier: Apache-2.0
"""
messages - what the other modem's commands about messages do: sending, memory,
and what the network hands over (3GPP TS 27.005 sections 3.4, 3.5, 4; in PDU mode
and in text mode). Part of commands.Commands, which has the settings.
"""
import re
import time

from othermodem import air
from othermodem.device import PAYLOAD, Final, Stored

_STATUS_WORDS = {0: "REC UNREAD", 1: "REC READ", 2: "STO UNSENT", 3: "STO SENT"}
_SMSC = bytes.fromhex("07919471065020F2")


def fields(text):
    """Parameters between commas; quotes taken off."""
    found, current, quoted = [], "", False
    for char in text:
        if char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            found.append(current.strip())
            current = ""
        else:
            current += char
    return found + [current.strip()]


class Messages:
    # --- sending -------------------------------------------------------------------------

    def _submit_wanted(self, rest):
        """Prompt, payload, and the SUBMIT made of it."""
        modem = self.modem
        self._need_sms()
        while modem.sms_dead:
            if (yield PAYLOAD) is None:
                raise Final(self.family.escaped)
        given = fields(rest)
        if self.pdu_mode:
            if not given[0].isdigit() or not 7 < int(given[0]) < 165:
                raise self.cms(304)
        elif not given[0]:
            raise self.cms(305)
        yield from modem.meet("prompt", given[0])
        yield self.family.prompt_delay
        modem.write(self.family.prompt.encode())
        payload = yield PAYLOAD
        if payload is None:
            raise Final(self.family.escaped)
        if not self.pdu_mode:
            return self._from_text(given, payload)
        try:
            octets = bytes.fromhex(payload.decode("ascii").strip())
            skip = 0 if self.family.phase1 else octets[0] + 1
            if len(octets) - skip != int(given[0]):
                raise ValueError("length")
            return air.Submit(octets[skip:])
        except (ValueError, UnicodeDecodeError, IndexError):
            raise self.cms(304) from None

    def _from_text(self, given, payload):
        number = given[0]
        text = payload.decode("latin-1").replace("\r", "\n")
        dcs = int(self.csmp[3] or 0)
        if self.charset == "UCS2" and re.fullmatch("(003[0-9]|002B)+", number, re.I):
            number = bytes.fromhex(number).decode("utf-16-be")
        if dcs & 0xC == 8 or self.charset == "UCS2":
            try:
                octets = bytes.fromhex(text)
            except ValueError:
                raise self.cms(305) from None
            ucs2 = octets.decode("utf-16-be")
            dcs, data = (air.user_data(ucs2, b"", True) if dcs & 0xC == 8
                         else air.user_data(ucs2))
        else:
            dcs, data = air.user_data(text)
        first = int(self.csmp[0]) & ~0x18 | 1
        return air.Submit(bytes([first, 0]) + air.address(number) + bytes([0, dcs]) + data)

    def _transmit(self, submit):
        """Into the network; the reference."""
        modem, sim = self.modem, self.modem.sim
        yield from modem.meet("payload", submit.to)
        if not modem.registered():
            raise self.cms(331)
        code = modem.refused.get(submit.to)
        yield self.family.send_time * modem.random.uniform(0.6, 1.4)
        if code:
            modem.refusals.append((submit.to, submit.text))
            raise self.cms(code)
        reference = sim.reference
        sim.reference = (sim.reference + 1) % 256
        reports = modem.air.take(submit, reference)
        if self.family.reports:
            for seconds, tpdu in reports:
                modem.report_arrives(seconds, tpdu)
        if modem.air.policy == "before" and reports:
            yield 0.05
            modem.offer(at_once=True)
        yield from modem.meet("taken", submit.to)
        return reference

    def do_cmgs(self, operator, rest):
        if operator == "=?":
            return "OK"
        submit = yield from self._submit_wanted(rest)
        reference = yield from self._transmit(submit)
        self.modem.line("+CMGS:%s%d" % (self.family.colon_space, reference))
        yield from self.modem.meet("result", submit.to)
        yield self.family.delay
        return "OK"

    def do_cmgw(self, operator, rest):
        if operator == "=?":
            return "OK"
        submit = yield from self._submit_wanted(rest)
        name = self.places[1]
        index = self._free_place(name)
        if index is None:
            raise self.cms(322)
        self.modem.memory[name][index] = Stored(2, submit)
        return (yield from self._say("+CMGW: %d" % index))

    def do_cmss(self, operator, rest):
        if operator == "=?":
            return "OK"
        self._need_sms()
        index = int(fields(rest)[0])
        stored = self.modem.memory[self.places[1]].get(index)
        if not stored or not isinstance(stored.tpdu, air.Submit):
            raise self.cms(321)
        reference = yield from self._transmit(stored.tpdu)
        stored.status = 3
        return (yield from self._say("+CMSS: %d" % reference))

    # --- memory ------------------------------------------------------------------------------

    def _free_place(self, name):
        first = self.family.first_index
        used = self.modem.memory[name]
        for index in range(first, first + self.family.capacity[name]):
            if index not in used:
                return index
        return None

    def store(self, name, tpdu):
        """The index where it lies now; None: full."""
        index = self._free_place(name)
        if index is not None:
            smsc = b"" if self.family.phase1 else _SMSC
            self.modem.memory[name][index] = Stored(0, tpdu, smsc)
        return index

    def _entry(self, prefix, stored, index=None):
        place = [] if index is None else [str(index)]
        if isinstance(stored.tpdu, air.Submit):
            return [prefix + ",".join(place + [str(stored.status), "", "20"]), "0011000681214365"]
        if not self.pdu_mode:
            return self._text_entry(prefix, stored, place)
        length = max(0, len(stored.tpdu) + self.modem.length_error)
        header = ",".join(place + [str(stored.status), self.family.alpha, str(length)])
        return [prefix + header, (stored.smsc + stored.tpdu).hex().upper()]

    def _text_entry(self, prefix, stored, place):
        tpdu, word = stored.tpdu, '"%s"' % _STATUS_WORDS[stored.status]
        if tpdu[0] & 3 == 2:
            return [prefix + ",".join(place + [word, _text_report(tpdu)])]
        sender, when, text = text_parts(tpdu, self.charset)
        header = place + [word, '"%s"' % sender, "", '"%s"' % when]
        return [prefix + ",".join(header + self._long_header(tpdu, bool(place))), text]

    def _long_header(self, tpdu, in_list):
        """What AT+CSDH=1 adds (27.005 sections 3.1 and 3.4.2)."""
        if not self.long_headers:
            return []
        at = 3 + (tpdu[1] + 1) // 2
        kind, length = str(tpdu[2]), str(tpdu[at + 9])
        if in_list:
            return [kind, length]
        return [kind, str(tpdu[0]), str(tpdu[at]), str(tpdu[at + 1]), '"+491710762020"', "145",
                length]

    def do_cmgr(self, operator, rest):
        self._need_sms()
        index = int(fields(rest)[0])
        name = self.places[0]
        stored = self.modem.memory[name].get(index)
        yield self.family.delay
        if not stored:
            if self.family.empty_place == "OK":
                return "OK"
            if self.family.empty_place == "zero":
                self.modem.line("+CMGR: 0,,0")
                self.modem.line("")
                return "OK"
            raise self.cms(321)
        yield from self._give([self._entry("+CMGR:%s" % self.family.colon_space, stored)])
        stored.status = {0: 1, 2: 2}.get(stored.status, stored.status)
        return "OK"

    def _give(self, entries):
        for lines in entries:
            for position, line in enumerate(lines):
                if position and self.modem.gap_noise:
                    self.modem.line(self.modem.gap_noise)
                self.modem.line(line)
                yield 0.001
            yield from self.modem.meet("entry", lines[0])

    def do_cmgl(self, operator, rest):
        if operator == "=?":
            return (yield from self._say("+CMGL: (0-4)" if self.pdu_mode else
                                         '+CMGL: ("REC UNREAD","REC READ","STO UNSENT","STO SENT"'
                                         ',"ALL")'))
        self._need_sms()
        words = {"ALL": 4, "REC UNREAD": 0, "REC READ": 1, "STO UNSENT": 2, "STO SENT": 3}
        wanted = fields(rest)[0] or "0"
        if wanted.isdigit() != self.pdu_mode:
            raise self.cms(305)
        wanted = int(wanted) if self.pdu_mode else words[wanted]
        chosen = [(index, stored) for index, stored in sorted(
            self.modem.memory[self.places[0]].items()) if wanted in (4, stored.status)]
        chosen = chosen[:self.family.list_limit]
        prefix = "+CMGL:%s" % self.family.colon_space
        yield from self._give([self._entry(prefix, stored, index) for index, stored in chosen])
        for _, stored in chosen:
            stored.status = 1 if stored.status == 0 else stored.status
        return "OK"

    def do_cmgd(self, operator, rest):
        if operator == "=?":
            return (yield from self._say("+CMGD: (0-99),(0-4)"))
        self._need_sms()
        given = fields(rest)
        memory = self.modem.memory[self.places[0]]
        yield self.family.delay * 2
        if len(given) > 1 and given[1] not in ("", "0"):
            self.modem.trace.append((time.monotonic(), "fault", "wiped"))
            if given[1] == "4":
                memory.clear()
            else:
                for index in [i for i, s in memory.items() if s.status == 1]:
                    del memory[index]
            return "OK"
        index = int(given[0])
        if index not in memory and self.family.empty_place == "321":
            raise self.cms(321)
        memory.pop(index, None)
        self.modem.later(0.1, self.modem.offer)
        return "OK"

    # --- what comes ---------------------------------------------------------------------------

    def accept(self, item):
        """One message or report from the network: False when it has to wait there."""
        kind, tpdu, mclass = item
        if kind == "report":
            return self._accept_report(item, tpdu)
        direct = self.cnmi[1] == 2 and mclass != 2 or self.cnmi[1] == 3 and mclass == 3
        if direct and self.cnmi[0]:
            return self._direct(item, "+CMT", tpdu)
        place = self.places[-1]
        index = self.store(place, tpdu)
        if index is None:
            if self.family.full_line:
                self.modem.line(self.family.full_line)
            return False
        if self.cnmi[1] and self.cnmi[0] and not self.family.forgets_to_tell:
            self.modem.line(self.family.cmti.format(mem=place, index=index))
        return True

    def _accept_report(self, item, tpdu):
        if self.cnmi[3] == 1 and self.cnmi[0]:
            return self._direct(item, "+CDS", tpdu)
        place = self.family.report_memory or self.places[-1]
        if self.cnmi[3] == 0 and not self.family.report_memory and not self.family.stores_reports:
            return False
        index = self.store(place, tpdu)
        if index is None:
            return False
        if self.cnmi[3] == 2 and self.cnmi[0]:
            self.modem.line(self.family.cdsi.format(mem=place, index=index))
        return True

    def _direct(self, item, prefix, tpdu):
        modem = self.modem
        if not modem.opened or modem.mute_until_reopen:
            if self.csms:
                return False
            modem.lost_direct += 1
            return True
        modem.trace.append((time.monotonic(), "fault", "direct " + prefix))
        smsc = b"" if self.family.phase1 else _SMSC
        if self.pdu_mode:
            header = self.family.direct[prefix].format(n=len(tpdu))
            body = (smsc + tpdu).hex().upper()
        elif prefix == "+CDS":
            header, body = "+CDS: " + _text_report(tpdu), None
        else:
            sender, when, body = text_parts(tpdu, self.charset)
            header = ",".join(['+CMT: "%s"' % sender, "", '"%s"' % when]
                              + self._long_header(tpdu, False))
        modem.line(header)
        if modem.gap_noise:
            modem.line(modem.gap_noise)
        if body is not None:
            modem.line(body)
        if self.csms:
            modem.await_acknowledgement(item)
        return True


def _moment(octets):
    digits = air.unsemi(octets, 14)
    return "%s/%s/%s,%s:%s:%s+%s" % tuple(digits[i:i + 2] for i in range(0, 14, 2))


def _number(octets):
    if octets[1] & 0x70 == 0x50:
        return air.letters(air.unpack(octets[2:], octets[0] * 4 // 7))
    return ("+" if octets[1] & 0x70 == 0x10 else "") + air.unsemi(octets[2:], octets[0])


def text_parts(tpdu, charset):
    size = 2 + (tpdu[1] + 1) // 2
    sender = _number(tpdu[1:1 + size])
    at = 1 + size
    dcs, when, length = tpdu[at + 1], _moment(tpdu[at + 2:at + 9]), tpdu[at + 9]
    data = tpdu[at + 10:]
    coded = dcs & 0xC or tpdu[0] & 0x40
    text = data.hex().upper() if coded else air.letters(air.unpack(data, length))
    if charset == "UCS2":
        sender = sender.encode("utf-16-be").hex().upper()
        text = text if coded else text.encode("utf-16-be").hex().upper()
    return sender, when, text


def _text_report(tpdu):
    """fo,mr,ra,tora,scts,dt,st (27.005 section 4.1, +CDS in text mode)."""
    size = 2 + (tpdu[2] + 1) // 2
    at = 2 + size
    return '%d,%d,"%s",%d,"%s","%s",%d' % (
        tpdu[0], tpdu[1], _number(tpdu[2:at]), tpdu[3], _moment(tpdu[at:at + 7]),
        _moment(tpdu[at + 7:at + 14]), tpdu[at + 14])
