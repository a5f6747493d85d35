# SPDX-License-Identifier: Apache-2.0
"""
ussd - AT+CUSD (3GPP TS 27.007, 7.15): codes and menus of the network, in the form
that the phone's family speaks: plain, packed septets in hex, or UCS2 in hex.

phone.ussd maps a path to what the network says: "*100#" for a code, "*123#>1" for
the answer 1 to what *123# asked. A value is (m, text); m 1 asks for an answer.
"""
from .errors import CmeError, Failure

GSM = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
       "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")


def pack(text):
    """Septets, with a CR where seven bits would be left over."""
    septets = [GSM.index(c) for c in text]
    if len(septets) % 8 == 7:
        septets.append(13)
    bits = sum(s << (7 * i) for i, s in enumerate(septets))
    return bits.to_bytes((len(septets) * 7 + 7) // 8, "little")


def unpack(data):
    bits = int.from_bytes(data, "little")
    text = "".join(GSM[bits >> (7 * i) & 127] for i in range(len(data) * 8 // 7))
    return text[:-1] if len(text) % 8 == 0 and text[-1:] == "\r" else text


def _decode(form, text):
    if form == "packed":
        return unpack(bytes.fromhex(text))
    if form == "ucs2":
        return bytes.fromhex(text).decode("utf-16-be")
    return text


def _encode(form, text):
    if form == "packed":
        return pack(text).hex().upper(), 15
    if form == "ucs2":
        return text.encode("utf-16-be").hex().upper(), 72
    return text, 15


def start(phone):
    """The phone's part of it, at the beginning and after a restart."""
    phone.ussd_path = None


def command(phone, form, value):
    if form == "test":
        return ["+CUSD: (0-2)"]
    if form == "read":
        return ["+CUSD: 0"]
    words = value.split(",")
    if words[0] == "2":
        phone.event("ussd-cancel")
        start(phone)
        return None
    if len(words) < 2:
        return None
    if not phone.registered():
        raise CmeError(30)
    try:
        text = _decode(phone.ussd_form, words[1].strip().strip('"'))
    except (ValueError, IndexError):
        raise Failure("ERROR") from None
    path = text if phone.ussd_path is None else phone.ussd_path + ">" + text
    phone.event("ussd", text=text, path=path)
    if phone.ussd_silent:
        return None
    what, answer = phone.ussd.get(path, (4, None))
    phone.ussd_path = path if what == 1 else None
    line = "+CUSD: %d" % what
    if answer is not None:
        line += ',"%s",%d' % _encode(phone.ussd_form, answer)
    phone.later(0.05, lambda: phone.line.unsolicited(*line.split("\n")))
    return None
