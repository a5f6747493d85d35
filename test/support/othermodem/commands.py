# SPDX-License-Identifier: Apache-2.0
"""
commands - what the other modem's AT commands do.

3GPP TS 27.007 (AT, +CPIN, +CREG, ...), 27.005 (messages), V.250 (the line
itself). How a family differs stands in families.Family. Each command is a
generator; it returns "OK" or raises device.Final.
"""
import re
import time

from othermodem.device import Final
from othermodem.messages import Messages, fields

_WORDS = {10: "SIM not inserted", 11: "SIM PIN required", 12: "SIM PUK required",
          13: "SIM failure", 14: "SIM busy", 16: "incorrect password", 3: "operation not allowed",
          4: "operation not supported", 50: "incorrect parameters",
          310: "SIM not inserted", 311: "SIM PIN required", 302: "operation not allowed",
          303: "operation not supported", 321: "invalid memory index", 322: "memory full",
          330: "SMSC address unknown", 331: "no network service", 332: "network timeout",
          500: "unknown error", 304: "invalid PDU mode parameter", 314: "SIM busy"}
_PIECE = re.compile(r'[+^#!$*%_][A-Z0-9_]+[^;]*|\\?&?[A-Z]\d*', re.I)


def allowed(text):
    """The numbers in a part like (0-2) or (0,1,3)."""
    numbers = set()
    for piece in text.strip("()").replace('"', "").split(","):
        low, _, high = piece.partition("-")
        numbers.update(range(int(low), int(high or low) + 1))
    return numbers


class Commands(Messages):
    def __init__(self, modem):
        self.modem = modem
        self.family = modem.family
        self.smsc = "+491710762020"
        self.terse = False

    def power_on(self):
        family = self.family
        self.cmee = 0
        self.pdu_mode = family.starts_in_pdu
        self.csms = 0
        self.cnmi = list(family.cnmi_start)
        self.places = list(family.places)
        self.creg = 0
        self.csmp = ["17", "167", "0", "0"]
        self.charset = "GSM"
        self.long_headers = False
        self.sms_mode = not family.needs_mode

    # --- the line ------------------------------------------------------------

    def run(self, text):
        """A whole command line."""
        rest = text[2:].strip()
        if not rest:
            return "OK"
        if rest.upper().startswith(("+CMGS", "+CMGW", "+CPIN=", "+CUSD=")):
            pieces = [rest]
        else:
            pieces = _PIECE.findall(rest)
            if "".join(pieces).replace(";", "") != rest.replace(";", ""):
                raise self.unknown()
        final = "OK"
        for piece in pieces:
            final = yield from self._one(piece.strip())
        return final

    def _one(self, piece):
        match = re.match(r"([+^#!$*%_][A-Z0-9_]+)\s*(=\?|\?|=)?(.*)$", piece, re.I)
        if not match:
            return (yield from self._basic(piece.upper()))
        name, operator, rest = match.group(1).upper(), match.group(2) or "", match.group(3).strip()
        if piece.upper() in self.family.accepts or name in self.family.accepts:
            return "OK"
        if piece.upper() in self.family.silencers:
            self.modem.noisy = False
            if not hasattr(self, "do_" + name[1:].lower()):
                return "OK"
        if piece.upper() in self.family.resets:
            return (yield from self._reset())
        if name in self.family.lacks:
            raise self.unknown()
        tries = self._tries(piece)
        if tries:
            return (yield from self._say(tries))
        method = getattr(self, "do_" + name[1:].lower(), None)
        if method is None or name[0] not in "+" + self.family.own_mark:
            raise self.unknown()
        return (yield from method(operator, rest))

    def _basic(self, piece):
        if piece in ("E", "E0", "E1"):
            self.modem.echo = piece == "E1" or self.family.echo_stays
        elif piece == "I" or piece == "I0":
            for line in self.family.identity:
                self.modem.line(line)
        elif piece in ("Z", "Z0", "&F", "&F0"):
            self.modem.echo = True
            self.cmee = 0
        elif piece[0] not in "VQXSLMTPOHD&\\":
            raise self.unknown()
        return "OK"
        yield

    def unknown(self):
        return Final(self.family.unknown)

    def cme(self, code):
        if not self.cmee:
            return Final("ERROR")
        words = _WORDS.get(code)
        return Final("+CME ERROR: %s" % (words if self.cmee == 2 and words else code))

    def cms(self, code):
        words = _WORDS.get(code)
        return Final("+CMS ERROR: %s" % (words if self.cmee == 2 and words else code))

    def _reset(self):
        self.modem.line("OK")
        yield 0.05
        self.modem.reboot()
        raise Final(None)

    # --- identification, SIM, network ------------------------------------------------

    def _say(self, text):
        self.modem.line(text)
        return "OK"
        yield

    def do_cgmi(self, operator, rest):
        return self._say(self.family.maker)

    def do_cgmm(self, operator, rest):
        return self._say(self.family.model)

    def do_cgmr(self, operator, rest):
        return self._say(self.family.revision)

    def do_gmi(self, operator, rest):
        return self._say(self.family.maker)

    def do_gmm(self, operator, rest):
        return self._say(self.family.model)

    def do_gmr(self, operator, rest):
        return self._say(self.family.revision)

    def do_cgsn(self, operator, rest):
        return self._say(self.family.imei)

    def do_gsn(self, operator, rest):
        return self._say(self.family.imei)

    def do_cimi(self, operator, rest):
        self._need_sim()
        return self._say("262011234567890")

    def do_ccid(self, operator, rest):
        self._need_sim(pin=False)
        return self._say("+CCID: \"89490200001234567890\"")

    def do_csq(self, operator, rest):
        return self._say("+CSQ: %d,99" % self.modem.random.randrange(9, 31))

    def do_cmee(self, operator, rest):
        if operator == "=?":
            return (yield from self._say("+CMEE: (0-2)"))
        if operator == "?":
            return (yield from self._say("+CMEE: %d" % self.cmee))
        self.cmee = int(rest or 0)
        return "OK"

    def _need_sim(self, pin=True):
        sim = self.modem.sim
        if time.monotonic() < sim.present_from:
            raise self.cme(10)
        if sim.tries <= 0:
            raise self.cme(12)
        if pin and not sim.entered:
            raise self.cme(11)

    def do_cpin(self, operator, rest):
        sim = self.modem.sim
        if operator == "=?":
            return "OK"
        if time.monotonic() < sim.present_from:
            raise self.cme(10)
        if operator == "?":
            state = self.family.ready_word
            if sim.tries <= 0:
                state = "SIM PUK"
            elif not sim.entered:
                state = "SIM PIN"
            return (yield from self._say("+CPIN: " + state))
        given = fields(rest)
        if sim.entered:
            raise self.cme(3)
        sim.attempts.append(given[0])
        yield 0.3
        if sim.tries <= 0:
            raise self.cme(12)
        if given[0] != sim.pin:
            sim.tries -= 1
            raise self.cme(16 if sim.tries else 12)
        sim.entered, sim.tries = True, 3
        self.modem.sms_ready_at = time.monotonic() + self.family.sms_wait
        self.modem.able_in(self.family.sms_wait)
        self.modem.later(self.family.sms_wait * 0.5, lambda: self.modem.line("+CPIN: READY"))
        self.modem.later(self.family.sms_wait + 0.1, self.modem.offer)
        return "OK"

    def _tries(self, command):
        """How the family tells of the tries left; None: it does not."""
        told, text = self.family.tries_told
        if command.upper() != told:
            return None
        return text.format(n=self.modem.sim.tries)

    def _registration(self, prefix, operator, rest):
        if operator == "=?":
            return (yield from self._say(prefix + ": (0-2)"))
        if operator == "=":
            self.creg = int(rest or 0)
            return "OK"
        stat = self.family.registered if self.modem.registered() else 2
        text = self.family.creg_format.format(p=prefix, n=self.creg, stat=stat)
        return (yield from self._say(text))

    def do_creg(self, operator, rest):
        if self.family.creg == "zero" and operator == "?":
            return (yield from self._say("+CREG: %d,0" % self.creg))
        return (yield from self._registration("+CREG", operator, rest))

    def do_cgreg(self, operator, rest):
        return self._registration("+CGREG", operator, rest)

    def do_cereg(self, operator, rest):
        if not self.family.lte:
            raise self.unknown()
        return self._registration("+CEREG", operator, rest)

    def do_cops(self, operator, rest):
        if operator == "?":
            name = '0,0,"BOOKOK RING",2' if self.modem.registered() else "0"
            return (yield from self._say("+COPS: " + name))
        yield 0.2
        return "OK"

    def do_cfun(self, operator, rest):
        if operator == "?":
            return (yield from self._say("+CFUN: 1"))
        if operator == "=?":
            return (yield from self._say("+CFUN: (0,1,4),(0,1)"))
        if rest.endswith(",1"):
            raise self.unknown()
        yield 0.2
        return "OK"

    def do_clip(self, operator, rest):
        return "OK"
        yield

    def do_cnum(self, operator, rest):
        self._need_sim()
        return self._say('+CNUM: "","+491709999999",145')

    # --- settings of the message service ---------------------------------------------

    def _need_sms(self):
        modem = self.modem
        if not self.sms_mode:
            raise Final("ERROR")
        if time.monotonic() < modem.sim.present_from:
            raise self.cms(310)
        if not modem.sim.entered:
            raise self.cms(316 if modem.sim.tries <= 0 else 311)
        if time.monotonic() < modem.sms_ready_at:
            raise self.cms(self.family.busy_code)

    def do_mode(self, operator, rest):
        self.sms_mode = rest == "2" or not self.family.needs_mode
        return "OK"
        yield

    def do_cmgf(self, operator, rest):
        both = self.family.pdu, self.family.text
        if operator == "=?":
            offers = {(True, True): "(0,1)", (True, False): "(0)", (False, True): "(1)"}[both]
            return (yield from self._say("+CMGF: " + offers))
        if operator == "?":
            return (yield from self._say("+CMGF: %d" % (not self.pdu_mode)))
        if not both[0 if rest == "0" else 1]:
            raise self.cms(303)
        self.pdu_mode = rest == "0"
        return "OK"

    def do_csms(self, operator, rest):
        if self.family.csms is None:
            raise self.unknown()
        if operator == "=?":
            return (yield from self._say("+CSMS: " + self.family.csms))
        if operator == "?":
            return (yield from self._say("+CSMS: %d,1,1,1" % self.csms))
        if int(rest) not in allowed(self.family.csms):
            raise self.cms(302)
        self._need_sms()
        self.csms = int(rest)
        return (yield from self._say("+CSMS: 1,1,1"))

    def _cnmi_offer(self):
        return self.family.cnmi if not self.csms else self.family.cnmi_phase2 or self.family.cnmi

    def do_cnmi(self, operator, rest):
        if self.family.cnmi is None:
            raise self.unknown()
        if operator == "=?":
            return (yield from self._say("+CNMI: " + self._cnmi_offer()))
        if operator == "?":
            return (yield from self._say("+CNMI: " + ",".join(map(str, self.cnmi))))
        self._need_sms()
        offers = [allowed(part) for part in re.findall(r"\([^)]*\)|\d[\d-]*", self._cnmi_offer())]
        wanted = list(self.cnmi)
        given = fields(rest)
        if len(given) > len(offers):
            raise self.cms(303)
        for position, value in enumerate(given):
            if value:
                if int(value) not in offers[position]:
                    raise self.cms(303)
                wanted[position] = int(value)
        for position, offer in enumerate(offers):
            if wanted[position] not in offer:
                if self.family.fussy:
                    raise self.cms(303)
                wanted[position] = min(offer)
        self.cnmi = wanted
        self.modem.later(0.05, self.modem.offer)
        return "OK"

    def stop_direct_delivery(self):
        self.cnmi[1] = self.cnmi[3] = 0

    def do_cpms(self, operator, rest):
        modem, family = self.modem, self.family
        if family.memories is None:
            raise self.unknown()
        if operator == "=?":
            groups = ("(%s)" % ",".join('"%s"' % name for name in names)
                      for names in family.memories)
            return (yield from self._say("+CPMS: " + ",".join(groups)))
        self._need_sms()
        counts = lambda name: (len(modem.memory[name]), family.capacity_shown(name))
        if operator == "?":
            parts = ('"%s",%d,%d' % ((name,) + counts(name)) for name in self.places)
            return (yield from self._say("+CPMS: " + ",".join(parts)))
        given = fields(rest)
        if len(given) > 3:
            raise self.cms(302)
        for name, names in zip(given, family.memories):
            if name and name not in names:
                raise self.cms(302)
        yield family.delay * 2
        for position, name in enumerate(given):
            if name:
                self.places[position] = name
        parts = ("%d,%d" % counts(name) for name in self.places)
        modem.later(0.05, modem.offer)
        return (yield from self._say("+CPMS: " + ",".join(parts)))

    def do_csca(self, operator, rest):
        self._need_sms()
        if operator == "?":
            return (yield from self._say('+CSCA: "%s",145' % self.smsc))
        if operator == "=":
            self.smsc = fields(rest)[0]
        return "OK"

    def do_cscs(self, operator, rest):
        if operator == "=?":
            return (yield from self._say('+CSCS: ("GSM","IRA","UCS2")'))
        if operator == "?":
            return (yield from self._say('+CSCS: "%s"' % self.charset))
        if fields(rest)[0] not in ("GSM", "IRA", "UCS2"):
            raise self.cme(50)
        self.charset = fields(rest)[0]
        return "OK"

    def do_csmp(self, operator, rest):
        if operator == "?":
            return (yield from self._say("+CSMP: " + ",".join(self.csmp)))
        for position, value in enumerate(fields(rest)[:4]):
            if value:
                self.csmp[position] = value
        return "OK"

    def do_csdh(self, operator, rest):
        self.long_headers = rest == "1"
        return "OK"
        yield

    def do_cscb(self, operator, rest):
        return "OK"
        yield

    def do_cmms(self, operator, rest):
        if not self.family.cmms:
            raise self.unknown()
        return "OK"
        yield

    def do_cnma(self, operator, rest):
        if not self.csms:
            raise self.cms(302)
        if operator == "=?":
            return (yield from self._say("+CNMA: (0-2)"))
        refuse = rest.startswith("2")
        if not self.modem.acknowledge(not refuse):
            raise self.cms(340)
        return "OK"

    def do_cusd(self, operator, rest):
        given = fields(rest)
        if operator == "=" and given[0] == "1" and len(given) > 1:
            self.modem.later(0.6, lambda: self.modem.line('+CUSD: 0,"Balance: 12.34 EUR",15'))
        return "OK"
        yield
