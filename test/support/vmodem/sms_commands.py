# SPDX-License-Identifier: Apache-2.0
"""
sms_commands - the commands of 3GPP TS 27.005; those of text mode are in
text_commands.
"""
import pdu

from . import text_commands
from .errors import CmsError, Refused

LATER = object()
STATUS_ALL = 4


def _csms(phone, form, value):
    offered = phone.traits["csms"]
    if form == "test":
        return ["+CSMS: (%s)" % ",".join(map(str, offered))]
    if form == "read":
        return ["+CSMS: %d,1,1,1" % phone.csms]
    if int(value) not in offered:
        raise CmsError(303)
    phone.csms = int(value)
    return ["+CSMS: 1,1,1"]


def _cmgf(phone, form, value):
    offered = phone.traits["cmgf"]
    if form == "test":
        return ["+CMGF: (%s)" % ",".join(map(str, offered))]
    if form == "read":
        return ["+CMGF: %d" % phone.cmgf]
    if int(value or 0) not in offered:
        raise CmsError(303)
    phone.cmgf = int(value or 0)
    return None


def _csca(phone, form, value):
    phone.check_sim()
    if form == "read":
        toa = 145 if phone.smsc.startswith("+") else 129
        return ['+CSCA: "%s",%d' % (phone.smsc, toa)]
    if form == "set":
        words = [w.strip().strip('"') for w in value.split(",")]
        number = words[0]
        if not number.lstrip("+").isdigit():
            raise CmsError(304)
        if words[1:] == ["145"] and not number.startswith("+"):
            number = "+" + number
        phone.smsc = number
    return None


def _usage(phone, with_name):
    out = []
    for name in phone.cpms:
        memory = phone.memories[name]
        count = "%d,%d" % (len(memory.places), memory.capacity)
        out.append('"%s",%s' % (name, count) if with_name else count)
    return "+CPMS: " + ",".join(out)


def _cpms(phone, form, value):
    phone.check_sim()
    messages = phone.traits["message_memories"]
    if form == "test":
        every = "(%s)" % ",".join('"%s"' % n for n in phone.memories)
        some = "(%s)" % ",".join('"%s"' % n for n in messages)
        return ["+CPMS: %s,%s,%s" % (every, some, some)]
    if form == "read":
        return [_usage(phone, True)]
    names = [w.strip().strip('"') for w in value.split(",")]
    if len(names) > 3 or names[0] not in phone.memories \
            or any(n not in messages for n in names[1:]):
        raise CmsError(302)
    phone.cpms = names + phone.cpms[len(names):]
    phone.network.pump()
    return [_usage(phone, False)]


def _cnmi(phone, form, value):
    offered = phone.traits["cnmi"]
    if form == "test":
        return ["+CNMI: " + ",".join("(%s)" % ",".join(map(str, v)) for v in offered)]
    if form == "read":
        return ["+CNMI: " + ",".join(map(str, phone.cnmi))]
    values = list(phone.cnmi)
    for i, word in enumerate(value.split(",") if value else []):
        if word.strip():
            values[i] = int(word)
    needs = phone.traits["cnmi_needs_csms1"]
    if any(v not in allowed for v, allowed in zip(values, offered)):
        raise CmsError(303)
    if not phone.csms and (values[1] in needs["mt"] or values[3] in needs["ds"]):
        raise CmsError(303)
    phone.set_cnmi(values)
    return None


def _cnma(phone, form, value):
    if form == "test":
        return ["+CNMA: (0-2)"]
    mode = int((value or "0").split(",")[0])
    if mode not in (0, 1, 2):
        raise CmsError(304)
    if not phone.network.acknowledge(mode != 2):
        raise CmsError(340)
    return None


# --- sending -----------------------------------------------------------------

def _take_pdu(phone, length, then):
    """Prompts for a PDU of `length` TPDU octets and calls then(hex)."""
    def typed(octets):
        if octets is None:
            phone.line.finish("OK")
            return
        text = bytes(o for o in octets if o not in b" \r\n").decode("latin-1").upper()
        if phone.traits["phase1"]:
            text = "00" + text
        try:
            if pdu.tpdu_length(text) != length or len(text) % 2:
                raise ValueError
            bytes.fromhex(text)
        except (ValueError, IndexError):
            phone.event("bad-pdu", pdu=text, error="length is not %d" % length)
            phone.line.finish("+CMS ERROR: 304")
            return
        then(text)
    phone.line.prompt(typed)


def _submit(phone, name, text, taken=lambda: None):
    """Gives a SUBMIT to the network, calls taken(), and answers."""
    def answer():
        try:
            reference = phone.network.submit(text, taken)
        except Refused as refused:
            code = refused.args[0]
            phone.line.finish("ERROR" if not code else
                              "+CMS ERROR" if code < 0 else "+CMS ERROR: %d" % code)
            return
        if phone.generation == generation and phone.line.busy:
            phone.line.info(["%s: %d" % (name, reference)])
            phone.line.finish("OK")
    generation = phone.generation
    if phone.network.send_seconds:
        phone.later(phone.network.send_seconds, answer)
    else:
        answer()


def _cmgs(phone, form, value):
    if form == "test":
        return None
    phone.check_sim()
    if phone.cmgf:
        text_commands.cmgs(phone, value, lambda text: _submit(phone, "+CMGS", text))
        return LATER
    length = int(value)
    if not 7 <= length <= 164:
        raise CmsError(304)
    _take_pdu(phone, length, lambda text: _submit(phone, "+CMGS", text))
    return LATER


def _cmgw(phone, form, value):
    if form == "test":
        return None
    phone.check_sim()
    words = value.split(",")
    length, status = int(words[0]), int(words[1]) if len(words) > 1 else 2
    if status not in (0, 1, 2, 3):
        raise CmsError(304)

    def store(text):
        index = phone.memories[phone.cpms[1]].add(status, text)
        if index is None:
            phone.line.finish("+CMS ERROR: 322")
            return
        phone.line.info(["+CMGW: %d" % index])
        phone.line.finish("OK")
    _take_pdu(phone, length, store)
    return LATER


def _cmss(phone, form, value):
    if form == "test":
        return None
    phone.check_sim()
    place = phone.memories[phone.cpms[1]].places.get(int(value.split(",")[0]))
    if place is None:
        raise CmsError(321)
    if place[0] not in (2, 3):
        raise CmsError(302)
    _submit(phone, "+CMSS", place[1], lambda: place.__setitem__(0, 3))
    return LATER


def _cmms(phone, form, value):
    if form == "test":
        return ["+CMMS: (0,1,2)"]
    if form == "read":
        return ["+CMMS: %d" % phone.cmms]
    if value not in ("0", "1", "2"):
        raise CmsError(304)
    phone.cmms = int(value)
    return None


# --- memories ----------------------------------------------------------------

def _entry(phone, prefix, place):
    if phone.cmgf:
        return text_commands.entry(phone, prefix, place)
    return ["%s%d,,%d" % (prefix, place[0], pdu.tpdu_length(place[1])), phone.shown(place[1])]


def _cmgl(phone, form, value):
    phone.check_sim()
    if form == "test":
        return ["+CMGL: (0-4)"]
    if phone.cmgf:
        wanted = text_commands.wanted(value)
    else:
        number = int(value or 0)
        if not 0 <= number <= STATUS_ALL:
            raise CmsError(304)
        wanted = (0, 1, 2, 3) if number == STATUS_ALL else (number,)
    out, most = [], phone.traits["list_at_most"]
    for index, place in sorted(phone.memories[phone.cpms[0]].places.items()):
        if most and len(out) >= 2 * most:
            break
        if place[0] in wanted:
            out += _entry(phone, "+CMGL: %d," % index, place)
            place[0] = 1 if place[0] == 0 else place[0]
    return out


def _cmgr(phone, form, value):
    if form == "test":
        return None
    phone.check_sim()
    memory = phone.memories[phone.cpms[0]]
    index = int(value)
    if not memory.base <= index < memory.base + memory.capacity:
        raise CmsError(321)
    place = memory.places.get(index)
    if place is None:
        empty = phone.traits["empty_place"]
        if empty == "OK":
            return None
        if empty == "zero":
            return ["+CMGR: 0,,0", ""]
        raise CmsError(321)
    out = _entry(phone, "+CMGR: ", place)
    place[0] = 1 if place[0] == 0 else place[0]
    return out


def _cmgd(phone, form, value):
    phone.check_sim()
    memory = phone.memories[phone.cpms[0]]
    if form == "test":
        return ["+CMGD: (%s),(0-4)" % ",".join(map(str, sorted(memory.places)))]
    words = value.split(",")
    flag = int(words[1]) if len(words) > 1 and words[1] else 0
    index = int(words[0])
    if flag == 0:
        if not memory.base <= index < memory.base + memory.capacity:
            raise CmsError(321)
        memory.places.pop(index, None)
    elif flag <= 4:
        gone = {1: (1,), 2: (1, 3), 3: (1, 2, 3), 4: (0, 1, 2, 3)}[flag]
        memory.places = {i: p for i, p in memory.places.items() if p[0] not in gone}
    else:
        raise CmsError(304)
    phone.reactor.later(0, phone.network.pump)
    return None


def _cscb(phone, form, value):
    if form == "test":
        return ["+CSCB: (0,1)"]
    return ['+CSCB: 0,"",""'] if form == "read" else None


HANDLERS = {
    "+CSMS": _csms, "+CMGF": _cmgf, "+CSCA": _csca, "+CPMS": _cpms, "+CNMI": _cnmi, "+CNMA": _cnma,
    "+CMGS": _cmgs, "+CMGW": _cmgw, "+CMSS": _cmss, "+CMMS": _cmms, "+CMGL": _cmgl, "+CMGR": _cmgr,
    "+CMGD": _cmgd, "+CSCB": _cscb, "+CSMP": text_commands.csmp, "+CSDH": text_commands.csdh,
}
