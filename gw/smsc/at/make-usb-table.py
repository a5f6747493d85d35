#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
make-usb-table - writes usb_table.def from test/data/usb-modems.tsv.

    gw/smsc/at/make-usb-table.py < test/data/usb-modems.tsv > gw/smsc/at/usb_table.def

Columns of the input: id as storage, ids as modem ("12d1:1001,1404" or
"12d1:class ff"), name. A test compares the file with what this writes.
"""
import re
import sys

HEAD = """/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB ids that show a storage face first, by make-usb-table.py from
 * test/data/usb-modems.tsv: do not edit.
 *
 * STORAGE(vendor, product, "what it becomes", "name")
 * MODEM(vendor, product, "name")
 */
"""


def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def main():
    storage, modems = [], {}
    for line in sys.stdin.read().splitlines()[1:]:
        face, becomes, name = line.split("\t")
        vendor, product = face.split(":")
        storage.append("STORAGE(0x%s, 0x%s, %s, %s)" % (vendor, product, quoted(becomes),
                                                        quoted(name)))
        found = re.fullmatch(r"([0-9a-f]{4}):([0-9a-f]{4}(?:,[0-9a-f]{4})*)", becomes)
        if found:
            for one in found.group(2).split(","):
                modems.setdefault((found.group(1), one), name)
    out = ["MODEM(0x%s, 0x%s, %s)" % (v, p, quoted(n)) for (v, p), n in modems.items()]
    sys.stdout.write(HEAD + "\n".join(storage + out) + "\n")


if __name__ == "__main__":
    main()
