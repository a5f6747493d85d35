# SPDX-License-Identifier: Apache-2.0
"""
text_commands - what differs in text mode, AT+CMGF=1 (3GPP TS 27.005 section 3):
messages are header fields and text in the character set of AT+CSCS.
"""
import datetime

import pdu

from .errors import CmsError

STATUS = ("REC UNREAD", "REC READ", "STO UNSENT", "STO SENT")


# --- texts ---------------------------------------------------------------------

def _encoded(phone, text):
    """Text as the modem writes it; the line is written as Latin 1."""
    if phone.cscs == "UCS2":
        return text.encode("utf-16-be").hex().upper()
    if phone.cscs == "GSM":
        table = pdu.Alphabet.get()
        septets = [s for c in text for s in (table.units(c) or [(0x3F,)])[0]]
        return bytes(septets).decode("latin-1")
    charset = "ascii" if phone.cscs == "IRA" else "latin-1"
    return text.encode(charset, "replace").decode("latin-1")


def _decoded(phone, octets):
    """What was typed, as text; ValueError when it is not in the character set."""
    if phone.cscs == "UCS2":
        return bytes.fromhex(octets.decode("ascii")).decode("utf-16-be")
    if phone.cscs == "GSM":
        if max(octets, default=0) > 127:
            raise ValueError("eight bits")
        return pdu.Alphabet.get().text(list(octets))
    return octets.decode("ascii" if phone.cscs == "IRA" else "latin-1")


def _number(phone, number):
    return '"%s"' % (number.encode("utf-16-be").hex().upper() if phone.cscs == "UCS2" else number)


def _time(iso):
    if iso is None:
        return '"00/00/00,00:00:00+00"'
    when = datetime.datetime.fromisoformat(iso)
    quarters = int(when.utcoffset().total_seconds() // 900)
    return '"%s%+03d"' % (when.strftime("%y/%m/%d,%H:%M:%S"), quarters)


def _body(phone, message):
    """(text as it is written, length as it is told)"""
    if message["alphabet"] == "8bit":
        return message["data"], len(message["data"]) // 2
    if message["alphabet"] == "ucs2":
        octets = message["text"].encode("utf-16-be")
        if message["udhi"]:
            header = bytes.fromhex(message["udh"])
            octets = bytes([len(header)]) + header + octets
        return octets.hex().upper(), len(octets)
    text = message["text"]
    septets = sum(len(pdu.Alphabet.get().units(c)[0]) for c in text)
    return _encoded(phone, text), septets


# --- from the network -------------------------------------------------------------

def _report_fields(phone, text, message):
    first = int(text[2 * (1 + int(text[:2], 16)):][:2], 16)
    return '%d,%d,%s,%d,%s,%s,%d' % (first, message["mr"], _number(phone, message["ra"]),
                                     message["ra_toa"], _time(message["scts"]),
                                     _time(message["dt"]), message["st"])


def _deliver_fields(phone, text, message):
    first = int(text[2 * (1 + int(text[:2], 16)):][:2], 16)
    fields = "%s,,%s" % (_number(phone, message["oa"]), _time(message["scts"]))
    body, length = _body(phone, message)
    if phone.csdh:
        fields += ',%d,%d,%d,%d,%s,145,%d' % (message["oa_toa"], first, message["pid"],
                                              message["dcs"], _number(phone, phone.smsc), length)
    return fields, body


def direct_lines(phone, kind, text):
    """+CMT or +CDS as lines."""
    message = pdu.decode(text, "to-te")
    if kind == "report":
        return ["+CDS: " + _report_fields(phone, text, message)]
    fields, body = _deliver_fields(phone, text, message)
    return ["+CMT: " + fields, body]


# --- stored -------------------------------------------------------------------------

def _submit_fields(phone, text):
    message = pdu.decode(text, "from-te")
    body, length = _body(phone, message)
    fields = "%s,," % _number(phone, message["da"])
    if phone.csdh:
        fields += ',%d,17,%d,%d,167,%s,145,%d' % (message["da_toa"], message["pid"], message["dcs"],
                                                 _number(phone, phone.smsc), length)
    return fields, body


def entry(phone, prefix, place):
    """A stored message as lines of +CMGR or +CMGL."""
    status, text = place
    head = '%s"%s",' % (prefix, STATUS[status])
    if status > 1:
        fields, body = _submit_fields(phone, text)
        return [head + fields, body]
    message = pdu.decode(text, "to-te")
    if message["type"] == "status-report":
        return [head + _report_fields(phone, text, message)]
    fields, body = _deliver_fields(phone, text, message)
    if prefix.startswith("+CMGL"):
        fields = "%s,,%s" % (_number(phone, message["oa"]), _time(message["scts"]))
    return [head + fields, body]


def wanted(value):
    """The statuses that AT+CMGL="..." asks for."""
    word = value.strip().strip('"').upper() or "REC UNREAD"
    if word == "ALL":
        return (0, 1, 2, 3)
    if word not in STATUS:
        raise CmsError(305)
    return (STATUS.index(word),)


# --- sending ------------------------------------------------------------------------

def csmp(phone, form, value):
    if form == "test":
        return None
    if form == "read":
        return ["+CSMP: " + ",".join(map(str, phone.csmp))]
    for i, word in enumerate(value.split(",")):
        if word.strip():
            phone.csmp[i] = int(word)
    return None


def csdh(phone, form, value):
    if form == "test":
        return ["+CSDH: (0,1)"]
    if form == "read":
        return ["+CSDH: %d" % phone.csdh]
    phone.csdh = int(value or 0)
    return None


def _message(phone, number, octets):
    """The SUBMIT for what was typed."""
    first, validity, pid, dcs = phone.csmp
    alphabet = pdu.read_dcs(dcs)[0]
    what = {"da": number, "dcs": dcs, "pid": pid, "srr": bool(first & 0x20), "alphabet": alphabet}
    if first & 0x18 == 0x10:
        what["vp"] = validity
    if alphabet == "gsm7" and not first & 0x40:
        what["text"] = _decoded(phone, octets)
    else:
        data = bytes.fromhex(octets.decode("ascii"))
        if first & 0x40:
            what["udh"] = data[1:data[0] + 1].hex()
            data = data[data[0] + 1:]
        if alphabet == "ucs2":
            what["text"] = data.decode("utf-16-be")
        elif alphabet == "8bit":
            what["data"] = data.hex()
        else:
            raise ValueError("a header before septets")
    parts = pdu.encode_submit(what)["parts"]
    if len(parts) != 1:
        raise ValueError("too long")
    return parts[0]["pdu"]


def cmgs(phone, value, submit):
    """AT+CMGS="number"[,toa]: prompts and calls submit(pdu)."""
    words = value.split(",")
    number = words[0].strip().strip('"')
    if phone.cscs == "UCS2":
        number = bytes.fromhex(number).decode("utf-16-be")
    if not number.lstrip("+").isdigit():
        raise CmsError(305)
    if words[1:] == ["145"] and not number.startswith("+"):
        number = "+" + number

    def typed(octets):
        if octets is None:
            phone.line.finish("OK")
            return
        try:
            text = _message(phone, number, octets)
        except (ValueError, IndexError) as error:
            phone.event("bad-text", text=octets.decode("latin-1"), error=str(error))
            phone.line.finish("+CMS ERROR: 305")
            return
        submit(text)
    phone.line.prompt(typed)
