# SPDX-License-Identifier: Apache-2.0
"""
pdu - short message TPDUs for the tests: the second opinion.

Decodes and encodes what a phone and a service centre exchange (3GPP TS 23.040
section 9, 23.038), written from the specification and sharing nothing with the
C code, so that a mistake has to be made twice to go unseen. The alphabets are
data: test/data/vectors/gsm-alphabets.json.

decode() gives a dictionary with the field names of test/data/vectors/README.md;
encode_submit() takes the "input" of that file. encode_deliver() and
encode_report() make what the network sends. A PDU that cannot be read raises
PduError.
"""
import datetime
import json
import os

_DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "vectors",
                     "gsm-alphabets.json")
ESCAPE = 0x1B
DIGITS = "0123456789*#abc"
MWI_TYPES = ("voicemail", "fax", "email", "other")


class PduError(ValueError):
    """The octets are no PDU of the expected kind."""


# --- alphabets (23.038 section 6.2.1) ---------------------------------------

class Alphabet:
    """One locking table with one single shift table, both ways."""

    _cache = {}
    _tables = None

    def __init__(self, lock, shift):
        tables = self._load()
        self.lock = tables["locking"].get(str(lock)) or tables["locking"]["0"]
        self.shift = tables["single_shift"].get(str(shift)) or tables["single_shift"]["0"]
        self.encode = {}
        for septet, char in enumerate(self.shift):
            if char is not None:
                self.encode[char] = (ESCAPE, septet)
        for septet, char in enumerate(self.lock):
            if char is not None and septet != ESCAPE:
                self.encode[char] = (septet,)

    @classmethod
    def _load(cls):
        if cls._tables is None:
            with open(_DATA, encoding="utf-8") as f:
                cls._tables = json.load(f)
        return cls._tables

    @classmethod
    def get(cls, lock=None, shift=None):
        key = (lock or 0, shift or 0)
        if key not in cls._cache:
            cls._cache[key] = cls(*key)
        return cls._cache[key]

    def text(self, septets):
        """Septets to text; an escape that leads nowhere shows the main table."""
        out, i = [], 0
        while i < len(septets):
            s = septets[i]
            i += 1
            if s != ESCAPE:
                out.append(self.lock[s] or " ")
                continue
            if i == len(septets) or septets[i] == ESCAPE:
                out.append(" ")
            else:
                out.append(self.shift[septets[i]] or self.lock[septets[i]] or " ")
            i += 1
        return "".join(out)

    def units(self, text):
        """Each character as a tuple of septets, None if one does not fit."""
        try:
            return [self.encode[c] for c in text]
        except KeyError:
            return None


def pack(septets, fill=0):
    """Septets to octets, little end first, behind `fill` zero bits."""
    value = 0
    for i, s in enumerate(septets):
        value |= s << (7 * i + fill)
    return value.to_bytes((len(septets) * 7 + fill + 7) // 8, "little")


def unpack(octets, count, fill=0):
    value = int.from_bytes(octets, "little") >> fill
    return [(value >> (7 * i)) & 0x7F for i in range(count)]


# --- reading ----------------------------------------------------------------

class _Reader:
    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def take(self, count):
        if self.at + count > len(self.octets):
            raise PduError("ends after %d octets, %d more wanted"
                           % (len(self.octets), self.at + count - len(self.octets)))
        part = self.octets[self.at:self.at + count]
        self.at += count
        return part

    def octet(self):
        return self.take(1)[0]

    def left(self):
        return len(self.octets) - self.at


def _bcd(octets, count):
    digits = []
    for octet in octets:
        digits += [octet & 15, octet >> 4]
    return "".join(DIGITS[d] for d in digits[:count] if d != 15)


def _number(toa, digits):
    return ("+" if (toa >> 4) & 7 == 1 else "") + digits


def _read_address(reader):
    length, toa = reader.octet(), reader.octet()
    if length > 20:
        raise PduError("address of %d digits" % length)
    octets = reader.take((length + 1) // 2)
    if (toa >> 4) & 7 == 5:
        return Alphabet.get().text(unpack(octets, length * 4 // 7)), toa
    return _number(toa, _bcd(octets, length)), toa


def _swapped(octet):
    return (octet & 15) * 10 + (octet >> 4)


def _read_time(reader):
    """ISO 8601 with the zone of the PDU; None when it is no date."""
    octets = reader.take(7)
    year, month, day, hour, minute, second = (_swapped(o) for o in octets[:6])
    quarters = _swapped(octets[6] & 0xF7) * (-1 if octets[6] & 8 else 1)
    try:
        zone = datetime.timezone(datetime.timedelta(minutes=15 * quarters))
        return datetime.datetime(year + (1900 if year >= 90 else 2000), month, day, hour, minute,
                                 second, tzinfo=zone).isoformat()
    except ValueError:
        return None


def read_dcs(dcs):
    """alphabet, class and message waiting indication of a data coding scheme."""
    high = dcs >> 4
    gsm_8bit_ucs2 = ("gsm7", "8bit", "ucs2", "gsm7")
    if high < 8:
        return gsm_8bit_ucs2[(dcs >> 2) & 3], dcs & 3 if dcs & 0x10 else None, None
    if high < 12:
        return "gsm7", None, None
    if high < 15:
        mwi = {"store": high != 12, "active": bool(dcs & 8), "type": MWI_TYPES[dcs & 3]}
        return ("ucs2" if high == 14 else "gsm7"), None, mwi
    return ("8bit" if dcs & 4 else "gsm7"), dcs & 3, None


def _read_elements(udh, out):
    at = 0
    while at < len(udh):
        if at + 2 > len(udh) or at + 2 + udh[at + 1] > len(udh):
            raise PduError("header element runs past the header")
        iei, value = udh[at], udh[at + 2:at + 2 + udh[at + 1]]
        at += 2 + len(value)
        if iei in (0x00, 0x08) and len(value) == (3 if iei == 0 else 4):
            ref, total, seq = int.from_bytes(value[:-2], "big"), value[-2], value[-1]
            if 1 <= seq <= total:
                out["concat"] = {"ref": ref, "total": total, "seq": seq,
                                 "bits": 8 if iei == 0 else 16}
        elif iei in (0x04, 0x05) and len(value) == (2 if iei == 4 else 4):
            half = len(value) // 2
            out["ports"] = {"dst": int.from_bytes(value[:half], "big"),
                            "src": int.from_bytes(value[half:], "big"), "bits": 8 * half}
        elif iei == 0x01 and len(value) == 2:
            out.setdefault("mwi", []).append({"type": value[0] & 0x7F, "store": value[0] > 0x7F,
                                              "count": value[1]})
        elif iei in (0x24, 0x25) and len(value) == 1:
            out["shift" if iei == 0x24 else "lock"] = value[0]


def _read_user_data(reader, udhi, out):
    out["udl"] = udl = reader.octet()
    septets = out["alphabet"] == "gsm7"
    octets = reader.take((udl * 7 + 7) // 8 if septets else udl)
    header = 0
    if udhi:
        if not octets or octets[0] + 1 > len(octets):
            raise PduError("header longer than the data")
        header = octets[0] + 1
        out["udh"] = octets[1:header].hex().upper()
        _read_elements(octets[1:header], out)
    if septets:
        used = (header * 8 + 6) // 7
        if used > udl:
            raise PduError("header longer than the data")
        alphabet = Alphabet.get(out.get("lock"), out.get("shift"))
        out["text"] = alphabet.text(unpack(octets, udl)[used:])
    elif out["alphabet"] == "ucs2":
        data = octets[header:]
        out["text"] = data[:len(data) & ~1].decode("utf-16-be", "replace")
    else:
        out["data"] = octets[header:].hex().upper()


def _read_coding(reader, out):
    out["pid"], out["dcs"] = reader.octet(), reader.octet()
    out["alphabet"], out["class"], mwi = read_dcs(out["dcs"])
    if mwi is not None:
        out["mwi"] = mwi


def _read_deliver(reader, first, out):
    out.update(type="deliver", mms=not first & 4, sri=bool(first & 0x20), rp=bool(first & 0x80))
    out["oa"], out["oa_toa"] = _read_address(reader)
    _read_coding(reader, out)
    out["scts"] = _read_time(reader)
    _read_user_data(reader, out["udhi"], out)


def relative_minutes(code):
    """TP-VP, relative form, in minutes (23.040 section 9.2.3.12.1)."""
    if code <= 143:
        return (code + 1) * 5
    if code <= 167:
        return 720 + (code - 143) * 30
    if code <= 196:
        return (code - 166) * 1440
    return (code - 192) * 10080


def _read_submit(reader, first, out):
    out.update(type="submit", rd=bool(first & 4), srr=bool(first & 0x20), rp=bool(first & 0x80))
    out["mr"] = reader.octet()
    out["da"], out["da_toa"] = _read_address(reader)
    _read_coding(reader, out)
    form = (first >> 3) & 3
    if form == 2:
        code = reader.octet()
        out["vp"] = {"kind": "relative", "code": code, "minutes": relative_minutes(code)}
    elif form == 3:
        out["vp"] = {"kind": "absolute", "time": _read_time(reader)}
    elif form == 1:
        out["vp"] = {"kind": "enhanced", "raw": reader.take(7).hex().upper()}
    _read_user_data(reader, out["udhi"], out)


def report_result(status):
    """TP-ST as the sender sees it: delivered, buffered or failed."""
    if status <= 0x02 or 0x10 <= status <= 0x1F:
        return "delivered"
    if 0x20 <= status <= 0x25 or 0x30 <= status <= 0x3F:
        return "buffered"
    return "failed"


def _read_report(reader, first, out):
    out.update(type="status-report", mms=not first & 4, srq=bool(first & 0x20))
    out["mr"] = reader.octet()
    out["ra"], out["ra_toa"] = _read_address(reader)
    out["scts"], out["dt"] = _read_time(reader), _read_time(reader)
    out["st"] = reader.octet()
    out["dlr"] = report_result(out["st"])
    if reader.left():
        out["pi"] = reader.octet()


def decode(text, direction="from-te", smsc_field=True):
    """
    A PDU in hex as it passes over AT. direction: "to-te" (DELIVER,
    STATUS-REPORT) or "from-te" (SUBMIT).
    """
    try:
        reader = _Reader(bytes.fromhex(text))
    except ValueError:
        raise PduError("not hexadecimal") from None
    out = {"smsc": None}
    if smsc_field:
        length = reader.octet()
        if length:
            field = reader.take(length)
            out["smsc_toa"] = field[0]
            out["smsc"] = _number(field[0], _bcd(field[1:], 99))
    out["tpdu_len"] = reader.left()
    first = reader.octet()
    kind = first & 3
    out["udhi"] = bool(first & 0x40)
    if direction == "to-te" and kind == 0:
        _read_deliver(reader, first, out)
    elif direction == "to-te" and kind == 2:
        _read_report(reader, first, out)
    elif direction == "from-te" and kind == 1:
        _read_submit(reader, first, out)
    else:
        raise PduError("message type %d does not go this way" % kind)
    return out


# --- writing ----------------------------------------------------------------

def _semi_octets(digits):
    values = [DIGITS.index(d) for d in digits]
    if len(values) % 2:
        values.append(15)
    return bytes(low | high << 4 for low, high in zip(values[::2], values[1::2]))


def _address(number, toa=None):
    """TP-address: digits, "+" digits, or anything else as alphanumeric."""
    digits = number.lstrip("+")
    if toa is None:
        if not number or all(c in DIGITS for c in digits):
            toa = 0x91 if number.startswith("+") else 0x81
        else:
            toa = 0xD0
    if (toa >> 4) & 7 == 5:
        units = Alphabet.get().units(number)
        if units is None:
            raise PduError("sender %r does not fit the alphabet" % number)
        septets = [s for unit in units for s in unit]
        if len(septets) > 11:
            raise PduError("sender %r is longer than 11 characters" % number)
        return bytes([(len(septets) * 7 + 3) // 4, toa]) + pack(septets)
    if len(digits) > 20:
        raise PduError("number of %d digits" % len(digits))
    return bytes([len(digits), toa]) + _semi_octets(digits)


def smsc_field(number):
    if not number:
        return b"\0"
    octets = bytes([0x91 if number.startswith("+") else 0x81]) + _semi_octets(number.lstrip("+"))
    return bytes([len(octets)]) + octets


def _time(when):
    """A datetime with zone, or ISO text, as seven octets."""
    if isinstance(when, str):
        when = datetime.datetime.fromisoformat(when)
    if when.tzinfo is None:
        when = when.astimezone()
    quarters = int(when.utcoffset().total_seconds() // 60) // 15
    if when.utcoffset().total_seconds() < 0:
        quarters = -int(-when.utcoffset().total_seconds() // 900)
    values = [when.year % 100, when.month, when.day, when.hour, when.minute, when.second,
              abs(quarters)]
    octets = bytearray(v // 10 | (v % 10) << 4 for v in values)
    if quarters < 0:
        octets[6] |= 8
    return bytes(octets)


def relative_code(minutes):
    """The smallest relative validity not shorter than `minutes`."""
    for code in range(256):
        if relative_minutes(code) >= minutes:
            return code
    return 255


def _choose(text, wanted, lock, shift):
    """(alphabet, units): a unit is a character that must not be cut."""
    units = Alphabet.get(lock, shift).units(text) if wanted != "ucs2" else None
    if units is not None:
        return "gsm7", units
    if wanted == "gsm7":
        raise PduError("text does not fit the 7-bit alphabet")
    return "ucs2", [c.encode("utf-16-be") for c in text]


def _fill(units, room):
    """Greedy cut into lists of units, none longer than room."""
    parts, used = [[]], 0
    for unit in units:
        if used + len(unit) > room:
            parts.append([])
            used = 0
        parts[-1].append(unit)
        used += len(unit)
    return parts


def split(what):
    """
    (alphabet, [(header elements, payload)]): text or data cut into parts with
    all header elements; payload is septets for gsm7, octets otherwise.
    """
    further = bytes.fromhex(what.get("udh", ""))
    for iei, key in ((0x24, "shift"), (0x25, "lock")):
        if what.get(key):
            further += bytes([iei, 1, what[key]])
    if "data" in what:
        alphabet, units = "8bit", [bytes([o]) for o in bytes.fromhex(what["data"])]
    else:
        alphabet, units = _choose(what.get("text", ""), what.get("alphabet", "auto"),
                                  what.get("lock"), what.get("shift"))
    join = (lambda part: [s for unit in part for s in unit]) if alphabet == "gsm7" else b"".join

    def room(header):
        octets = 140 - (header + 1 if header else 0)
        return octets * 8 // 7 if alphabet == "gsm7" else octets

    if sum(len(u) for u in units) <= room(len(further)):
        return alphabet, [(further, join(units))]
    wide = what.get("ref_bits", 8) == 16
    ref = what.get("ref", 0)
    parts = _fill(units, room(len(further) + (6 if wide else 5)))
    if len(parts) > 255:
        raise PduError("more than 255 parts")
    out = []
    for i, part in enumerate(parts):
        concat = (bytes([8, 4]) + ref.to_bytes(2, "big") if wide else bytes([0, 3, ref]))
        out.append((concat + bytes([len(parts), i + 1]) + further, join(part)))
    return alphabet, out


def _user_data(alphabet, header, payload):
    """UDL and UD."""
    udh = bytes([len(header)]) + header if header else b""
    if alphabet != "gsm7":
        return bytes([len(udh) + len(payload)]) + udh + bytes(payload)
    used = (len(udh) * 8 + 6) // 7
    return bytes([used + len(payload)]) + udh + pack(payload, used * 7 - len(udh) * 8)


def _dcs(what, alphabet):
    if "dcs" in what:
        return what["dcs"]
    base = {"gsm7": 0, "8bit": 4, "ucs2": 8}[alphabet]
    return base | 0x10 | what["class"] if what.get("class") is not None else base


def encode_submit(what):
    """{"alphabet", "parts": [{"pdu", "tpdu_len"}]} for an "input" of the vectors."""
    alphabet, parts = split(what)
    if "vp_absolute" in what:
        form, vp = 3, _time(what["vp_absolute"])
    elif "vp" in what or "validity_minutes" in what:
        form, vp = 2, bytes([what["vp"] if "vp" in what else
                             relative_code(what["validity_minutes"])])
    else:
        form, vp = 0, b""
    first = 1 | form << 3 | 4 * bool(what.get("rd")) | 0x20 * bool(what.get("srr")) \
        | 0x80 * bool(what.get("rp"))
    out = []
    for header, payload in parts:
        tpdu = (bytes([first | (0x40 if header else 0), what.get("mr", 0)])
                + _address(what["da"], what.get("da_toa"))
                + bytes([what.get("pid", 0), _dcs(what, alphabet)]) + vp
                + _user_data(alphabet, header, payload))
        out.append({"pdu": (smsc_field(what.get("smsc")) + tpdu).hex().upper(),
                    "tpdu_len": len(tpdu)})
    return {"alphabet": alphabet, "parts": out}


def encode_deliver(what):
    """
    The PDUs a phone receives: "from", "text" or "data", and as for a SUBMIT
    alphabet, udh, class, dcs, pid, ref, lock, shift; "smsc", "scts". A list of
    hex strings, one a part.
    """
    alphabet, parts = split(what)
    when = what.get("scts") or datetime.datetime.now().astimezone()
    out = []
    for header, payload in parts:
        tpdu = (bytes([4 | 0x20 * bool(what.get("sri")) | (0x40 if header else 0)])
                + _address(what["from"], what.get("from_toa"))
                + bytes([what.get("pid", 0), _dcs(what, alphabet)]) + _time(when)
                + _user_data(alphabet, header, payload))
        out.append((smsc_field(what.get("smsc")) + tpdu).hex().upper())
    return out


def encode_report(mr, recipient, status, scts=None, dt=None, smsc=None, toa=None):
    """A STATUS-REPORT as hex."""
    now = datetime.datetime.now().astimezone()
    tpdu = (bytes([6, mr]) + _address(recipient, toa) + _time(scts or now) + _time(dt or now)
            + bytes([status]))
    return (smsc_field(smsc) + tpdu).hex().upper()


def tpdu_length(text):
    """The number that AT+CMGS and +CMT carry: octets without the SMSC field."""
    return len(text) // 2 - 1 - int(text[:2], 16)
