# SPDX-License-Identifier: Apache-2.0
"""
air - what lies behind the other modem: a service centre that counts.

Every SUBMIT that reached it is an Entry, so that a message sent twice is two
entries. It answers with status reports as told by `policy`, and makes DELIVER
PDUs. The coder below is short and only knows what phones in a lab need: GSM
7-bit texts of ASCII characters, UCS2, 8-bit (3GPP TS 23.040 section 9.2, 23.038
sections 4 and 6). It shares nothing with the coders of the project.
"""
import threading
import time

POLICIES = ("normal", "never", "double", "before", "late", "buffered")
_IRREGULAR = {"@": 0, "$": 2, "_": 17, "\u00a3": 1, "\n": 10, "\r": 13}
_REGULAR = {value: key for key, value in _IRREGULAR.items()}


def septets(text):
    """GSM codes of a text of letters, digits and simple signs."""
    return [_IRREGULAR.get(char, ord(char)) for char in text]


def letters(codes):
    return "".join(_REGULAR.get(code, chr(code)) for code in codes)


def pack(codes, fill=0):
    """Septets in octets, the first one after `fill` bits."""
    number = 0
    for position, code in enumerate(codes):
        number |= code << (7 * position + fill)
    return number.to_bytes((7 * len(codes) + fill + 7) // 8, "little")


def unpack(octets, count, fill=0):
    number = int.from_bytes(octets, "little") >> fill
    return [number >> (7 * position) & 0x7F for position in range(count)]


def semi(digits):
    """Digits with swapped nibbles, F at the end."""
    digits = digits + "F" * (len(digits) % 2)
    return bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))


def unsemi(octets, count):
    digits = "".join("%X%X" % (octet & 15, octet >> 4) for octet in octets)
    return digits[:count]


def address(number):
    """TP-address: digits, +digits, or a name."""
    if number.strip("+0123456789"):
        packed = pack(septets(number))
        return bytes([(len(number) * 7 + 3) // 4, 0xD0]) + packed
    kind = 0x91 if number.startswith("+") else 0x81
    digits = number.lstrip("+")
    return bytes([len(digits), kind]) + semi(digits)


def stamp(when=None):
    """Service centre time stamp, UTC."""
    moment = time.gmtime(time.time() if when is None else when)
    return semi(time.strftime("%y%m%d%H%M%S", moment) + "00")


def user_data(text, header=b"", ucs2=False):
    """(DCS, UDL and UD) of a text with a header (its length octet included)."""
    if ucs2:
        body = header + text.encode("utf-16-be")
        return 8, bytes([len(body)]) + body
    taken = (len(header) * 8 + 6) // 7
    fill = taken * 7 - len(header) * 8
    count = taken + len(text)
    return 0, bytes([count]) + header + pack(septets(text), fill)


def concatenation(reference, total, number):
    return bytes([5, 0, 3, reference, total, number])


def deliver(sender, text, header=b"", ucs2=False, when=None, mclass=None):
    """SMS-DELIVER TPDU."""
    dcs, data = user_data(text, header, ucs2)
    if mclass is not None:
        dcs |= 0x10 | mclass
    first = 0x04 | (0x40 if header else 0)
    return bytes([first]) + address(sender) + bytes([0, dcs]) + stamp(when) + data


def status_report(reference, recipient, status):
    """SMS-STATUS-REPORT TPDU; `recipient` as octets of a TP-address."""
    return bytes([0x06, reference]) + recipient + stamp() + stamp() + bytes([status])


class Submit:
    """A SUBMIT TPDU, taken apart; ValueError when it is none."""

    def __init__(self, tpdu):
        try:
            self._read(tpdu)
        except IndexError:
            raise ValueError("cut") from None

    def _read(self, tpdu):
        first = tpdu[0]
        if first & 3 != 1:
            raise ValueError("no SUBMIT")
        self.report = bool(first & 0x20)
        digits = tpdu[2]
        size = (digits + 1) // 2
        self.address = tpdu[2:4 + size]
        if digits > 20 or len(self.address) != 2 + size:
            raise ValueError("address")
        self.to = unsemi(self.address[2:], digits)
        at = 4 + size
        self.pid, self.dcs = tpdu[at], tpdu[at + 1]
        at += 2 + {0: 0, 2: 1, 1: 7, 3: 7}[first >> 3 & 3]
        length, data = tpdu[at], tpdu[at + 1:]
        self.octets = data
        head = data[0] + 1 if first & 0x40 else 0
        self.header = data[:head]
        if self.dcs & 0xC == 0:
            if len(data) != (length * 7 + 7) // 8:
                raise ValueError("length")
            taken = (head * 8 + 6) // 7
            self.text = letters(unpack(data[head:], length - taken, taken * 7 - head * 8))
        else:
            if len(data) != length:
                raise ValueError("length")
            self.text = data[head:].decode("utf-16-be" if self.dcs & 0xC == 8 else "latin-1",
                                           "replace")


class Entry:
    """A message that the network took."""

    def __init__(self, submit, reference):
        self.to, self.text, self.header = submit.to, submit.text, submit.header
        self.report, self.reference, self.address = submit.report, reference, submit.address
        self.when = time.monotonic()


class Air:
    """The network of one SIM. Threads: any."""

    def __init__(self, policy="normal", delay=0.4):
        self.policy, self.delay = policy, delay
        self.lock = threading.Lock()
        self.entries, self.statuses = [], {}    # TP-ST by number, 0 for others

    def take(self, submit, reference):
        """Records a SUBMIT; what reports come: a list of (delay, TPDU)."""
        entry = Entry(submit, reference)
        with self.lock:
            self.entries.append(entry)
        if not submit.report or self.policy == "never":
            return []
        final = status_report(reference, submit.address, self.statuses.get(submit.to, 0))
        if self.policy == "double":
            return [(self.delay, final), (self.delay + 0.3, final)]
        if self.policy == "before":
            return [(0, final)]
        if self.policy == "buffered":
            return [(self.delay, status_report(reference, submit.address, 0x30)),
                    (self.delay + 1, final)]
        return [(8 if self.policy == "late" else self.delay, final)]

    def texts(self):
        with self.lock:
            return [entry.text for entry in self.entries]

    def since(self, moment):
        """Seconds from that moment to the first entry after it; None without one."""
        with self.lock:
            return next((e.when - moment for e in self.entries if e.when >= moment), None)
