#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes gsm7_table.c, gsm7_places.c and grapheme_table.c.

    gw/sms/make-tables.py            writes them beside this script
    gw/sms/make-tables.py --check    exit 1 when the gsm7 files are not up to date

The alphabets come from test/data/vectors/gsm-alphabets.json, the grapheme
properties from Python's unicodedata and the emoji blocks below. The results are
committed: a build needs no Python.
"""
import json
import os
import sys
import unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))
ALPHABETS = os.path.join(HERE, "..", "..", "test", "data", "vectors", "gsm-alphabets.json")
LANGUAGES = 14
NONE = 0xFF

HEAD = """/* SPDX-License-Identifier: Apache-2.0 */
/*
 * {what}
 * Made by gw/sms/make-tables.py; not to be edited.
 */
/* clang-format off */
"""


KINDS = (("locking", "locking"), ("single_shift", "shift"))


def tables(data, kind):
    for n in range(LANGUAGES):
        if data[kind].get(str(n)) is not None:
            yield n, data[kind][str(n)]


def rows(values, form, per_line):
    lines = []
    for i in range(0, len(values), per_line):
        lines.append("    " + " ".join(form(v) + "," for v in values[i:i + per_line]))
    return "\n".join(lines)


def hex4(v):
    return "0x%04X" % v


def reverse(table):
    """(code point, septet), the lowest septet where a character is there twice."""
    places = {}
    for septet, c in enumerate(table):
        if c is not None:
            places.setdefault(ord(c), septet)
    return sorted(places.items())


def default_reverse(main, shift, size):
    out = [NONE] * size
    for cp, septet in reverse(shift):
        if cp < size:
            out[cp] = 0x80 | septet
    for cp, septet in reverse(main):
        if cp < size:
            out[cp] = septet
    return out


def gsm7_forward(data):
    out = [HEAD.format(what="gsm7_table - the alphabets of 3GPP TS 23.038: characters of septets.")]
    out.append('#include "gw/sms/gsm7_table.h"\n')
    for kind, name in KINDS:
        out.append("const uint16_t gsm7_table_%s[GSM7_LANGUAGES][128] = {" % name)
        for n, table in tables(data, kind):
            out.append("    [%d] = { /* %s */" % (n, data["languages"][str(n)]))
            out.append(rows([ord(c) if c else 0 for c in table], hex4, 12))
            out.append("    },")
        out.append("};\n")
    out.append("const char *const gsm7_table_names[GSM7_LANGUAGES] = {")
    out.append(rows([data["languages"][str(n)] for n in range(LANGUAGES)],
                    lambda s: '"%s"' % s, 7))
    out.append("};")
    return "\n".join(out) + "\n"


def gsm7_reverse(data):
    out = [HEAD.format(what="gsm7_places - the alphabets of 3GPP TS 23.038: places of characters.")]
    out.append('#include "gw/sms/gsm7_table.h"\n')
    for kind, name in KINDS:
        for n, table in tables(data, kind):
            out.append("static const struct gsm7_place %s_places_%d[] = {" % (name, n))
            out.append(rows(reverse(table), lambda p: "{0x%04X, 0x%02X}" % p, 6))
            out.append("};")
        out.append("\nconst struct gsm7_reverse gsm7_table_%s_reverse[GSM7_LANGUAGES] = {" % name)
        for n, table in tables(data, kind):
            out.append("    [%d] = {%s_places_%d, %d}," % (n, name, n, len(reverse(table))))
        out.append("};\n")
    main, shift = data["locking"]["0"], data["single_shift"]["0"]
    size = max(ord(c) for c in main if c) + 1
    assert size == 0x3AA, "GSM7_DIRECT in gsm7_table.h must be %d" % size
    out.append("const uint8_t gsm7_table_direct[GSM7_DIRECT] = {")
    out.append(rows(default_reverse(main, shift, size), lambda v: "0x%02X" % v, 16))
    out.append("};")
    return "\n".join(out) + "\n"


# Extended_Pictographic, by the blocks that hold it (UTS 51), without the
# regional indicators and the skin tones.
PICTOGRAPHS = [
    (0xA9, 0xA9), (0xAE, 0xAE), (0x203C, 0x203C), (0x2049, 0x2049), (0x2122, 0x2122),
    (0x2139, 0x2139), (0x2194, 0x2199), (0x21A9, 0x21AA), (0x231A, 0x231B), (0x2328, 0x2328),
    (0x2388, 0x2388), (0x23CF, 0x23CF), (0x23E9, 0x23F3), (0x23F8, 0x23FA), (0x24C2, 0x24C2),
    (0x25AA, 0x25AB), (0x25B6, 0x25B6), (0x25C0, 0x25C0), (0x25FB, 0x25FE), (0x2600, 0x2605),
    (0x2607, 0x2612), (0x2614, 0x2685), (0x2690, 0x2705), (0x2708, 0x2712), (0x2714, 0x2714),
    (0x2716, 0x2716), (0x271D, 0x271D), (0x2721, 0x2721), (0x2728, 0x2728), (0x2733, 0x2734),
    (0x2744, 0x2744), (0x2747, 0x2747), (0x274C, 0x274C), (0x274E, 0x274E), (0x2753, 0x2755),
    (0x2757, 0x2757), (0x2763, 0x2767), (0x2795, 0x2797), (0x27A1, 0x27A1), (0x27B0, 0x27B0),
    (0x27BF, 0x27BF), (0x2934, 0x2935), (0x2B05, 0x2B07), (0x2B1B, 0x2B1C), (0x2B50, 0x2B50),
    (0x2B55, 0x2B55), (0x3030, 0x3030), (0x303D, 0x303D), (0x3297, 0x3297), (0x3299, 0x3299),
    (0x1F000, 0x1F0FF), (0x1F10D, 0x1F10F), (0x1F12F, 0x1F12F), (0x1F16C, 0x1F171),
    (0x1F17E, 0x1F17F), (0x1F18E, 0x1F18E), (0x1F191, 0x1F19A), (0x1F1AD, 0x1F1E5),
    (0x1F201, 0x1F20F), (0x1F21A, 0x1F21A), (0x1F22F, 0x1F22F), (0x1F232, 0x1F23A),
    (0x1F23C, 0x1F23F), (0x1F249, 0x1F3FA), (0x1F400, 0x1F53D), (0x1F546, 0x1F64F),
    (0x1F680, 0x1F6FF), (0x1F774, 0x1F77F), (0x1F7D5, 0x1F7FF), (0x1F80C, 0x1F80F),
    (0x1F848, 0x1F84F), (0x1F85A, 0x1F85F), (0x1F888, 0x1F88F), (0x1F8AE, 0x1F8FF),
    (0x1F90C, 0x1F93A), (0x1F93C, 0x1F945), (0x1F947, 0x1FAFF), (0x1FC00, 0x1FFFD),
]
# Prepended concatenation marks and the like (Grapheme_Cluster_Break=Prepend).
PREPEND = [(0x600, 0x605), (0x6DD, 0x6DD), (0x70F, 0x70F), (0x890, 0x891), (0x8E2, 0x8E2),
           (0xD4E, 0xD4E), (0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x111C2, 0x111C3)]
# Spacing marks that Unicode counts as Extend.
EXTEND = [0x200C, 0x9BE, 0x9D7, 0xB3E, 0xB57, 0xBBE, 0xBD7, 0xCC2, 0xCD5, 0xCD6, 0xD3E, 0xD57,
          0xDCF, 0xDDF, 0x302E, 0x302F, 0xFF9E, 0xFF9F]
# Mc that are not SpacingMark.
NOT_SPACING = [0x102B, 0x102C, 0x1038, 0x1062, 0x1063, 0x1064, 0x1067, 0x1068, 0x1069, 0x106A,
               0x106B, 0x106C, 0x106D, 0x1083, 0x1087, 0x1088, 0x1089, 0x108A, 0x108B, 0x108C,
               0x108F, 0x109A, 0x109B, 0x109C, 0x1A61, 0x1A63, 0x1A64, 0xAA7B, 0xAA7D]


def within(cp, ranges):
    return any(a <= cp <= b for a, b in ranges)


def grapheme_property(cp):
    if cp == 0x0D:
        return "CR"
    if cp == 0x0A:
        return "LF"
    if cp == 0x200D:
        return "ZWJ"
    if 0x1F1E6 <= cp <= 0x1F1FF:
        return "FLAG"
    if 0x1F3FB <= cp <= 0x1F3FF or 0xE0020 <= cp <= 0xE007F or cp in EXTEND:
        return "EXTEND"
    if within(cp, PREPEND):
        return "PREPEND"
    if within(cp, PICTOGRAPHS):
        return "PICTOGRAPH"
    if 0x1100 <= cp <= 0x115F or 0xA960 <= cp <= 0xA97C:
        return "HANGUL_L"
    if 0x1160 <= cp <= 0x11A7 or 0xD7B0 <= cp <= 0xD7C6:
        return "HANGUL_V"
    if 0x11A8 <= cp <= 0x11FF or 0xD7CB <= cp <= 0xD7FB:
        return "HANGUL_T"
    if 0xAC00 <= cp <= 0xD7A3:
        return "HANGUL_LV_OR_LVT"
    category = unicodedata.category(chr(cp))
    if category in ("Mn", "Me"):
        return "EXTEND"
    if (category == "Mc" and cp not in NOT_SPACING) or cp in (0xE33, 0xEB3):
        return "SPACING"
    if category in ("Cc", "Zl", "Zp") or (category == "Cf" and cp not in (0x200C,)):
        return "CONTROL"
    return None


def grapheme():
    runs = []
    for cp in range(0x110000):
        if 0xD800 <= cp <= 0xDFFF:
            continue
        p = grapheme_property(cp)
        if p is None:
            continue
        if runs and runs[-1][2] == p and runs[-1][1] == cp - 1:
            runs[-1][1] = cp
        else:
            runs.append([cp, cp, p])
    out = [HEAD.format(what="grapheme_table - grapheme cluster properties, Unicode %s."
                       % unicodedata.unidata_version)]
    out.append('#include "gw/sms/grapheme_table.h"\n')
    out.append("const struct grapheme_range grapheme_table[] = {")
    out.append(rows(runs, lambda r: "{0x%05X, 0x%05X, GRAPHEME_%s}" % tuple(r), 2))
    out.append("};")
    out.append("const size_t grapheme_table_count = %d;" % len(runs))
    return "\n".join(out) + "\n"


def main():
    with open(ALPHABETS, encoding="utf-8") as f:
        data = json.load(f)
    made = {"gsm7_table.c": gsm7_forward(data), "gsm7_places.c": gsm7_reverse(data)}
    if "--check" in sys.argv[1:]:
        for name, text in made.items():
            with open(os.path.join(HERE, name), encoding="utf-8") as f:
                if f.read() != text:
                    print("%s is not what make-tables.py makes" % name)
                    return 1
        return 0
    made["grapheme_table.c"] = grapheme()
    for name, text in made.items():
        with open(os.path.join(HERE, name), "w", encoding="utf-8") as f:
            f.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
