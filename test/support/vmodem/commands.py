# SPDX-License-Identifier: Apache-2.0
"""
commands - the AT commands of a plain GSM modem (V.250, 3GPP TS 27.005, 27.007).

A handler is found by name in HANDLERS and called with the phone and the rest of
the command in one of its four forms: "run" (AT+X), "set" (AT+X=...), "read"
(AT+X?), "test" (AT+X=?). It returns information lines (None: none), raises
CmsError, CmeError or Failure, or returns LATER and answers by itself.
"""
import re

from . import sms_commands, ussd
from .errors import CmeError, CmsError, Failure

EXTENDED = re.compile(r"[+^#$*!_][A-Z0-9+^#$*!_]*", re.I)
BASIC = re.compile(r"[&\\%]?[A-Z]", re.I)
S_PARAMETER = re.compile(r"S(\d+)(\?|=\d*)?", re.I)
LATER = sms_commands.LATER


def run(phone, text):
    """A command line without its AT; answers on the phone's line."""
    answer = phone.traits["answers"].get(text.strip().upper())
    if answer:
        phone.line.info(answer.get("lines", []))
        phone.line.finish(answer.get("final", "OK"))  # None: says nothing more
        return
    if text.strip().upper() in phone.traits["reset_commands"]:
        phone.line.finish("OK")
        phone.reboot()
        return
    _run_from(phone, text, 0)


def _run_from(phone, text, at):
    """Runs the commands of a line one after the other until one fails."""
    while at < len(text):
        if text[at] in " ;":
            at += 1
            continue
        try:
            at, lines = _one(phone, text, at)
        except Exception as error:  # pylint: disable=broad-except
            phone.line.finish(final_answer(phone, error))
            return
        if lines is LATER:
            return
        if lines:
            phone.line.info(lines)
    phone.line.finish("OK")


def final_answer(phone, error):
    """The final line for what a handler raised."""
    if isinstance(error, (CmsError, CmeError)) and error.args[0] is not None:
        kind = "+CMS" if isinstance(error, CmsError) else "+CME"
        if phone.cmee == 0 and kind == "+CME":
            return "ERROR"
        return "%s ERROR: %d" % (kind, error.args[0])
    if isinstance(error, (CmsError, ValueError, IndexError, KeyError)):
        return "ERROR"
    if isinstance(error, Failure):
        return error.args[0]
    raise error


def _one(phone, text, at):
    """(position after the command, information lines)."""
    match = EXTENDED.match(text, at)
    if match:
        end = _end_of_extended(text, match.end())
        return end + 1, _extended(phone, match.group().upper(), text[match.end():end])
    match = S_PARAMETER.match(text, at)
    if match:
        return match.end(), _s_parameter(phone, int(match.group(1)), match.group(2) or "")
    match = BASIC.match(text, at)
    if not match:
        raise Failure(phone.traits["unknown_command"])
    name, end = match.group().upper(), match.end()
    if name == "D":
        raise Failure("NO CARRIER")
    if text[end:end + 1] in ("?", "="):
        raise Failure("ERROR")
    digits = re.compile(r"\d*").match(text, end)
    return digits.end(), _basic(phone, name, int(digits.group() or 0))


def _end_of_extended(text, at):
    quoted = False
    while at < len(text) and (quoted or text[at] != ";"):
        quoted ^= text[at] == '"'
        at += 1
    return at


def _s_parameter(phone, number, rest):
    if rest == "?":
        return ["%03d" % phone.line.s.get(number, 0)]
    value = int(rest[1:] or 0) if rest else 0
    if value > 255:
        raise Failure("ERROR")
    if rest:
        phone.line.s[number] = value
    return None


def _basic(phone, name, value):
    line = phone.line
    if name in "EVQ" and value > 1:
        raise Failure("ERROR")
    if name == "E":
        line.echo = value == 1
    elif name == "V":
        line.verbose = value == 1
    elif name == "Q":
        line.quiet = value == 1
    elif name == "I":
        return phone.traits["ati"]
    elif name in ("Z", "&F"):
        line.echo, line.verbose, line.quiet = phone.traits["echo"], True, False
        phone.reset_settings()
    elif name not in ("H", "L", "M", "O", "P", "T", "X", "&C", "&D", "&K", "&R", "&S", "&V",
                      "&W", "\\Q", "\\N", "%C"):
        raise Failure(phone.traits["unknown_command"])
    return None


def _extended(phone, name, rest):
    handler = HANDLERS.get(name)
    if handler is None or name in phone.traits["lacks"]:
        raise Failure(phone.traits["unknown_command"])
    rest = rest.strip()
    if rest == "":
        return handler(phone, "run", "")
    if rest == "?":
        return handler(phone, "read", "")
    if rest == "=?":
        return handler(phone, "test", "")
    if rest[0] == "=":
        return handler(phone, "set", rest[1:])
    raise Failure("ERROR")


# --- the modem and its SIM ---------------------------------------------------

def _identity(trait):
    def handler(phone, form, _):
        if form == "test":
            return None
        return [phone.traits[trait]]
    return handler


def _attribute(name, prefix=""):
    def handler(phone, form, _):
        return None if form == "test" else [prefix + getattr(phone, name)]
    return handler


def _sim_attribute(name, prefix=""):
    plain = _attribute(name, prefix)

    def handler(phone, form, value):
        if phone.pin_state != "READY":
            raise CmeError(11)
        return plain(phone, form, value)
    return handler


def _number(attribute, name, values):
    """A setting that is one number out of values."""
    def handler(phone, form, value):
        if form == "test":
            return ["%s: (%s)" % (name, ",".join(map(str, values)))]
        if form == "read":
            return ["%s: %s" % (name, getattr(phone, attribute))]
        number = int(value or 0)
        if number not in values:
            raise ValueError(value)
        setattr(phone, attribute, number)
        return None
    return handler


def _accepted(*_):
    """Understood, without effect here."""
    return None


def _cpin(phone, form, value):
    if form == "test":
        return None
    if phone.pin_state == "NO SIM":
        raise CmeError(10)
    if form == "read":
        return ["+CPIN: " + phone.pin_state]
    words = [w.strip().strip('"') for w in value.split(",")]
    phone.enter_pin(*words[:2])
    return None


def _registration(name, attribute):
    def handler(phone, form, value):
        if form == "test":
            return ["%s: (0-2)" % name]
        if form == "set":
            if int(value) not in (0, 1, 2):
                raise ValueError(value)
            setattr(phone, attribute, int(value))
            return None
        stat = phone.registration if phone.fun == 1 else 0
        place = ',"00C3","1A2B"' if getattr(phone, attribute) == 2 and phone.registered() else ""
        return ["%s: %d,%d%s" % (name, getattr(phone, attribute), stat, place)]
    return handler


def _csq(phone, form, _):
    if form == "test":
        return ["+CSQ: (0-31,99),(0-7,99)"]
    return ["+CSQ: %d,%d" % ((phone.signal, 0) if phone.registered() else (99, 99))]


def _cops(phone, form, value):
    if form == "test":
        return ['+COPS: (2,"%s","VRT","26201"),,(0,1,2,3,4),(0,1,2)' % phone.operator]
    if form == "set":
        words = value.split(",")
        if words[0] == "3":
            phone.cops_format = int(words[1])
        elif words[0] not in "0124":
            raise ValueError(value)
        return None
    if not phone.registered():
        return ["+COPS: 0"]
    return ['+COPS: 0,%d,"%s"' % (phone.cops_format,
                                  (phone.operator, "VRT", "26201")[phone.cops_format])]


def _cscs(phone, form, value):
    if form == "test":
        return ["+CSCS: (%s)" % ",".join('"%s"' % c for c in phone.traits["charsets"])]
    if form == "read":
        return ['+CSCS: "%s"' % phone.cscs]
    name = value.strip('"').upper()
    if name not in phone.traits["charsets"]:
        raise ValueError(value)
    phone.cscs = name
    return None


def _cfun(phone, form, value):
    if form == "test":
        return ["+CFUN: (0,1,4),(0,1)"]
    if form == "read":
        return ["+CFUN: %d" % phone.fun]
    number = int(value.split(",")[0])
    if number not in (0, 1, 4):
        raise ValueError(value)
    phone.fun = number
    phone.network.pump()
    return None


def _ifc(phone, form, value):
    if form == "test":
        return ["+IFC: (0-2),(0-2)"]
    if form == "read":
        return ["+IFC: " + phone.ifc]
    if not re.fullmatch(r"[0-2](,[0-2])?", value):
        raise ValueError(value)
    phone.ifc = value
    return None


def _cnum(phone, form, _):
    return None if form == "test" else ['+CNUM: "","%s",145' % phone.own_number]


HANDLERS = {
    "+CGMI": _identity("manufacturer"), "+GMI": _identity("manufacturer"),
    "+CGMM": _identity("model"), "+GMM": _identity("model"),
    "+CGMR": _identity("revision"), "+GMR": _identity("revision"),
    "+CGSN": _attribute("imei"), "+GSN": _attribute("imei"),
    "+GCAP": lambda phone, form, value: None if form == "test" else ["+GCAP: +CGSM,+DS"],
    "+CIMI": _sim_attribute("imsi"), "+CCID": _sim_attribute("iccid", "+CCID: "),
    "+ICCID": _sim_attribute("iccid", "+ICCID: "),
    "+CNUM": _cnum,
    "+CMEE": _number("cmee", "+CMEE", (0, 1, 2)),
    "+CPIN": _cpin,
    "+CREG": _registration("+CREG", "creg"), "+CGREG": _registration("+CGREG", "cgreg"),
    "+CSQ": _csq, "+COPS": _cops, "+CSCS": _cscs, "+CFUN": _cfun, "+IFC": _ifc,
    "+CUSD": ussd.command,
    "+CPAS": lambda phone, form, value: ["+CPAS: (0,3,4)" if form == "test" else "+CPAS: 0"],
    "+CBC": lambda phone, form, value: ["+CBC: (0-3),(0-100)" if form == "test" else "+CBC: 0,100"],
    "+IPR": _number("speed", "+IPR", (0, 9600, 19200, 38400, 57600, 115200, 230400, 460800)),
    "+CLIP": _accepted, "+CRC": _accepted, "+CR": _accepted, "+CCWA": _accepted,
    "+CVHU": _accepted, "+CSTA": _accepted, "+CMOD": _accepted,
}
HANDLERS.update(sms_commands.HANDLERS)
